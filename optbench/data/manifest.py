"""The `manifest.json` of a dataset's folder: what lies there, with the SHA-256 of every file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from optbench.core.errors import DataError
from optbench.core.names import PATTERN, is_name
from optbench.core.specs import digest_of

SPLITS = ("train", "validation", "test")
NAME = "manifest.json"
_LONGEST_NAME = 64


def _plain_path(value: str) -> str:
    parts = value.split("/")
    if value.startswith("/") or "\\" in value or any(part in ("", ".", "..") for part in parts):
        raise ValueError("a file lies inside the dataset's folder: no '..', no absolute path")
    return value


InnerPath = Annotated[str, AfterValidator(_plain_path)]
SetName = Annotated[str, Field(pattern=PATTERN, max_length=_LONGEST_NAME)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


M = TypeVar("M", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SplitFile(_Strict):
    """A file of rows."""

    file: InnerPath
    sha256: Sha256
    rows: int = Field(ge=1)


class Slot(_Strict):
    """A set of vectors that a dataset has a place for: the model that makes it, and how."""

    model: str
    dimension: int = Field(ge=1)
    prompts: dict[Literal["question", "answer"], str]
    normalised: bool
    revision: str | None = None


class VectorFile(_Strict):
    """A file of vectors for all texts of the dataset, and what made it."""

    file: InnerPath
    sha256: Sha256
    dimension: int = Field(ge=1)
    model: str
    model_sha256: Sha256 = Field(description="of all its files, as `model_digest` takes them")
    weights_sha256: Sha256 | None = Field(default=None, description="of its model.safetensors, as published")
    prompts: dict[Literal["question", "answer"], str]
    normalised: bool
    libraries: dict[str, str] = {}

    @property
    def description(self) -> str:
        """One line: what made the vectors, and how."""
        prompts = ", ".join(f"{role} prompt {prompt!r}" for role, prompt in sorted(self.prompts.items()))
        libraries = ", ".join(f"{name} {version}" for name, version in sorted(self.libraries.items()))
        length = "unit length" if self.normalised else "length as the model gives it"
        return f"{self.model} (files' SHA-256 {self.model_sha256}); {prompts}; {length}; {libraries}"


class Manifest(_Strict):
    """What a dataset is, and the digest of each of its files."""

    format: Literal[1] = 1
    name: str = Field(pattern=PATTERN, max_length=_LONGEST_NAME)
    version: str = "0"
    title: str = ""
    language: str = ""
    licence: str = ""
    made: str = Field(default="", description="how the dataset was made, said plainly")
    url: str = Field(default="", description="where it is found")
    published: str = Field(default="", pattern=r"^(\d{4}-\d{2}-\d{2})?$", description="the day, as 2025-01-31")
    citation: str = Field(default="", description="how to cite it; empty for one made of title, version and digest")
    splits: dict[Literal["train", "validation", "test"], SplitFile]
    vectors: dict[SetName, VectorFile] = {}
    slots: dict[SetName, Slot] = {}
    figures: dict[str, float | str | dict[str, float | str]] = Field(default={}, description="what was measured")

    @property
    def digest(self) -> str:
        """The SHA-256 of all rows; vectors have digests of their own, so that adding a set leaves earlier runs valid."""
        return digest_of({name: split.sha256 for name, split in self.splits.items()})


def is_dataset_name(name: str) -> bool:
    """Return whether `name` can name a dataset or a set of vectors."""
    return is_name(name) and len(name) <= _LONGEST_NAME


def read(folder: Path) -> Manifest:
    """Read and check the manifest of the dataset in `folder`.

    Raises:
        DataError: there is none, or it breaks a rule; the message names file, place and rule.
    """
    path = folder / NAME
    try:
        manifest = _validated(Manifest, path)
    except FileNotFoundError:
        raise DataError(f"{folder} is no dataset (no {NAME} there); 'optbench data import' makes one from files") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    missing = [name for name in SPLITS if name not in manifest.splits]
    if missing:
        raise DataError(f"{path}: splits: {', '.join(missing)} missing; a dataset has {', '.join(SPLITS)}")
    return manifest


def read_vector_file(path: Path) -> VectorFile:
    """Read the entry of a set of vectors that lies outside a dataset's folder.

    Raises:
        DataError: it breaks a rule; the message names file, place and rule.
    """
    return _validated(VectorFile, path)


def _validated(model: type[M], path: Path) -> M:
    try:
        return model.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise DataError(f"{path}: {place}: {first['msg']}") from error


def checked_bytes(folder: Path, file: str, sha256: str) -> bytes:
    """Return the bytes of a file of the dataset.

    Raises:
        DataError: it is missing, or its digest is not the manifest's.
    """
    path = folder / file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}, which the manifest lists, cannot be read: {error.strerror}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DataError(
            f"{path} is not the file that was frozen: its SHA-256 begins {found[:16]}, the manifest's {sha256[:16]}; "
            "restore the file, or make a dataset of another name from it with 'optbench data import'",
        )
    return content
