"""Rows of question, answer and label, from CSV or JSON Lines, with every rule checked and every refusal naming file and row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from optbench.core.errors import DataError

ALIASES = {"soru": "question", "cevap": "answer", "etiket": "label", "konu": "topic", "tür": "kind"}
"""Column names of the original experiment, and what they are called here."""
REQUIRED = ("question", "answer", "label")
OPTIONAL = ("topic", "kind", "group")
LONGEST = 10_000
"""The longest text that is accepted, in characters: more is a broken quote, not a question."""
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
    """Return the rows of a CSV or, where the name ends so, JSON Lines file.

    Args:
        content: the file's bytes.
        file: its name, for messages; its ending says what it is.
        crlf: whether lines may all end with CR LF, as spreadsheets write them; a frozen file has LF alone.

    Raises:
        DataError: a rule is broken; the message names file, row and rule.
    """
    lines = file.endswith((".jsonl", ".ndjson"))
    text = text_of(content, file, crlf=crlf, first=int(lines))
    records = _jsonl(text, file) if lines else _csv(text, file)
    rows = [_row(record, _Place(file, number)) for number, record in enumerate(records, start=1)]
    if not rows:
        raise DataError(f"{file} has no rows")
    return rows


def write_csv(rows: list[Row]) -> bytes:
    """Return rows as CSV in the one form that has the one digest: UTF-8, LF, columns in order, optional ones where used."""
    names = columns(rows)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([getattr(row, name) for name in names] for row in rows)
    return out.getvalue().encode()


def columns(rows: list[Row]) -> list[str]:
    """Return the columns that `rows` need: the required ones, and the optional ones where used."""
    return [*REQUIRED, *(name for name in OPTIONAL if any(getattr(row, name) for row in rows))]


@dataclass(frozen=True)
class _Place:
    file: str
    row: int

    def refuse(self, rule: str) -> DataError:
        return DataError(f"{self.file}, row {self.row} (the header not counted): {rule}")


def text_of(content: bytes, file: str, *, crlf: bool = False, first: int = 0) -> str:
    """Return the text of a file; `first` is the number of its first row, 0 where that is a header.

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
    for character, name in (("\x00", "a NUL character"), ("\r", "a carriage return (lines end with LF, all of them)")):
        if character in text:
            row = first + text[: text.index(character)].count("\n")
            raise DataError(f"{file}, row {row}: it contains {name}; remove it")
    return text


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
                raise _Place(file, row).refuse(f"{len(cells)} cells where the header has {len(header)}")
            yield dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise _Place(file, row + 1).refuse(f"not CSV: {error}") from error
    if not header:
        raise DataError(f"{file} is empty; its first line names the columns {', '.join(REQUIRED)}")


def _header(cells: list[str], file: str) -> list[str]:
    names = [ALIASES.get(cell.strip(), cell.strip()) for cell in cells]
    doubled = sorted({name for name in names if names.count(name) > 1})
    missing = [name for name in REQUIRED if name not in names]
    if doubled:
        raise DataError(f"{file}, row 0: column {doubled[0]!r} stands twice in the header")
    if missing:
        raise DataError(f"{file}, row 0: no column {', '.join(missing)} (found: {', '.join(names)})")
    return names


def _jsonl(text: str, file: str) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise _Place(file, number).refuse(f"not JSON: {error.msg}") from error
        except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets as deep
            raise _Place(file, number).refuse(f"JSON that cannot be read: {error}") from error
        if not isinstance(record, dict):
            raise _Place(file, number).refuse("not a JSON object")
        yield {ALIASES.get(str(name), str(name)): value for name, value in record.items()}


def _row(record: Mapping[str, Any], place: _Place) -> Row:
    texts = {}
    for name in ("question", "answer"):
        value = record.get(name)
        if not isinstance(value, str) or not value.strip():
            raise place.refuse(f"the {name} is empty")
        if len(value) > LONGEST:
            raise place.refuse(f"the {name} has {len(value)} characters; {LONGEST} are the most")
        if "\n" in value:
            raise place.refuse(f"the {name} contains a line break; a text is one line")
        texts[name] = value.strip()
    label = _LABELS.get(str(record.get("label")).strip())
    if label is None or isinstance(record["label"], bool | float):
        raise place.refuse(f"the label is {record.get('label')!r}; it must be 1 or -1")
    return Row(**texts, label=label, **{name: str(record.get(name) or "").strip() for name in OPTIONAL})
