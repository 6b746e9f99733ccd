"""The contract of a dataset: a folder of frozen files, or code that makes the same rows on every machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, TypeAlias

from optbench.core.contracts.task import Task
from optbench.core.numerics import Array

Split: TypeAlias = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class TableRows:
    """Rows of numbers with their targets.

    Attributes:
        features: shape (rows, d), float64, finite.
        targets: shape (rows, columns), float64, finite; the number of the class, in one column, for a classification.
    """

    features: Array
    targets: Array

    def __len__(self) -> int:
        return len(self.features)


class Dataset:
    """A dataset that a plugin ships: a folder with a `manifest.json`, as written by `optbench data import`."""

    name: ClassVar[str]
    folder: ClassVar[Path]


class GeneratedDataset(Dataset):
    """A table that is generated when it is used. Subclass it as a frozen, keyword-only dataclass of hyper-parameters.

    `generate` must return the same bits on every machine. Draw numbers from `data_stream`, and use no matrix product: the order
    of its additions depends on the processor.
    """

    title: ClassVar[str]
    licence: ClassVar[str]
    citation: ClassVar[str] = ""
    difficulty: ClassVar[str]
    """What makes it hard for an optimizer, in one sentence."""
    loss: ClassVar[str] = "cross-entropy"
    """The loss that networks are trained with where none is named, as users write it."""

    @property
    def task(self) -> Task:
        """What is predicted."""
        raise NotImplementedError

    def generate(self) -> Mapping[Split, TableRows]:
        """Return the rows of the splits "train", "validation" and "test"."""
        raise NotImplementedError
