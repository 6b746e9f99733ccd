"""Generated tables: the same interface as frozen files, with rows that a component makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from optbench.core.contracts import GeneratedDataset, Split, TableRows, Task
from optbench.core.errors import DataError, OptbenchError
from optbench.data import table
from optbench.data.columns import Columns
from optbench.data.loader import FrozenDataset, divided
from optbench.data.manifest import SPLITS, Manifest, SplitFile, first_error


@dataclass(frozen=True)
class GeneratedTable(FrozenDataset):
    """A generated table; its manifest is made with its rows, and it has no folder."""

    component: GeneratedDataset = field(default=None, kw_only=True)  # type: ignore[assignment]  # `generated_table` always gives it

    @property
    def name(self) -> str:
        """As users write it, with the number of the division unless it is the first one."""
        base = self.manifest.name
        if not self.split:
            return base
        return f"{base[:-1]},split={self.split}]" if base.endswith("]") else f"{base}[split={self.split}]"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the component, from which a worker makes the rows itself."""
        return _made_again, (self.component, self.digest, self.manifest, self.split)

    def digest_here(self) -> str:
        """Return the digest of the rows as they are generated on this machine."""
        dataset = generated_table(self.component, self.manifest.name, self.manifest.loss)
        return divided(dataset, self.split).digest if self.split else dataset.digest

    def frozen_tables(self) -> Mapping[Split, TableRows]:
        """Return the rows that are generated.

        Raises:
            DataError: they are not those that were generated where the runs were planned.
        """
        rows = _generated(self.component)
        for name in SPLITS:
            if table.digest_of_rows(rows[name]) != self.manifest.splits[name].numbers:
                raise DataError(
                    f"dataset {self.manifest.name!r} generates other {name} rows here than where the run was planned; "
                    "'generate' must return the same bits on every machine: no product of matrices, no global generator"
                )
        return rows


def generated_table(component: GeneratedDataset, name: str, loss: str) -> GeneratedTable:
    """Return the dataset that a component generates.

    Args:
        component: generates the rows.
        name: how users write it, with its hyper-parameters.
        loss: what networks are trained with where no loss is named.

    Raises:
        DataError: its code raises, or it generates something other than finite numbers of the right shapes for its task.
    """
    rows = _generated(component)
    columns = _columns(component, rows["train"])
    manifest = Manifest.model_construct(
        kind="table",
        name=name,
        title=component.title,
        licence=component.licence,
        citation=component.citation,
        made=component.difficulty,
        loss=loss,
        columns=columns,
        splits={
            split: SplitFile(
                file=f"{split}.csv", sha256="0" * 64, rows=len(rows[split]), numbers=table.digest_of_rows(rows[split])
            )
            for split in SPLITS
        },
    )
    for split in SPLITS:
        table.check_targets(rows[split].targets, columns, f"{name}, {split}")
    table.check_classes(rows["train"], columns, name)
    return GeneratedTable(Path(), manifest.digest, manifest, component=component)


def _made_again(component: GeneratedDataset, digest: str, manifest: Manifest, split: int) -> GeneratedTable:
    return GeneratedTable(Path(), digest, manifest, split, component=component)


def _columns(component: GeneratedDataset, rows: TableRows) -> Columns:
    try:
        return Columns(
            features=[f"x{number}" for number in range(1, rows.features.shape[1] + 1)],
            targets=[f"y{number}" for number in range(1, rows.targets.shape[1] + 1)],
            classes=list(component.task.classes),
        )
    except ValidationError as error:
        raise DataError(f"dataset {component.name!r} has a task that no table can have: {first_error(error)}") from error


_AXES = 2  # rows and columns


@lru_cache(maxsize=4)
def _generated(component: GeneratedDataset) -> Mapping[Split, TableRows]:
    task, rows = _called(component)
    width, columns = None, task.columns
    for name in SPLITS:
        one = rows.get(name)
        arrays = (one.features, one.targets) if isinstance(one, TableRows) else ()
        if not arrays or not all(
            isinstance(part, np.ndarray) and part.dtype == np.float64 and part.ndim == _AXES for part in arrays
        ):
            raise DataError(f"dataset {component.name!r} generated no float64 matrices of features and targets for {name!r}")
        features, targets = arrays
        width = width or features.shape[1]
        if not len(features) or len(features) != len(targets) or (features.shape[1], targets.shape[1]) != (width, columns):
            raise DataError(
                f"dataset {component.name!r} generated features {features.shape} and targets {targets.shape} for {name!r}; "
                f"they must have as many rows, {width} features and {columns} columns of targets"
            )
        if not (np.isfinite(features).all() and np.isfinite(targets).all()):
            raise DataError(f"dataset {component.name!r} generated NaN or infinity for {name!r}")
    # A file of the same numbers has no -0.0.
    return {name: TableRows(rows[name].features + 0.0, rows[name].targets + 0.0) for name in SPLITS}


def _called(component: GeneratedDataset) -> tuple[Task, Mapping[Any, Any]]:
    """Return the task and the rows of a component, whose code may be a plugin's.

    Raises:
        DataError: the code raises, or returns something else.
    """
    try:
        task, rows = component.task, component.generate()
    except OptbenchError:
        raise
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        raise DataError(f"dataset {component.name!r} cannot be generated, its code raises {text}") from error
    if not (isinstance(task, Task) and isinstance(rows, Mapping)):
        raise DataError(
            f"dataset {component.name!r} has a {type(task).__name__} as task and generates a {type(rows).__name__}; they must "
            "be a Task and a mapping of splits to TableRows"
        )
    return task, rows
