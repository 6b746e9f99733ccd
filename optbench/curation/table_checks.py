"""What the rows of a new table must satisfy together."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np

from optbench.core.contracts import Split, TableRows
from optbench.core.errors import DataError, shown
from optbench.core.numerics import Array
from optbench.curation.table_reading import not_a_number
from optbench.curation.table_rules import crossing, equal_features, places, unfit
from optbench.data.columns import Columns
from optbench.data.manifest import SPLITS
from optbench.data.records import Place

_SHOWN = 5  # names of columns in a warning


def check_columns(rows: TableRows, columns: Columns, file: str) -> None:
    """Check that features and targets vary, and that none is a copy of another; warn of features that do not vary.

    Raises:
        DataError: a rule is broken; the message names the column.
    """
    _check_targets(rows, columns, file)
    constant = [name for name, values in zip(columns.features, rows.features.T, strict=True) if not np.ptp(values)]
    if len(constant) == len(columns.features):
        raise DataError(f"{file}: no feature varies, so that there is nothing to predict from; add columns that do")
    equal = equal_features(rows.features, columns.features)
    if equal:
        raise DataError(
            f"{file}, column {shown(equal[0])}: its numbers are those of an earlier column in all rows; remove one of the two"
        )
    if columns.targets != columns.features:
        _check_leaks(rows, columns, file)
    if constant:
        more = f" and {len(constant) - _SHOWN} more" if len(constant) > _SHOWN else ""
        listed = ", ".join(constant[:_SHOWN])
        warnings.warn(f"{file}: the same number in all rows: {listed}{more}; such columns tell nothing", stacklevel=3)


def check_across(tables: Mapping[Split, TableRows], files: Mapping[Split, str]) -> None:
    """Check that no row is in two splits; warn of rows with the features of another split's and another target.

    Args:
        tables: the rows of each split.
        files: the file that each comes from.

    Raises:
        DataError: a row is in two splits; the message names both.
    """
    contradicting = 0
    for (split, index), (later, place) in crossing(tables):
        if np.array_equal(tables[split].targets[index], tables[later].targets[place]):
            raise DataError(
                f"{files[later]}, row {place + 1} of the {later} rows: it is row {index + 1} of the {split} rows of "
                f"{files[split]}; a row belongs to one split: remove one of them"
            )
        contradicting += 1
    if contradicting:
        rows = "1 row has" if contradicting == 1 else f"{contradicting} rows have"
        warnings.warn(f"{rows} the features of a row of an earlier split, with another target", stacklevel=3)


def check_splits(tables: Mapping[Split, TableRows], columns: Columns, file: str) -> None:
    """Check that no split is empty, and that each class is in each split.

    Raises:
        DataError: a rule is broken; the message names split and class.
    """
    for number, name in enumerate(columns.classes):
        absent = [split for split in SPLITS if not (tables[split].targets[:, 0] == number).any()]
        if absent:
            count = sum(int((rows.targets[:, 0] == number).sum()) for rows in tables.values())
            raise DataError(
                f"{file}, column {shown(columns.targets[0])}: none of the {absent[0]} rows is of the class {shown(name)}, "
                f"which has {count} row{'s' * (count > 1)}; each class needs one in each split: add rows of it with other "
                "features, join it with another class, or use --regression if the target is a number"
            )
    for split in SPLITS:
        if not len(tables[split]):
            raise DataError(f"{file}: no row is left for {split}; add rows with other features, or name a file for that split")


def check_sizes(tables: Mapping[Split, TableRows], columns: Columns, file: str) -> None:
    """Check that 32-bit networks can compute with the numbers of each column.

    Raises:
        DataError: they cannot; the message names the column.
    """
    found = unfit(tables, columns)
    if found:
        raise DataError(f"{file}, {found}")


def warn_of_repetitions(rows: TableRows, file: str) -> None:
    """Issue a warning where rows repeat an earlier one of their file, and where they contradict it."""
    seen = places(dict.fromkeys(SPLITS, TableRows(rows.features[:0], rows.targets[:0])) | {"train": rows})
    repeated: list[tuple[int, int]] = []
    contradicting: list[tuple[int, int]] = []
    for (_, first), *others in seen.values():
        for _, index in others:
            same = np.array_equal(rows.targets[first], rows.targets[index])
            (repeated if same else contradicting).append((index, first))
    for found, what in ((repeated, "all numbers are"), (contradicting, "the target is another, but all features are")):
        if found:
            index, first = min(found)
            count = f"{len(found)} such rows count each" if len(found) > 1 else "the row counts"
            warnings.warn(
                f"{Place(file, index + 1)}: {what} those of row {first + 1}; {count} as a row of its own; remove them unless "
                "this is intended",
                stacklevel=3,
            )


def _check_targets(rows: TableRows, columns: Columns, file: str) -> None:
    if columns.classes or columns.targets == columns.features:
        return
    constant = [name for name, values in zip(columns.targets, rows.targets.T, strict=True) if not np.ptp(values)]
    if constant:
        raise DataError(
            f"{file}, column {shown(constant[0])}: the target is the same number in all rows; choose another --target"
        )


def _check_leaks(rows: TableRows, columns: Columns, file: str) -> None:
    """Raise DataError where a feature is the target."""
    targets: list[Array] = list(rows.targets.T)
    if columns.classes and not any(not_a_number(name) for name in columns.classes):
        targets.append(np.array([float(name) for name in columns.classes])[rows.targets[:, 0].astype(np.intp)])
    for name, values in zip(columns.features, rows.features.T, strict=True):
        if any(np.array_equal(values, target) for target in targets):
            raise DataError(
                f"{file}, column {shown(name)}: its numbers are those of the target in all rows, which leaves nothing to "
                "learn; remove it, or name the other columns with --features"
            )
