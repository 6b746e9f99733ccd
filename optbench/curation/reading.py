"""Reading rows from a user's file: CSV of any usual kind, or JSON Lines, row by row."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

from optbench.core.errors import DataError, printable
from optbench.core.turkish import folds
from optbench.curation.characters import check_texts
from optbench.curation.lines import LONGEST_LINE, byte_lines, opened, text_lines
from optbench.data.records import ALIASES, REQUIRED, LineError, Place, csv_records, exact_column, jsonl_records
from optbench.data.rows import OPTIONAL, Row, row_of

MOST_ROWS = 2_000_000
"""The largest number of rows of a file; all rows are in memory when a dataset is written."""
_DELIMITERS = ",;\t"
_COLUMNS = {form: exact_column(name) for name in (*REQUIRED, *OPTIONAL, *ALIASES) for form in folds(name)}


def read(path: Path) -> list[Row]:
    """Return the rows of a CSV file or, if its name ends with .jsonl or .ndjson, a JSON Lines file.

    The header determines whether cells are separated by commas, semicolons or tabs. Columns may be named in capitals. Lines end
    with LF, or all with CR LF; a byte-order mark at the start and empty lines at the end are skipped.

    Raises:
        DataError: a rule is broken; the message names file, row and rule.
    """
    name = printable(str(path))
    rows: list[Row] = []
    with opened(path) as file:
        for number, record in enumerate(_records(text_lines(file), name), start=1):
            place = Place(name, number)
            if number > MOST_ROWS:
                raise place.error(f"a file may have at most {MOST_ROWS:,} rows; take a sample of them")
            check_texts(record, place)
            rows.append(row_of(record, place))
    if not rows:
        raise DataError(f"{name} has no rows")
    return rows


def is_pairs(path: Path) -> bool:
    """Return whether the first line of a file is a JSON object with both answers of a question, after a look at all lines.

    Raises:
        DataError: the file cannot be read, or a line of a file of pairs is too long to be read at once.
    """
    row = 0
    with opened(path) as file:
        try:
            for row, line in enumerate(byte_lines(file), start=1):
                if row == 1 and not _is_pair(line):
                    return False
        except LineError as error:
            if row:
                raise Place(printable(str(path)), row + 1).error(str(error)) from error
    return row > 0  # a first line that is too long is explained by `read`, which knows whether it is a header


@lru_cache(maxsize=1024)  # a JSON object repeats the names of its columns in every row
def column(name: str) -> str:
    """Return what a column is called here: known names are recognised in capitals, Turkish ones too."""
    known = (_COLUMNS[form] for form in sorted(folds(name)) if form in _COLUMNS)
    return next(known, name)


def _is_pair(line: bytes) -> bool:
    try:
        first = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and "correct_answer" in first


def _records(lines: Iterator[str], name: str) -> Iterator[Mapping[str, Any]]:
    if name.lower().endswith((".jsonl", ".ndjson")):
        return jsonl_records(lines, name, column=column, unique=True)
    try:
        header = list(header_lines(lines))
    except LineError as error:
        raise Place(name, 0).error(str(error)) from error
    if header and header[0].lstrip().startswith("{"):
        raise Place(name, 0).error("the file begins with '{': give a file of JSON Lines a name that ends with .jsonl")
    return csv_records(chain(header, lines), name, column=column, delimiter=delimiter_of(header))


def header_lines(lines: Iterator[str]) -> Iterator[str]:
    """Yield the lines of the header: more than one where a quoted name contains a line break."""
    quotes = length = 0
    for line in lines:
        yield line
        quotes += line.count('"')
        length += len(line)
        if quotes % 2 == 0 or length > LONGEST_LINE:
            return


def delimiter_of(header: Sequence[str], wanted: Sequence[str] = REQUIRED, column: Callable[[str], str] = column) -> str:
    """Return the delimiter with which a header names most of the wanted columns; of equal ones that of most names.

    Args:
        header: the lines of the header.
        wanted: names of columns.
        column: returns what the column of a name in the header is called here.
    """
    found = {delimiter: _names(header, delimiter, column) for delimiter in _DELIMITERS}
    return max(found, key=lambda delimiter: (len(set(wanted) & set(found[delimiter])), len(found[delimiter])))


def _names(header: Iterable[str], delimiter: str, column: Callable[[str], str]) -> list[str]:
    try:
        (cells,) = islice(csv.reader(header, delimiter=delimiter, strict=True), 1)
    except (csv.Error, ValueError):  # not CSV with this delimiter; no line
        return []
    return [column(cell.strip()) for cell in cells]
