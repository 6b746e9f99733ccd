"""Writing the folder of a dataset: its rows, its manifest and what is generated from both; the whole folder or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from optbench.core.errors import UsageError
from optbench.core.files import new_folder, write_atomically
from optbench.data import manifest as manifests
from optbench.data.loader import FrozenDataset, load
from optbench.data.manifest import Manifest, SplitFile

REMEDY = "choose another --name, or replace it with --force"
OF_FOLDER = "choose another folder, or replace it with --force"


def check_free(folder: Path, *, replace: bool, remedy: str = REMEDY) -> None:
    """Check that a dataset may be written to `folder`.

    Raises:
        UsageError: it exists and is not to be replaced, in which case the message ends with `remedy`; or it is to be replaced
            and is something other than a dataset or an empty folder.
    """
    if not folder.exists():
        return
    if not replace:
        raise UsageError(f"{folder} already exists; {remedy}")
    if not folder.is_dir() or (any(folder.iterdir()) and not (folder / manifests.NAME).exists()):
        raise UsageError(f"{folder} is not a dataset, and --force replaces only those; choose another folder")


def split_file(name: str, content: bytes, rows: int, numbers: str | None = None) -> SplitFile:
    """Return the entry of the file of a split in the manifest."""
    return SplitFile(file=f"{name}.csv", sha256=hashlib.sha256(content).hexdigest(), rows=rows, numbers=numbers)


def validated(about: Mapping[str, Any]) -> Manifest:
    """Return the manifest with these entries.

    Raises:
        UsageError: one of them breaks a rule.
    """
    try:
        return Manifest.model_validate(about)
    except ValidationError as error:
        raise UsageError(f"a dataset cannot be written with this manifest: {manifests.first_error(error)}") from error


def write_folder(
    folder: Path, manifest: Manifest, files: Mapping[str, bytes], describe: Callable[[Manifest], Mapping[str, bytes]]
) -> FrozenDataset:
    """Write files, manifest and what describes them into `folder`, in place of one that is there; return the dataset.

    Args:
        folder: where to write it.
        manifest: the manifest, with an entry for each of the files.
        files: the files of rows and vectors, by name.
        describe: returns the files that are generated from the manifest, by name.

    Raises:
        UsageError: the folder cannot be written.
    """
    contents = {**files, manifests.NAME: (manifest.model_dump_json(indent=2) + "\n").encode(), **describe(manifest)}
    try:
        with new_folder(folder) as unfinished:
            for name, content in contents.items():
                write_atomically(unfinished / name, content)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror or error}; choose another folder") from error
    return load(folder)
