"""The types of a manifest's entries."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from optbench.core.names import PATTERN
from optbench.data.rows import has_surrogate

LONGEST_NAME = 64


def _inner_path(value: str) -> str:
    parts = value.split("/")
    if value.startswith("/") or "\\" in value or any(part in ("", ".", "..") for part in parts):
        raise ValueError("a file must be inside the dataset's folder: no '..', no absolute path")
    return value


def _without_surrogates(value: str) -> str:
    if has_surrogate(value):
        raise ValueError("it contains half of a surrogate pair, which is not a character")
    return value


Text = Annotated[str, AfterValidator(_without_surrogates)]
InnerPath = Annotated[str, AfterValidator(_inner_path)]
Name = Annotated[str, Field(pattern=PATTERN, max_length=LONGEST_NAME)]
Prompts = dict[Literal["question", "answer"], str]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Strict(BaseModel):
    """A part of a manifest: it cannot be changed, and has no entries but those that are declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)
