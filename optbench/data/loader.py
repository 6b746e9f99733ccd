"""Frozen datasets: rows are loaded from a folder, and each file is checked against the manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from optbench.core.contracts import Split, TableRows, Task
from optbench.core.errors import DataError
from optbench.core.specs import digest_of
from optbench.data import manifest as manifests
from optbench.data import table
from optbench.data.manifest import SPLITS, Manifest
from optbench.data.rows import Row, parse, write_csv
from optbench.data.splitting import divide


@dataclass(frozen=True)
class FrozenDataset:
    """A dataset's folder with its manifest; rows are read and digests checked on first use.

    A dataset of texts has `splits` and `rows`, a table has `tables`.
    """

    folder: Path
    digest: str
    """The SHA-256 that stands for all its rows."""
    manifest: Manifest = field(compare=False)
    split: int = 0
    """The number of a division of the same rows; 0 is the frozen one."""

    @property
    def name(self) -> str:
        """The dataset's name, with the number of the division unless it is the frozen one."""
        return self.manifest.name + (f"[split={self.split}]" if self.split else "")

    @property
    def kind(self) -> str:
        """Whether its rows are "texts" or a "table" of numbers."""
        return self.manifest.kind

    @property
    def task(self) -> Task:
        """What is predicted."""
        return self.manifest.task

    @property
    def sizes(self) -> Mapping[str, int]:
        """The number of rows of each split.

        Raises:
            DataError: a file is not the one that was frozen, or breaks a rule.
        """
        return {name: len(rows) for name, rows in (self.tables if self.kind == "table" else self.splits).items()}

    def __reduce__(self) -> tuple[type[FrozenDataset], tuple[Path, str, Manifest, int]]:
        """Pickle the dataset without its rows, which a worker reads and checks itself."""
        return FrozenDataset, (self.folder, self.digest, self.manifest, self.split)

    def digest_here(self) -> str:
        """Return the digest of the rows as they are on this machine, which may not be the one where the dataset was found.

        Raises:
            DataError: a file is not the one that was frozen, or breaks a rule.
        """
        dataset = load(self.folder)
        dataset.validate()
        return divided(dataset, self.split).digest if self.split else dataset.digest

    def validate(self) -> None:
        """Read all rows, so that a file that breaks a rule is reported now instead of by every run.

        Raises:
            DataError: a file is not the one that was frozen, or breaks a rule.
        """
        _ = self.sizes

    @cached_property
    def tables(self) -> Mapping[Split, TableRows]:
        """The rows of each split of a table: as frozen, or divided anew with the number as salt.

        Raises:
            DataError: a file is not the one that was frozen, or breaks a rule; or it is a dataset of texts.
        """
        if not self.split:
            return self.frozen_tables()
        frozen = self.frozen_tables()
        rows = TableRows(
            *(np.concatenate([getattr(frozen[name], part) for name in SPLITS]) for part in ("features", "targets"))
        )
        shares: dict[str, float] = {name: len(frozen[name]) for name in SPLITS}
        return table.divide(rows, f"{self.manifest.name}/{self.split}", shares, classes=bool(self.task.classes))

    def frozen_tables(self) -> Mapping[Split, TableRows]:
        """Return the rows of a table as they were frozen.

        Raises:
            DataError: a file is not the one that was frozen, or breaks a rule.
        """
        columns = self.manifest.table_columns
        tables: dict[Split, TableRows] = {}
        for name in SPLITS:
            entry, path = self.manifest.splits[name], self._path(name)
            rows = table.parse(manifests.checked_bytes(self.folder, entry.file, entry.sha256), path, columns)
            _check_count(len(rows), entry.rows, path)
            if table.digest_of_rows(rows) != entry.numbers:
                raise DataError(
                    f"{path}: its numbers have another digest than that in the manifest; restore both files, or create the "
                    "dataset again with 'optbench data import'"
                )
            tables[name] = rows
        table.check_classes(tables["train"], columns, self._path("train"))
        return tables

    @cached_property
    def splits(self) -> Mapping[str, list[Row]]:
        """The rows of each split: in the files' order, or divided anew by group with the number as salt.

        Raises:
            DataError: a file is not the one that was frozen, or breaks a rule; or it is a table.
        """
        if self.kind == "table":
            raise DataError(f"{self.name} is a table of numbers; questions and answers are needed")
        if not self.split:
            return self._frozen
        shares = {name: len(rows) for name, rows in self._frozen.items()}
        rows = [row for name in SPLITS for row in self._frozen[name]]
        return divide(rows, f"{self.manifest.name}/{self.split}", shares)

    @cached_property
    def _frozen(self) -> Mapping[str, list[Row]]:
        """The rows of the files.

        Raises:
            DataError: a file is not the one that was frozen, or breaks a rule.
        """
        splits: dict[str, list[Row]] = {}
        for name in SPLITS:
            entry, path = self.manifest.splits[name], self._path(name)
            splits[name] = parse(manifests.checked_bytes(self.folder, entry.file, entry.sha256), path)
            _check_count(len(splits[name]), entry.rows, path)
        check_splits(splits, {name: self._path(name) for name in SPLITS})
        return splits

    def _path(self, split: Split) -> str:
        return str(self.folder / self.manifest.splits[split].file)

    @cached_property
    def rows(self) -> list[Row]:
        """All rows: training rows first, then validation, then test."""
        return [row for name in SPLITS for row in self.splits[name]]


def load(folder: Path) -> FrozenDataset:
    """Return the dataset in `folder`.

    Raises:
        DataError: there is none, or its manifest breaks a rule.
    """
    manifest = manifests.read(folder)
    return FrozenDataset(folder, manifest.digest, manifest)


def divided(dataset: FrozenDataset, split: int) -> FrozenDataset:
    """Return the same rows in another division into training, validation and test; its digest is that of the divided rows.

    The splits have their shares of the frozen ones, as nearly as whole groups allow. Two divisions share most of their training
    rows: results on them tell how much depends on the division, they are not results on independent datasets.

    Raises:
        DataError: a file is not the one that was frozen, breaks a rule, or has too few groups to divide.
    """
    anew = replace(dataset, split=split)
    empty = [name for name, rows in anew.sizes.items() if not rows]
    if empty:
        raise DataError(f"{dataset.name} has too few groups to be divided anew: none is left for {', '.join(empty)}")
    if anew.kind == "table":
        digests = {str(name): table.digest_of_rows(rows) for name, rows in anew.tables.items()}
    else:
        digests = {name: hashlib.sha256(write_csv(rows)).hexdigest() for name, rows in anew.splits.items()}
    return replace(anew, digest=digest_of(digests))


def _check_count(found: int, declared: int, path: str) -> None:
    if found != declared:
        raise DataError(f"{path} has {found} rows, the manifest says {declared}")


def check_splits(splits: Mapping[str, list[Row]], files: Mapping[str, str]) -> None:
    """Raise DataError where a question is in two splits: a network could answer it from memory."""
    seen: dict[str, tuple[str, int]] = {}
    for name, rows in splits.items():
        for number, row in enumerate(rows, start=1):
            side, first = seen.setdefault(row.question.casefold(), (name, number))
            if side != name:
                raise DataError(
                    f"{files[name]}, row {number} (the header not counted): the question {row.question[:60]!r} is also in "
                    f"{files[side]}, row {first}; a question belongs to one split",
                )
