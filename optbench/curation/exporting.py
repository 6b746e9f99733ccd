"""Writing any dataset to a folder of its own: a frozen one, another division of it, or a generated one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from optbench.curation.importing import companions, write
from optbench.curation.table_writing import table_companions, write_table
from optbench.curation.writing import OF_FOLDER, check_free, write_folder
from optbench.data.fields import LONGEST_NAME
from optbench.data.generated import GeneratedTable
from optbench.data.loader import FrozenDataset
from optbench.data.manifest import Manifest, SplitFile, VectorFile, checked_bytes

_OF_THE_ROWS = frozenset({"splits", "vectors", "columns", "kind", "figures", "tried"})
"""The entries of a manifest that belong to its files or were measured on them."""


def export(dataset: FrozenDataset, folder: Path, *, replace: bool = False) -> FrozenDataset:
    """Write a dataset into `folder`, with the same rows and the same digest, and return it.

    The files of a frozen dataset are copied, after a check of their digests; those of a generated one, and of another division,
    are written, and a table is measured. A name with brackets becomes one without.

    Args:
        dataset: any dataset.
        folder: where to write it.
        replace: whether to replace a dataset that is there.

    Raises:
        UsageError: the folder already exists, or cannot be written.
        DataError: a file is not the one that was frozen, or breaks a rule.
    """
    check_free(folder, replace=replace, remedy=OF_FOLDER)
    dataset.validate()
    if not dataset.split and not isinstance(dataset, GeneratedTable):
        return _copy(dataset, folder)
    about: dict[str, Any] = dataset.manifest.model_dump(exclude=set(_OF_THE_ROWS))
    about |= {"name": plain_name(dataset.name), "made": _how(dataset)}
    if dataset.kind == "table":
        return write_table(folder, dataset.tables, dataset.manifest.table_columns, about, replace=replace, remedy=OF_FOLDER)
    vectors = {
        name: (entry, checked_bytes(dataset.folder, entry.file, entry.sha256))
        for name, entry in dataset.manifest.vectors.items()
    }
    return write(folder, dataset.splits, about, vectors=vectors, replace=replace, remedy=OF_FOLDER)


def plain_name(name: str) -> str:
    """Return a name without brackets: `teacher-kappa-1e06` for `teacher[kappa=1e+06]`."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower().replace("+", ""))[:LONGEST_NAME].strip("-.")


def _how(dataset: FrozenDataset) -> str:
    how = "Generated" if isinstance(dataset, GeneratedTable) else "Another division of the rows; written"
    return " ".join(filter(None, (dataset.manifest.made, f"{how} by optbench as {dataset.name}.")))


def _copy(dataset: FrozenDataset, folder: Path) -> FrozenDataset:
    manifest = dataset.manifest
    entries: list[SplitFile | VectorFile] = [*manifest.splits.values(), *manifest.vectors.values()]
    files = {entry.file: checked_bytes(dataset.folder, entry.file, entry.sha256) for entry in entries}

    def describe(described: Manifest) -> dict[str, bytes]:
        if dataset.kind == "table":
            return table_companions(described, dataset.tables)
        return companions(described, dataset.splits)

    return write_folder(folder, manifest, files, describe)
