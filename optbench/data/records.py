"""Records of CSV and JSON Lines: lines become mappings of columns to values; every error names file, row and rule."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optbench.core.errors import DataError, printable, shown

ALIASES = {"soru": "question", "cevap": "answer", "etiket": "label", "konu": "topic", "tür": "kind"}
"""The column names of the original experiment, and what they are called here."""
REQUIRED = ("question", "answer", "label")
LONGEST_LIST = 400
"""The largest number of characters of the names of columns in a message."""
_IF_A_TABLE = "; a table of numbers is imported with 'optbench data import NAME FILE --target COLUMN'"


class LineError(Exception):
    """A line breaks a rule; whoever reads records from the lines adds file and row."""


@dataclass(frozen=True)
class Place:
    """A row of a file, for messages. Rows are numbered from 1; the header of a CSV file is row 0."""

    file: str
    row: int

    def __str__(self) -> str:
        return f"{self.file}, row {self.row} ({'the header not counted' if self.row else 'the header'})"

    def error(self, rule: str) -> DataError:
        """Return the error of a row that breaks `rule`."""
        return DataError(f"{self}: {rule}")


def exact_column(name: str) -> str:
    """Return what a column is called here: another name for those in `ALIASES`, its own for all others."""
    return ALIASES.get(name, name)


def csv_records(
    lines: Iterable[str],
    file: str,
    *,
    column: Callable[[str], str] = exact_column,
    delimiter: str = ",",
    required: Sequence[str] = REQUIRED,
) -> Iterator[Mapping[str, Any]]:
    """Yield the records of CSV, whose first line names the columns.

    Args:
        lines: the lines, each with its line feed; may raise LineError.
        file: the file's name, for messages.
        column: returns what the column of a name in the header is called here.
        delimiter: the character between two cells.
        required: the columns that there must be.

    Raises:
        DataError: a rule is broken.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header: list[str] = []
    row = 0
    try:
        for cells in reader:
            if not header:
                header = _header([column(cell.strip()) for cell in cells], file, required)
                continue
            row += 1
            if not cells:
                raise Place(file, row).error(f"the line is empty (0 cells, but {len(header)} in the header); remove it")
            if len(cells) != len(header):
                rule = f"{len(cells)} cells, but {len(header)} in the header; quote a cell that contains {delimiter!r}"
                raise Place(file, row).error(rule)
            yield dict(zip(header, cells, strict=True))
    except LineError as error:
        raise Place(file, row + 1 if header else 0).error(str(error)) from error
    except csv.Error as error:
        rule = f"not CSV: {error}; a quotation mark is missing, or one within a cell is not doubled"
        raise Place(file, row + 1 if header else 0).error(rule) from error
    if not header:
        raise DataError(f"{file} is empty; its first line must name the columns {', '.join(required)}")


def jsonl_records(
    lines: Iterable[str], file: str, *, column: Callable[[str], str] = exact_column, unique: bool = False
) -> Iterator[Mapping[str, Any]]:
    """Yield the records of JSON Lines: one object per line.

    Args:
        lines: the lines; may raise LineError.
        file: the file's name, for messages.
        column: returns what the column of a name in an object is called here.
        unique: whether an object that has a column twice is an error; otherwise its last value is used.

    Raises:
        DataError: a rule is broken.
    """
    row = 0
    try:
        for row, line in enumerate(lines, start=1):
            yield _record(line, Place(file, row), column, unique=unique)
    except LineError as error:
        raise Place(file, row + 1).error(str(error)) from error


def _header(names: list[str], file: str, required: Sequence[str]) -> list[str]:
    repeated = sorted({name for name in names if names.count(name) > 1})
    missing = [name for name in required if name not in names]
    if repeated:
        raise Place(file, 0).error(f"column {shown(repeated[0])} occurs twice in the header; rename or remove one of them")
    if missing:
        listed = printable(", ".join(names))
        remedy = _IF_A_TABLE if missing == list(REQUIRED) else ""
        raise Place(file, 0).error(f"no column {printable(', '.join(missing))} (columns: {listed[:LONGEST_LIST]}){remedy}")
    return names


def _record(line: str, place: Place, column: Callable[[str], str], *, unique: bool) -> Mapping[str, Any]:
    if not line.strip():
        raise place.error("the line is empty; remove it")
    try:
        members = json.loads(line, object_pairs_hook=_Object)
    except json.JSONDecodeError as error:
        raise place.error(f"not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:  # a number with thousands of digits, thousands of nested brackets
        raise place.error(f"JSON that cannot be read: {error}") from error
    if not isinstance(members, _Object):
        raise place.error("not a JSON object")
    record = {column(name): value for name, value in members.items()}
    if unique and len(record) != members.count:
        raise place.error("the object has a column twice; remove one of them")
    return record


class _Object(dict[str, Any]):
    """A JSON object that knows how many members were written, those of equal names included."""

    def __init__(self, members: list[tuple[str, Any]]) -> None:
        super().__init__(members)
        self.count = len(members)
