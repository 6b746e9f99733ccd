"""From a user's CSV files to a table: what is predicted, which rows are in which split, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from optbench.core.contracts import Split, TableRows
from optbench.core.errors import DataError, UsageError, shown
from optbench.core.numerics import Array
from optbench.curation.table_checks import check_across, check_columns, check_sizes, check_splits, warn_of_repetitions
from optbench.curation.table_classes import classes_of
from optbench.curation.table_reading import Cells, not_a_number, read_cells
from optbench.data.columns import Columns
from optbench.data.manifest import SPLITS
from optbench.data.table import divide, taken

MOST_CLASSES = 20
"""A target of whole numbers with at most so many different ones is taken for a class."""
TWO = 2
"""The smallest number of classes."""
LEAST_ROWS = 10
"""The smallest number of rows of a table that is divided."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a user says of the columns.

    Attributes:
        targets: the columns to predict.
        features: the columns to predict them from; if empty, all others.
        classes: whether the target is a class; None for deciding by its values.
        split: the column that names the split of each row; empty if there is none.
    """

    targets: Sequence[str]
    features: Sequence[str] = ()
    classes: bool | None = None
    split: str = ""


@dataclass(frozen=True)
class Imported:
    """A table that was read: its rows by split, its columns, and why its target is taken for what it is."""

    tables: Mapping[Split, TableRows]
    columns: Columns
    reason: str


def read_table(path: Path, request: Request, name: str) -> Imported:
    """Read a table from one file, divided by its split column or 60/20/20 with `name` as salt, class by class.

    Raises:
        UsageError: the request contradicts itself.
        DataError: the file breaks a rule; the message names file, row, column, rule and remedy.
    """
    _check(request)
    cells = read_cells(path, [*request.targets, *filter(None, [request.split])], request.features)
    (rows,), columns, reason = _rows([cells], request)
    check_columns(rows, columns, cells.file)
    if request.split:
        tables = _by_column(rows, cells, request.split)
        check_across(tables, dict.fromkeys(SPLITS, cells.file))
    else:
        if len(rows) < LEAST_ROWS:
            raise DataError(f"{cells.file} has {len(rows)} rows; a table that is divided has at least {LEAST_ROWS}; add rows")
        tables = divide(rows, name, classes=bool(columns.classes))
    check_splits(tables, columns, cells.file)
    check_sizes(tables, columns, cells.file)
    warn_of_repetitions(rows, cells.file)
    return Imported(tables, columns, reason)


def read_tables(files: Mapping[str, Path], request: Request, name: str, validation_share: float) -> Imported:
    """Read a table whose splits have files of their own; without a validation file, take that share of the training rows.

    Raises:
        UsageError: the request contradicts itself.
        DataError: a file breaks a rule; the message names file, row, column, rule and remedy.
    """
    _check(request)
    if request.split:
        raise UsageError("--split-column divides the rows of one file; leave it out, or give one FILE")
    cells = {split: read_cells(path, request.targets, request.features) for split, path in files.items()}
    first = cells["train"]
    for one in cells.values():
        if list(one.features) != list(first.features):
            other = sorted(set(one.features) ^ set(first.features))
            what = f"the column {shown(other[0])} is in one of them only" if other else "their order differs"
            raise DataError(f"{first.file} and {one.file} have other columns: {what}; write the same header in both")
    parts, columns, reason = _rows(list(cells.values()), request)
    tables: dict[str, TableRows] = dict(zip(cells, parts, strict=True))
    check_columns(_joined(parts), columns, first.file)
    for split, rows in tables.items():
        warn_of_repetitions(rows, cells[split].file)
    if "validation" not in tables:
        shares = {"train": 1.0 - validation_share, "validation": validation_share}
        tables |= {
            str(split): rows for split, rows in divide(tables["train"], name, shares, classes=bool(columns.classes)).items()
        }
    ordered: dict[Split, TableRows] = {split: tables[split] for split in SPLITS}
    names = {split: cells.get(split, first).file for split in SPLITS}
    check_across(ordered, names)
    check_splits(ordered, columns, first.file)
    check_sizes(ordered, columns, first.file)
    return Imported(ordered, columns, reason)


def _check(request: Request) -> None:
    targets, features = list(request.targets), list(request.features)
    for option, names in (("--target", targets), ("--features", features)):
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise UsageError(f"{option} names the column {shown(repeated)} twice; name it once")
    if request.split in {*targets, *features}:
        raise UsageError(f"the column {shown(request.split)} names the splits and can be no feature or target")
    if len(targets) > 1 and request.classes:
        raise UsageError(f"a classification has one target, and --target names {len(targets)}; leave --classification out")
    shared = [name for name in targets if name in features]
    if shared and set(targets) != set(features):
        raise UsageError(
            f"the column {shown(shared[0])} is a feature and a target; either all columns are both, as an autoencoder's, or "
            "none: leave it out of --features"
        )


def _rows(files: Sequence[Cells], request: Request) -> tuple[list[TableRows], Columns, str]:
    """Return the rows of each file, their columns, and why the target is taken for what it is."""
    features = list(files[0].features)
    if set(request.targets) <= set(features):  # an autoencoder: targets in the order of the features
        parts = [TableRows(_matrix(file.features.values()), _matrix(file.features.values())) for file in files]
        return parts, Columns(features=features, targets=features), "the targets are the features, an autoencoder"
    classes, reason = _task(files, request)
    if not classes:
        columns = Columns(features=features, targets=list(request.targets))
        targets = [_matrix([file.numbers(name) for name in request.targets]) for file in files]
    else:
        target = request.targets[0]
        names, numbers = classes_of(files, target, as_written=bool(request.classes))
        if len(names) < TWO:
            rule = f"every row is of the class {shown(names[0])}; a classification has at least two; choose another --target"
            raise DataError(f"{files[0].file}, column {shown(target)}: {rule}")
        columns = Columns(features=features, targets=[target], classes=names)
        targets = [_matrix([np.array([float(numbers[cell]) for cell in file.texts[target]])]) for file in files]
    parts = [TableRows(_matrix(file.features.values()), y) for file, y in zip(files, targets, strict=True)]
    return parts, columns, reason


def _task(files: Sequence[Cells], request: Request) -> tuple[bool, str]:
    """Return whether the target is a class, and why."""
    if request.classes is not None:
        return request.classes, f"because of --{'classification' if request.classes else 'regression'}"
    if len(request.targets) > 1:
        return False, f"there are {len(request.targets)} targets, which are numbers"
    target = request.targets[0]
    cells = [cell for file in files for cell in file.texts[target]]
    texts = [cell for cell in cells if not_a_number(cell)]
    if 2 * len(texts) > len(cells):
        return True, f"the cells of {shown(target)} are names; --regression takes them for numbers"
    if texts:  # most are numbers: the others are mistakes or missing values, which `numbers` explains
        for file in files:
            file.numbers(target)
    values = {float(cell) for cell in cells}
    counted = f"{len(values)} different one{'s' * (len(values) > 1)}"
    if len(values) <= MOST_CLASSES and all(value.is_integer() for value in values):
        return True, f"the cells of {shown(target)} are whole numbers, {counted}; --regression takes them for numbers"
    return False, f"the cells of {shown(target)} are numbers, {counted}; --classification takes them for classes"


def _matrix(columns: Iterable[Array]) -> Array:
    return np.ascontiguousarray(np.column_stack(list(columns)))


def _joined(parts: Sequence[TableRows]) -> TableRows:
    return TableRows(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("features", "targets")))


def _by_column(rows: TableRows, cells: Cells, column: str) -> dict[Split, TableRows]:
    known = {form: split for split in SPLITS for form in (split, split.capitalize(), split.upper())}
    places: dict[Split, list[int]] = {split: [] for split in SPLITS}
    for index, cell in enumerate(cells.texts[column]):
        if cell not in known:
            raise cells.error(index, column, f"{shown(cell)} is no split; write {', '.join(SPLITS)}")
        places[known[cell]].append(index)
    return {split: taken(rows, numbers) for split, numbers in places.items()}
