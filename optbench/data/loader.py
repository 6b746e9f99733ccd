"""Frozen datasets: rows are loaded from a folder, and each file is checked against the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from optbench.core.errors import DataError
from optbench.data import manifest as manifests
from optbench.data.manifest import SPLITS, Manifest
from optbench.data.rows import Row, parse


@dataclass(frozen=True)
class FrozenDataset:
    """A dataset's folder with its manifest; rows are read and digests checked on first use."""

    folder: Path
    digest: str
    """The SHA-256 that stands for all its rows."""
    manifest: Manifest = field(compare=False)

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self.manifest.name

    def __reduce__(self) -> tuple[type[FrozenDataset], tuple[Path, str, Manifest]]:
        """Pickle the dataset without its rows, which a worker reads and checks itself."""
        return FrozenDataset, (self.folder, self.digest, self.manifest)

    def validate(self) -> None:
        """Read all rows, so that a file that breaks a rule is reported now instead of by every run.

        Raises:
            DataError: a file is not the one that was frozen, or breaks a rule.
        """
        _ = self.splits

    @cached_property
    def splits(self) -> Mapping[str, list[Row]]:
        """The rows of each split, in the files' order.

        Raises:
            DataError: a file is not the one that was frozen, or breaks a rule.
        """
        splits = {}
        for name in SPLITS:
            entry = self.manifest.splits[name]  # type: ignore[index]  # SPLITS are the literal's values
            path = str(self.folder / entry.file)
            splits[name] = parse(manifests.checked_bytes(self.folder, entry.file, entry.sha256), path)
            if len(splits[name]) != entry.rows:
                raise DataError(f"{path} has {len(splits[name])} rows, the manifest says {entry.rows}")
        check_splits(splits, {name: str(self.folder / entry.file) for name, entry in self.manifest.splits.items()})
        return splits


def load(folder: Path) -> FrozenDataset:
    """Return the dataset in `folder`.

    Raises:
        DataError: there is none, or its manifest breaks a rule.
    """
    manifest = manifests.read(folder)
    return FrozenDataset(folder, manifest.digest, manifest)


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
