"""Rows of numbers: their canonical CSV, and the digest that stands for them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence

import numpy as np

from optbench.core.contracts import Split, TableRows
from optbench.core.errors import DataError, shown
from optbench.core.numerics import Array
from optbench.data.columns import Columns
from optbench.data.manifest import SPLITS
from optbench.data.splitting import SHARES


def digest_of_rows(rows: TableRows) -> str:
    """Return the SHA-256 of the shapes and bits of features and targets, as little-endian float64; -0.0 counts as 0.0."""
    total = hashlib.sha256()
    for array in (rows.features, rows.targets):
        total.update(f"{array.shape}".encode())
        total.update((array + 0.0).astype("<f8").tobytes())
    return total.hexdigest()


def names(columns: Columns) -> list[str]:
    """Return the columns of the CSV: the features, then the targets that are not features too."""
    return [*columns.features, *(name for name in columns.targets if name not in columns.features)]


def write_csv(rows: TableRows, columns: Columns) -> bytes:
    """Return rows as CSV in a canonical form: UTF-8, LF, each number in the shortest form that is read as the same number."""
    places = {name: rows.targets[:, place] for place, name in enumerate(columns.targets)}
    places |= {name: rows.features[:, place] for place, name in enumerate(columns.features)}
    cells = np.column_stack([places[name] for name in names(columns)]).tolist()
    lines = [",".join(_quoted(name) for name in names(columns)), *(",".join(map(shortest, row)) for row in cells)]
    return ("\n".join(lines) + "\n").encode()


def parse(content: bytes, file: str, columns: Columns) -> TableRows:
    """Return the rows of a frozen CSV file.

    Args:
        content: the file's bytes.
        file: its name, for messages.
        columns: what the manifest says that it has.

    Raises:
        DataError: it is not what `write_csv` writes for these columns; the message names file, row and rule.
    """
    wanted = names(columns)
    cells = _cells(content, file, wanted)
    if not np.isfinite(cells).all():
        row, column = np.argwhere(~np.isfinite(cells))[0].tolist()
        raise DataError(
            f"{_row(file, row)}, column {shown(wanted[column])}: {cells[row, column]}; each cell is a finite number; {_AGAIN}"
        )
    place = {name: number for number, name in enumerate(wanted)}
    rows = TableRows(
        np.ascontiguousarray(cells[:, [place[name] for name in columns.features]]),
        np.ascontiguousarray(cells[:, [place[name] for name in columns.targets]]),
    )
    check_targets(rows.targets, columns, file)
    return rows


def _cells(content: bytes, file: str, wanted: Sequence[str]) -> Array:
    """Return all numbers of a CSV file with these columns, shape (rows, columns)."""
    try:
        header, _, body = content.decode().partition("\n")
        if header != ",".join(_quoted(name) for name in wanted):
            raise DataError(f"{file}: the header is not that of the manifest's columns: {shown(','.join(wanted))}; {_AGAIN}")
        if not body.strip():
            raise DataError(f"{file} has no rows; {_AGAIN}")
        cells = np.loadtxt(io.StringIO(body), np.float64, delimiter=",", ndmin=2, comments=None)
    except (ValueError, UnicodeDecodeError) as error:
        raise DataError(f"{file} is not a table of numbers: {error}; {_AGAIN}") from error
    if cells.shape[1] != len(wanted):
        raise DataError(f"{file} has rows of {cells.shape[1]} numbers, but {len(wanted)} columns; {_AGAIN}")
    return cells


_AGAIN = "'optbench data import' creates a folder that satisfies all rules"


def _row(where: str, row: int) -> str:
    return f"{where}, row {row + 1} (the header not counted)"


def check_targets(targets: Array, columns: Columns, where: str) -> None:
    """Raise DataError where a target of a classification is not the number of a class."""
    if columns.classes:
        wrong = np.flatnonzero(~np.isin(targets[:, 0], np.arange(len(columns.classes))))
        if wrong.size:
            value = targets[wrong[0], 0]
            rule = f"the target is a whole number from 0 to {len(columns.classes) - 1}, the number of a class"
            raise DataError(f"{_row(where, int(wrong[0]))}: {value:g}; {rule}")


def check_classes(train: TableRows, columns: Columns, where: str) -> None:
    """Raise DataError where a class has no training row: nothing could be learnt of it, and the digest would not cover it."""
    absent = [name for number, name in enumerate(columns.classes) if not (train.targets[:, 0] == number).any()]
    if absent:
        raise DataError(f"{where}: no training row is of the class {shown(absent[0])}; each class has at least one; {_AGAIN}")


def divide(rows: TableRows, salt: str, shares: Mapping[str, float] = SHARES, *, classes: bool) -> dict[Split, TableRows]:
    """Divide rows into splits of these shares, in the order of a hash of their features, class by class.

    Rows of equal features stay together, so that none of them is in two splits; they count as the class with the lowest number
    among them. Equal rows and salt give equal splits on any machine, whatever the order of the rows, which is kept within each
    split.

    Args:
        rows: all rows.
        salt: what the hash depends on besides the features.
        shares: how much of each class a split gets, relative to the others; above 0. Rows go to these splits only.
        classes: whether the target is the number of a class.
    """
    groups: dict[bytes, list[int]] = {}
    for number, features in enumerate(rows.features + 0.0):
        groups.setdefault(features.tobytes(), []).append(number)
    strata: dict[float, list[tuple[bytes, list[int]]]] = {}
    for content, members in groups.items():
        stratum = float(rows.targets[members, 0].min()) if classes else 0.0
        strata.setdefault(stratum, []).append((hashlib.sha256(salt.encode() + b"\n" + content).digest(), members))
    wanted = [split for split in SPLITS if split in shares]
    found: dict[Split, list[int]] = {split: [] for split in wanted}
    for _, hashed in sorted(strata.items()):
        counts: dict[Split, int] = dict.fromkeys(wanted, 0)
        for _, members in sorted(hashed):
            split = min(wanted, key=lambda name: counts[name] / shares[name])
            counts[split] += len(members)
            found[split] += members
    return {split: taken(rows, sorted(members)) for split, members in found.items()}


def taken(rows: TableRows, numbers: Sequence[int]) -> TableRows:
    """Return the rows of these numbers."""
    return TableRows(rows.features[list(numbers)], rows.targets[list(numbers)])


def shortest(value: float) -> str:
    """Return a number in the shortest form that is read as the same number, whole ones without a point."""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if any(mark in name for mark in ',"') else name
