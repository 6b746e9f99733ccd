"""Experiments written down in TOML: what `run --config` reads."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from optbench.core.errors import UsageError, nearest

PRESETS = "presets"


class Config(BaseModel):
    """An experiment: every key is optional and means what the option of the same name means."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    optimizers: list[str] | None = None
    architectures: list[str] | None = None
    embedders: list[str] | None = None
    datasets: list[str] | None = None
    expression: str | None = None
    seeds: list[int] | str | None = None
    epochs: int | None = Field(None, ge=1)
    batch_size: int | None = Field(None, ge=1)
    dtype: Literal["float32", "float64"] | None = None
    timeout: float | None = Field(None, gt=0)


def read(name: str) -> Config:
    """Read a configuration from a file, or, where there is none of that name, from the presets that come with optbench.

    Raises:
        UsageError: there is neither, or the file breaks a rule; the message names file and key.
    """
    try:
        text = _find(name)
        return Config.model_validate(tomllib.loads(text))
    except OSError as error:
        raise UsageError(f"{name[:200]} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{name} is not TOML: {error}") from error
    except RecursionError:
        raise UsageError(f"{name} is nested too deeply") from None
    except ValidationError as error:
        raise UsageError(_explain(name, error)) from error


def presets() -> list[str]:
    """Return the names of the presets."""
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
    return f"{name}: {key} = {first['input']!r}: {first['msg']}"
