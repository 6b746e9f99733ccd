"""Configuration files in TOML, as read by `run --config`."""

from __future__ import annotations

import reprlib
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from optbench.core.errors import UsageError, nearest
from optbench.core.plans import Track

PRESETS = "presets"


class Config(BaseModel):
    """The keys of a configuration file: all are optional, and each means what the option of the same name does."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    optimizers: list[str] | None = None
    architectures: list[str] | None = None
    embedders: list[str] | None = None
    losses: list[str] | None = None
    datasets: list[str] | None = None
    suite: str | None = None
    expression: str | None = None
    seeds: list[int] | str | None = None
    epochs: int | None = Field(None, ge=1)
    batch_size: int | None = Field(None, ge=1)
    dtype: Literal["float32", "float64"] | None = None
    timeout: float | None = Field(None, gt=0)
    track: Track | None = None
    budget: int | None = Field(None, ge=0)
    study: int | None = Field(None, ge=0)


def read(name: str) -> Config:
    """Return the configuration in a file or, where there is no such file, in the preset of that name.

    Raises:
        UsageError: there is neither, or the file breaks a rule; the message names file and key.
    """
    try:
        return Config.model_validate(tomllib.loads(_find(name)))
    except OSError as error:
        raise UsageError(f"{name[:200]} cannot be read: {error.strerror}") from error
    except RecursionError:
        raise UsageError(f"{name} is nested too deeply") from None
    except ValidationError as error:
        raise UsageError(_explain(name, error)) from error
    except ValueError as error:  # not UTF-8, not TOML, or an integer of more digits than Python parses
        raise UsageError(f"{name} cannot be read as TOML: {error}") from error


def presets() -> list[str]:
    """Return the names of the presets, sorted."""
    return sorted(entry.name for entry in (files("optbench") / PRESETS).iterdir() if entry.name.endswith(".toml"))


def _find(name: str) -> str:
    path = Path(name)
    if path.is_file():
        return path.read_text(encoding="utf-8")
    short = path.name if path.suffix == ".toml" else f"{path.name}.toml"
    if short in presets() and name in (short, short.removesuffix(".toml"), f"{PRESETS}/{short}"):
        return (files("optbench") / PRESETS / short).read_text(encoding="utf-8")
    raise UsageError(
        f"there is no file {name!r} and no such preset{nearest(short, presets())}; presets: {', '.join(presets())}"
    )


def _explain(name: str, error: ValidationError) -> str:
    first = error.errors()[0]
    key = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        return f"{name}: unknown key {key!r}{nearest(key, Config.model_fields)} (known: {', '.join(Config.model_fields)})"
    return f"{name}: {key} = {reprlib.repr(first['input'])}: {first['msg']}"
