"""Rows of question, answer and label, read from CSV or JSON Lines; every error names file, row and rule."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from optbench.core.errors import DataError

ALIASES = {"soru": "question", "cevap": "answer", "etiket": "label", "konu": "topic", "tür": "kind"}
"""The column names of the original experiment, and what they are called here."""
REQUIRED = ("question", "answer", "label")
OPTIONAL = ("topic", "kind", "group")
LONGEST = 10_000
"""The largest number of characters in a text: more is a missing quotation mark, not a question."""
_LABELS = {"1": 1, "+1": 1, "-1": -1}


@dataclass(frozen=True)
class Row:
    """A question, an answer and whether the answer is right (+1) or wrong (-1)."""

    question: str
    answer: str
    label: int
    topic: str = ""
    kind: str = ""
    group: str = ""


def parse(content: bytes, file: str, *, crlf: bool = False) -> list[Row]:
    """Return the rows of a CSV file or, if its name ends with .jsonl or .ndjson, a JSON Lines file.

    Args:
        content: the file's bytes.
        file: its name, which determines the format and is used in messages.
        crlf: whether all lines may end with CR LF, as spreadsheets write them; lines of a frozen file end with LF.

    Raises:
        DataError: a rule is broken; the message names file, row and rule.
    """
    json_lines = file.endswith((".jsonl", ".ndjson"))
    text = text_of(content, file, crlf=crlf, first=int(json_lines))
    records = _jsonl(text, file) if json_lines else _csv(text, file)
    rows = [_row(record, _Place(file, number)) for number, record in enumerate(records, start=1)]
    if not rows:
        raise DataError(f"{file} has no rows")
    return rows


def write_csv(rows: list[Row]) -> bytes:
    """Return rows as CSV in a canonical form: UTF-8, LF, columns in a fixed order, optional columns only where used."""
    names = columns(rows)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([getattr(row, name) for name in names] for row in rows)
    return out.getvalue().encode()


def columns(rows: list[Row]) -> list[str]:
    """Return the columns that `rows` need: the required ones, and the optional ones that are not empty in all rows."""
    return [*REQUIRED, *(name for name in OPTIONAL if any(getattr(row, name) for row in rows))]


@dataclass(frozen=True)
class _Place:
    file: str
    row: int

    def error(self, rule: str) -> DataError:
        return DataError(f"{self.file}, row {self.row} (the header not counted): {rule}")


def text_of(content: bytes, file: str, *, crlf: bool = False, first: int = 0) -> str:
    """Return the text of a file.

    Args:
        content: the file's bytes.
        file: its name, for messages.
        crlf: whether all lines may end with CR LF.
        first: the number of its first row, 0 where that is a header.

    Raises:
        DataError: it is not plain UTF-8 with LF; the message names file and row.
    """
    if content.startswith(b"\xef\xbb\xbf"):
        raise DataError(f"{file}, row {first}: it starts with a byte-order mark; save it as UTF-8 without one")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        row = first + content[: error.start].count(b"\n")
        raise DataError(f"{file}, row {row}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    if crlf and text.count("\r\n") == text.count("\n"):
        text = text.replace("\r\n", "\n")
    for character, name in (("\x00", "a NUL character"), ("\r", "a carriage return (all lines must end with LF)")):
        if character in text:
            row = first + text[: text.index(character)].count("\n")
            raise DataError(f"{file}, row {row}: it contains {name}; remove it")
    return text


def has_surrogate(text: str) -> bool:
    """Return whether `text` has half of a surrogate pair, which JSON's escapes can write but UTF-8 cannot."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def _csv(text: str, file: str) -> Iterator[Mapping[str, Any]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    row = 0
    try:
        for cells in reader:
            if not header:
                header = _header(cells, file)
                continue
            row += 1
            if len(cells) != len(header):
                raise _Place(file, row).error(f"{len(cells)} cells, but {len(header)} in the header")
            yield dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise _Place(file, row + 1).error(f"not CSV: {error}") from error
    if not header:
        raise DataError(f"{file} is empty; its first line must name the columns {', '.join(REQUIRED)}")


def _header(cells: list[str], file: str) -> list[str]:
    names = [ALIASES.get(cell.strip(), cell.strip()) for cell in cells]
    repeated = sorted({name for name in names if names.count(name) > 1})
    missing = [name for name in REQUIRED if name not in names]
    if repeated:
        raise DataError(f"{file}, row 0: column {repeated[0]!r} occurs twice in the header")
    if missing:
        raise DataError(f"{file}, row 0: no column {', '.join(missing)} (columns: {', '.join(names)})")
    return names


def _jsonl(text: str, file: str) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise _Place(file, number).error(f"not JSON: {error.msg}") from error
        except (ValueError, RecursionError) as error:  # a number with thousands of digits, thousands of nested brackets
            raise _Place(file, number).error(f"JSON that cannot be read: {error}") from error
        if not isinstance(record, dict):
            raise _Place(file, number).error("not a JSON object")
        yield {ALIASES.get(str(name), str(name)): value for name, value in record.items()}


def _row(record: Mapping[str, Any], place: _Place) -> Row:
    texts = {}
    for name in ("question", "answer"):
        value = record.get(name)
        if not isinstance(value, str) or not value.strip():
            raise place.error(f"the {name} is empty")
        if len(value) > LONGEST:
            raise place.error(f"the {name} has {len(value)} characters; at most {LONGEST} are allowed")
        if "\n" in value:
            raise place.error(f"the {name} contains a line break; a text is one line")
        texts[name] = value.strip()
    label = _LABELS.get(str(record.get("label")).strip())
    if label is None or isinstance(record["label"], bool | float):
        raise place.error(f"the label is {record.get('label')!r}; it must be 1 or -1")
    texts |= {name: str(record.get(name) or "").strip() for name in OPTIONAL}
    for name, text in texts.items():
        if has_surrogate(text):
            raise place.error(f"the {name} contains half of a surrogate pair, which is not a character; correct the \\u escape")
    return Row(label=label, **texts)
