"""Rows of question, answer and label, read from CSV or JSON Lines; every error names file, row and rule."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optbench.core.errors import DataError, shown
from optbench.data.records import REQUIRED, Place, csv_records, jsonl_records

OPTIONAL = ("topic", "kind", "group", "asks", "tells")
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
    asks: str = ""
    """The type of the question, such as who or when."""
    tells: str = ""
    """The type of the answer, with the same values."""


def parse(content: bytes, file: str) -> list[Row]:
    """Return the rows of a frozen CSV file or, if its name ends with .jsonl or .ndjson, a frozen JSON Lines file.

    Args:
        content: the file's bytes.
        file: its name, which determines the format and is used in messages.

    Raises:
        DataError: a rule is broken; the message names file, row and rule.
    """
    json_lines = file.endswith((".jsonl", ".ndjson"))
    text = text_of(content, file, first=int(json_lines))
    if json_lines:
        records = jsonl_records(text.removesuffix("\n").split("\n"), file)
    else:
        records = csv_records(io.StringIO(text, newline=""), file)
    rows = [row_of(record, Place(file, number)) for number, record in enumerate(records, start=1)]
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


def is_plain(text: str) -> bool:
    """Return whether a name can be printed; zero-width joiners and non-joiners may be in it."""
    seen = text.replace("\u200c", "").replace("\u200d", "")
    return seen != "" and seen.isprintable()


def has_surrogate(text: str) -> bool:
    """Return whether `text` has half of a surrogate pair, which JSON's escapes can write but UTF-8 cannot."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def row_of(record: Mapping[str, Any], place: Place) -> Row:
    """Return the row that a record describes, without the spaces around its texts.

    Raises:
        DataError: it breaks a rule; the message begins with `place`.
    """
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
        raise place.error(f"the label is {shown(record.get('label'))}; it must be 1 or -1")
    texts |= {name: str(record.get(name) or "").strip() for name in OPTIONAL}
    for name, text in texts.items():
        if has_surrogate(text):
            raise place.error(f"the {name} contains half of a surrogate pair, which is not a character; correct the \\u escape")
    return Row(label=label, **texts)
