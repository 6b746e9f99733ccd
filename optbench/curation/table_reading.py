"""Reading a table of numbers from a user's CSV file: cells as texts first, then each column as numbers or as classes."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from sys import intern

import numpy as np

from optbench.core.errors import DataError, printable, shown
from optbench.core.numerics import Array
from optbench.curation.lines import opened, text_lines
from optbench.curation.reading import MOST_ROWS, delimiter_of, header_lines
from optbench.data.records import LineError, Place, csv_records
from optbench.data.rows import is_plain

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
"""What a number looks like: no thousands separators, a point before decimals."""
LARGEST = 1e15
"""The largest size of a number: its square, and sums of such squares, are finite in 32 bits."""
SMALLEST = 1e-15
"""The size that one number of a column at least reaches, unless all are 0: its square is not 0 in 32 bits."""
SIZES = "networks compute squares in 32 bits; scale the column, to thousands or millionths of its unit for instance"
"""Why, and what to do."""
MISSING = frozenset({"nan", "na", "n/a", "null", "none", "?"})
"""What stands for a missing value, in small letters."""
LONGEST_CELL = 200
"""The largest number of characters of the name of a column or of a class."""
_WHOLE = re.compile(r"[+-]?(\d+)(?:\.0*)?", re.ASCII)
_OF_FEATURES = "code it as one, or leave the column out"
_OF_TARGETS = "code it as one; with a single target, --classification makes each text a class"
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


@dataclass(frozen=True)
class Cells:
    """The cells of a file.

    Attributes:
        file: the file's name, for messages.
        features: the numbers of each feature, by its name, in the order of the header.
        texts: the cells of each other column that was asked for, without the spaces around them, none of them empty.
    """

    file: str
    features: Mapping[str, Array]
    texts: Mapping[str, Sequence[str]]

    def __len__(self) -> int:
        return len(next(iter(self.texts.values())))

    def error(self, index: int, column: str, rule: str) -> DataError:
        """Return the error of a cell that breaks a rule."""
        return _error(Place(self.file, index + 1), column, rule)

    def numbers(self, column: str) -> Array:
        """Return a column of texts as numbers.

        Raises:
            DataError: a cell is no finite number.
        """
        places = (Place(self.file, row) for row in range(1, len(self) + 1))
        cells = zip(self.texts[column], places, strict=True)
        numbers = np.array([_number(cell, column, place, _OF_TARGETS) for cell, place in cells])
        _check_small(numbers, column, self.file)
        return numbers


def not_a_number(cell: str, remedy: str = _OF_FEATURES) -> str:
    """Return why a cell is no finite number, with a remedy, which for words is `remedy`; empty where it is one."""
    if NUMBER.fullmatch(cell):
        return "" if math.isfinite(float(cell)) else f"{shown(cell)} is too large; numbers are smaller than 1.8e308"
    if not cell:
        return "the cell is empty; fill missing values in, or remove such rows or columns"
    if cell.lower().strip("+-") in {*MISSING, "inf", "infinity"}:
        return f"{shown(cell)} is no finite number; fill missing values in, or remove such rows or columns"
    if _DECIMAL_COMMA.fullmatch(cell):
        return f"{shown(cell)} is no number; write a point before decimals, and no thousands separator"
    return f"{shown(cell)} is no number; {remedy}"


def inexact(cell: str) -> str:
    """Return why a number is not read as it is written, with a remedy; empty where it is."""
    whole = _WHOLE.fullmatch(cell)
    if whole and len(whole[1]) <= LONGEST_CELL and int(whole[1]) > 2**53:
        rule = "whole numbers above 2^53 cannot be told apart as 64-bit floats"
        return f"{shown(cell)} is too large; {rule}; subtract an offset, or leave the column out"
    return ""


def is_small(values: Array) -> bool:
    """Return whether the numbers of a column vanish in 32 bits: some are not 0, and all are smaller than `SMALLEST`."""
    return 0.0 < float(np.abs(values).max()) < SMALLEST


def read_cells(path: Path, texts: Sequence[str], features: Sequence[str] = ()) -> Cells:
    """Return the cells of a CSV file.

    The header determines whether cells are separated by commas, semicolons or tabs. Lines end with LF, or all with CR LF; a
    byte-order mark at the start and empty lines at the end are skipped.

    Args:
        path: the file.
        texts: the columns to return as texts.
        features: the columns to return as numbers; if empty, all that are not among `texts`.

    Raises:
        DataError: a rule is broken; the message names file, row, column and rule.
    """
    name = printable(str(path))
    if name.lower().endswith((".jsonl", ".ndjson")):
        raise DataError(f"{name}: a table of numbers is read from CSV, not from JSON Lines; save it as CSV")
    numbers: dict[str, array[float]] = {}
    others: dict[str, list[str]] = {column: [] for column in texts}
    with opened(path) as file:
        for row, record in enumerate(_records(text_lines(file), name, [*texts, *features]), start=1):
            place = Place(name, row)
            if row == 1:
                numbers = {column: array("d") for column in _features(list(record), texts, features, name)}
            if row > MOST_ROWS:
                raise place.error(f"a file may have at most {MOST_ROWS:,} rows; take a sample of them")
            for column, values in numbers.items():
                values.append(_number(record[column].strip(), column, place))
            for column, cells in others.items():
                cells.append(intern(_text(record[column].strip(), column, place)))
    if not numbers:
        raise DataError(f"{name} has no rows; add some below the header")
    for column, values in numbers.items():
        _check_small(np.array(values), column, name)
    return Cells(name, {column: np.array(values) for column, values in numbers.items()}, others)


def _records(lines: Iterator[str], name: str, wanted: Sequence[str]) -> Iterator[Mapping[str, str]]:
    try:
        header = list(header_lines(lines))
    except LineError as error:
        raise Place(name, 0).error(str(error)) from error
    delimiter = delimiter_of(header, wanted, str)
    return csv_records(chain(header, lines), name, column=str, delimiter=delimiter, required=wanted)


def _features(names: Sequence[str], texts: Sequence[str], features: Sequence[str], file: str) -> Sequence[str]:
    """Return the names of the features, after a check of all names in the header."""
    for number, name in enumerate(names, start=1):
        if not name:
            rule = f"column {number} of {len(names)} has no name; name it, or remove it if it numbers the rows"
            raise Place(file, 0).error(rule)
        if len(name) > LONGEST_CELL or not is_plain(name):
            rule = f"a name has at most {LONGEST_CELL} characters, and no line break or other control character"
            raise Place(file, 0).error(f"column {number} is called {shown(name)}; {rule}")
    found = [name for name in names if (name in features if features else name not in texts)]
    if not found:
        raise Place(file, 0).error("all columns are targets; a table has at least one other column, a feature")
    return found


def _number(cell: str, column: str, place: Place, remedy: str = _OF_FEATURES) -> float:
    if why := not_a_number(cell, remedy) or inexact(cell):
        raise _error(place, column, why)
    if abs(float(cell)) > LARGEST:
        raise _error(place, column, f"{shown(cell)} is too large; numbers are at most {LARGEST:g} in size, since {SIZES}")
    return float(cell) + 0.0  # no -0.0, which would be another number than 0.0 where rows are compared


def _check_small(values: Array, column: str, file: str) -> None:
    if is_small(values):
        row = int(np.abs(values).argmax())
        rule = (
            f"{values[row]:g} is the largest number of the column; one of them is at least {SMALLEST:g} in size, since {SIZES}"
        )
        raise _error(Place(file, row + 1), column, rule)


def _text(cell: str, column: str, place: Place) -> str:
    if not cell:
        raise _error(
            place, column, "the cell is empty; fill missing values in, or remove such rows; name a class of empty cells"
        )
    if len(cell) > LONGEST_CELL or not is_plain(cell):
        rule = f"at most {LONGEST_CELL} characters, and no line break or other control character"
        raise _error(place, column, f"the cell is {shown(cell)}; the name of a class has {rule}")
    return cell


def _error(place: Place, column: str, rule: str) -> DataError:
    return DataError(f"{place}, column {shown(column)}: {rule}")
