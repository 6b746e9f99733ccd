"""The `manifest.json` in a dataset's folder: what the dataset is, with the SHA-256 of every file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from optbench.core.contracts import Split, Task
from optbench.core.errors import DataError
from optbench.core.files import read_bytes
from optbench.core.names import is_name
from optbench.core.specs import digest_of
from optbench.data.columns import Columns
from optbench.data.fields import LONGEST_NAME, InnerPath, Name, Prompts, Sha256, Strict, Text
from optbench.data.provenance import Generated

SPLITS: tuple[Split, ...] = ("train", "validation", "test")
NAME = "manifest.json"
OVERALL = "all"
"""The name, in a manifest's figures, of the quality of a simple model on all test rows."""

M = TypeVar("M", bound=BaseModel)


class SplitFile(Strict):
    """A file of rows."""

    file: InnerPath
    sha256: Sha256
    rows: int = Field(ge=1)
    numbers: Sha256 | None = Field(default=None, description="of the numbers of a table, as `table.digest_of_rows` computes it")

    @model_serializer(mode="wrap")
    def _without_numbers_of_texts(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what only tables have."""
        entries: dict[str, Any] = serialize(self)
        return {name: value for name, value in entries.items() if name != "numbers" or value}


class Slot(Strict):
    """A set of vectors that can be added to a dataset: the model that computes it, and how."""

    model: str
    dimension: int = Field(ge=1)
    prompts: Prompts
    normalised: bool
    revision: str | None = None


class VectorFile(Strict):
    """A file of vectors for all texts of the dataset, and what computed it."""

    file: InnerPath
    sha256: Sha256
    dimension: int = Field(ge=1)
    model: str
    model_sha256: Sha256 = Field(description="of all files of the model, as `model_digest` computes it")
    weights_sha256: Sha256 | None = Field(default=None, description="of the model's model.safetensors, as published")
    prompts: Prompts
    normalised: bool
    libraries: dict[str, str] = Field(default={})
    licence: Text = Field(default="", description="that of the model's weights")
    in_all: bool = Field(default=True, description="whether the set is used where no embedder is named")

    @property
    def description(self) -> str:
        """What computed the vectors, and how, on one line."""
        prompts = ", ".join(f"{role} prompt {prompt!r}" for role, prompt in sorted(self.prompts.items()))
        libraries = ", ".join(f"{name} {version}" for name, version in sorted(self.libraries.items()))
        length = "unit length" if self.normalised else "length not changed"
        licence = f"; licence of the weights {self.licence}" if self.licence else ""
        return f"{self.model} (SHA-256 of its files {self.model_sha256}); {prompts}; {length}; {libraries}{licence}"


class Manifest(Strict):
    """What a dataset is, and the digest of each of its files."""

    format: Literal[1] = 1
    kind: Literal["texts", "table"] = "texts"
    name: Name
    version: Text = "0"
    title: Text = ""
    language: Text = ""
    licence: Text = ""
    made: Text = Field(default="", description="how the dataset was made")
    url: Text = Field(default="", description="where it is published")
    published: str = Field(default="", pattern=r"^(\d{4}-\d{2}-\d{2})?$", description="the day, such as 2025-01-31")
    citation: Text = Field(default="", description="how to cite it; if empty, generated from title, version and digest")
    loss: Text = Field(default="squared-tanh", description="what networks are trained with where no loss is named")
    columns: Columns | None = Field(default=None, description="those of a table")
    splits: dict[Literal["train", "validation", "test"], SplitFile]
    vectors: dict[Name, VectorFile] = Field(default={})
    slots: dict[Name, Slot] = Field(default={})
    figures: dict[str, float | str | dict[str, float | str]] = Field(default={}, description="measurements of the dataset")
    tried: list[dict[str, int | float | str]] = Field(default=[], description="designs that were tried, one row each")
    generated: Generated | None = Field(default=None, description="how a language model wrote the texts, if one did")

    @model_serializer(mode="wrap")
    def _without_absent_parts(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out the parts that few datasets have: the manifests of others keep their bytes."""
        entries: dict[str, Any] = serialize(self)
        absent: dict[str, Any] = {"kind": "texts", "loss": "squared-tanh", "columns": None, "generated": None, "tried": []}
        return {name: value for name, value in entries.items() if name not in absent or value != absent[name]}

    @model_validator(mode="after")
    def _columns_of_tables(self) -> Manifest:
        if (self.kind == "table") != (self.columns is not None):
            raise ValueError("a dataset has 'columns' if, and only if, its kind is 'table'")
        if self.kind == "table" and not all(split.numbers for split in self.splits.values()):
            raise ValueError("each split of a table has the digest of its 'numbers'")
        return self

    @property
    def digest(self) -> str:
        """The SHA-256 of all rows; vectors have digests of their own, so that adding a set leaves earlier runs valid.

        That of a table covers its numbers and not how they are written, so that it is the same for a generated table.
        """
        return digest_of({name: split.numbers or split.sha256 for name, split in self.splits.items()})

    @property
    def table_columns(self) -> Columns:
        """The columns of a table.

        Raises:
            DataError: the dataset is one of texts.
        """
        if self.columns is None:
            raise DataError(f"{self.name} is a dataset of texts; a table of numbers is needed")
        return self.columns

    @property
    def baselines(self) -> dict[str, float]:
        """The published quality of each simple model on all test rows, by the model's name."""
        found = {}
        for name, value in self.figures.items():
            overall = value.get(OVERALL) if isinstance(value, dict) else None
            if isinstance(overall, float):
                found[name] = overall
        return found

    @property
    def task(self) -> Task:
        """What is predicted."""
        if self.columns is None:
            return Task(classes=("-1", "+1"))
        return Task(classes=tuple(self.columns.classes), columns=len(self.columns.targets))


def is_dataset_name(name: str) -> bool:
    """Return whether `name` can name a dataset or a set of vectors."""
    return is_name(name) and len(name) <= LONGEST_NAME


def read(folder: Path) -> Manifest:
    """Read and validate the manifest of the dataset in `folder`.

    Raises:
        DataError: there is none, or it breaks a rule; the message names file, place and rule.
    """
    path = folder / NAME
    try:
        content = read_bytes(path)
    except DataError as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            raise
        raise DataError(f"{folder} is not a dataset: it has no {NAME}; 'optbench data import' creates one from files") from None
    manifest = validated_json(Manifest, content, str(path))
    missing = [name for name in SPLITS if name not in manifest.splits]
    if missing:
        raise DataError(f"{path}: splits: {', '.join(missing)} missing; a dataset has {', '.join(SPLITS)}")
    return manifest


def read_vector_file(path: Path) -> VectorFile:
    """Read the entry of a set of vectors that is outside of its dataset's folder.

    Raises:
        DataError: it breaks a rule; the message names file, place and rule.
    """
    return validated_json(VectorFile, read_bytes(path), str(path))


def validated_json(model: type[M], content: str | bytes, where: str) -> M:
    """Return an instance of a pydantic model from JSON.

    Raises:
        DataError: it breaks a rule; the message begins with `where` and names place and rule.
    """
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise DataError(f"{where}: {first_error(error)}") from error


def first_error(error: ValidationError) -> str:
    """Return the place and the message of the first error."""
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'all of it'}: {first['msg']}"


def checked_bytes(folder: Path, file: str, sha256: str) -> bytes:
    """Return the content of a file of the dataset.

    Raises:
        DataError: it cannot be read, or its digest is not that in the manifest.
    """
    path = folder / file
    content = read_bytes(path, "listed in the manifest")
    actual = hashlib.sha256(content).hexdigest()
    if actual != sha256:
        raise DataError(
            f"{path} is not the file that was frozen: its SHA-256 begins with {actual[:16]}, that in the manifest with "
            f"{sha256[:16]}; restore the file, or create a dataset of another name from it with 'optbench data import'",
        )
    return content
