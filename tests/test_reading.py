"""Reading a user's file of rows: CSV of any usual kind, JSON Lines, and files that are neither."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from optbench.core.errors import DataError
from optbench.curation import reading
from optbench.curation.lines import LONGEST_LINE
from optbench.curation.reading import read
from optbench.data.rows import OPTIONAL, Row, write_csv

ROWS = [Row("Ağ nedir?", 'Bağlı "düğümler", yani; öyle.', 1), Row("Ağ nedir?", "Yanlış, bu.", -1)]
CSV = write_csv(ROWS)
HEADER = "question,answer,label\n"


def rows_of(folder: Path, content: bytes, name: str = "x.csv") -> list[Row]:
    path = folder / name
    path.write_bytes(content)
    return read(path)


def error_of(folder: Path, content: bytes, name: str = "x.csv") -> str:
    with pytest.raises(DataError) as error:
        rows_of(folder, content, name)
    return str(error.value)


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        b"\xef\xbb\xbf" + CSV,
        CSV.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + CSV.replace(b"\n", b"\r\n"),
        CSV.rstrip(b"\n"),
        CSV + b"\n\n  \n",
        CSV.replace(b"\n", b"\r\n") + b"\r\n\r\n",
        CSV.replace(b"question,answer,label", b'"question ", answer ,label '),
        CSV.replace(b"question,answer,label", b"Question,ANSWER,LABEL"),
        CSV.replace(b"question,answer,label", "SORU,CEVAP,ETİKET".encode()),
        CSV.replace(b"question,answer,label", b"soru,cevap,etiket"),
        CSV.replace(b",1\n", b",+1\n"),
    ],
    ids=[
        "plain",
        "bom",
        "crlf",
        "bom-crlf",
        "no-last-line-feed",
        "empty-lines-at-the-end",
        "empty-crlf-lines-at-the-end",
        "quoted-header-with-spaces",
        "capitals",
        "turkish-capitals",
        "turkish",
        "plus-1",
    ],
)
def test_csv_as_programs_write_it_is_read(tmp_path: Path, content: bytes) -> None:
    assert rows_of(tmp_path, content) == ROWS


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_header_decides_what_separates_cells(tmp_path: Path, delimiter: str) -> None:
    lines = (("soru", "cevap", "etiket"), ("Ağ nedir?", '"a, b; c"', "1"))
    content = "\n".join(delimiter.join(cells) for cells in lines).encode()
    assert rows_of(tmp_path, content) == [Row("Ağ nedir?", "a, b; c", 1)]


@pytest.mark.parametrize("name", ['"x, y"', '"x,question,answer,label"', '"a\nb,c"', '"she said ""a,b"""'])
def test_a_comma_within_a_quoted_name_of_a_column_separates_nothing(tmp_path: Path, name: str) -> None:
    content = f"{name};question;answer;label\n1,5;q;a, b;1\n".encode()
    assert rows_of(tmp_path, content) == [Row("q", "a, b", 1)]


@pytest.mark.parametrize("name", ["x.jsonl", "x.ndjson", "X.JSONL"])
def test_json_lines_as_programs_write_them_are_read(tmp_path: Path, name: str) -> None:
    lines = [{"Soru": row.question, "CEVAP": row.answer, "ETİKET": str(row.label), "konu": None} for row in ROWS]
    content = "\r\n".join(json.dumps(line) for line in lines).encode()
    assert rows_of(tmp_path, b"\xef\xbb\xbf" + content + b"\r\n\r\n", name) == ROWS


BAD = {
    "nothing": ("x.csv", b"", ["is empty", "question, answer, label"]),
    "bom-only": ("x.csv", b"\xef\xbb\xbf", ["is empty"]),
    "empty-lines-only": ("x.csv", b"\n\n\n", ["is empty"]),
    "header-only": ("x.csv", HEADER.encode(), ["has no rows"]),
    "no-json": ("x.jsonl", b"", ["has no rows"]),
    "utf-16": ("x.csv", CSV.decode().encode("utf-16"), ["row 0", "UTF-16", "save it as UTF-8"]),
    "utf-16-without-bom": ("x.csv", CSV.decode().encode("utf-16-le"), ["row 0", "NUL"]),
    "latin-5": ("x.csv", CSV.decode().encode("iso-8859-9"), ["row 1", "0xf0, is not UTF-8", "save the file as UTF-8"]),
    "two-boms": ("x.csv", b"\xef\xbb\xbf\xef\xbb\xbf" + CSV, ["row 0", "no column question", "\\ufeffquestion"]),
    "other-delimiter": ("x.csv", CSV.replace(b",", b"|"), ["row 0", "no column", "columns: question|answer|label"]),
    "json-named-csv": ("x.csv", b'{"question": "q"}\n', ["row 0", "name that ends with .jsonl"]),
    "old-mac": ("x.csv", CSV.replace(b"\n", b"\r"), ["row 0", "carriage return"]),
    "mixed-crlf-first": ("x.csv", CSV.replace(b"\n", b"\r\n", 2), ["row 2", "carriage return"]),
    "mixed-lf-first": ("x.csv", CSV[:-1] + b"\r\n", ["row 2", "carriage return"]),
    "empty-line": ("x.csv", (HEADER + "q,a,1\n\nr,b,1\n").encode(), ["row 2", "line is empty", "remove"]),
    "empty-json-line": ("x.jsonl", b'{"question": "q", "answer": "a", "label": 1}\n\n{}', ["row 2", "line is empty"]),
    "too-few-cells": ("x.csv", (HEADER + "q,a,1\nq,a\n").encode(), ["row 2", "2 cells, but 3 in the header"]),
    "too-many-cells": ("x.csv", (HEADER + "q,a,b,1\n").encode(), ["row 1", "4 cells, but 3", "quote a cell that contains ','"]),
    "column-twice": ("x.csv", b"question,SORU,answer,label\nq,q,a,1\n", ["row 0", "'question' occurs twice"]),
    "member-twice": ("x.jsonl", b'{"question": "q", "soru": "r", "answer": "a", "label": 1}', ["row 1", "a column twice"]),
    "list-as-topic": ("x.jsonl", b'{"question": "q", "answer": "a", "label": 1, "topic": ["x"]}', ["row 1", "topic is ['x']"]),
    "object-as-label": ("x.jsonl", b'{"question": "q", "answer": "a", "label": {"a": "%s"}}' % (b"b" * 99), ["row 1", "bbb…;"]),
    "quote-never-closed": ("x.csv", (HEADER + 'q,a,1\nq,"a,1\n' + "r,b,1\n" * 9).encode(), ["row 2", "quotation mark"]),
    "long-cell": ("x.csv", (HEADER + f"q,{'a' * 200_000},1\n").encode(), ["row 1", "field larger"]),
    "long-line": (
        "x.csv",
        (HEADER + "q,a,1\n" + "q" * (LONGEST_LINE + 1)).encode(),
        ["row 2", "longer than", f"'{'q' * 60}'…"],
    ),
    "long-topic": ("x.csv", f"{HEADER[:-1]},topic\nq,a,1,{'x' * 10_001}\n".encode(), ["row 1", "topic has 10001 characters"]),
    "long-header": ("x.csv", b'"' + b"\n" * (LONGEST_LINE + 5), ["row 0", "quotation mark"]),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_an_error_that_names_file_row_and_rule(tmp_path: Path, case: str) -> None:
    name, content, words = BAD[case]
    message = error_of(tmp_path, content, name)
    assert message.startswith(str(tmp_path / name))
    for word in words:
        assert word in message
    assert len(message) < len(str(tmp_path)) + 400


@pytest.mark.parametrize("label", ["1.0", "true", "True", "doğru", "0", "", "−1", "1,0", "x" * 5000])
def test_labels_that_are_not_1_or_minus_1_are_errors(tmp_path: Path, label: str) -> None:
    message = error_of(tmp_path, f'{HEADER}q,a,1\nq,b,"{label}"\n'.encode())
    assert "x.csv, row 2 (the header not counted): the label is '" in message
    assert "it must be 1 or -1" in message
    assert len(message) < len(str(tmp_path)) + 200


INVISIBLE = {
    "bell": "\x07",
    "escape": "\x1b",
    "delete": "\x7f",
    "next-line": "\x85",
    "unit-separator": "\x1f",
    "inner-tab": "\t",
    "line-separator": "\u2028",
    "paragraph-separator": "\u2029",
    "right-to-left-override": "\u202e",
    "isolate": "\u2066",
    "right-to-left-mark": "\u200f",
    "arabic-letter-mark": "\u061c",
    "zero-width-space": "\u200b",
    "word-joiner": "\u2060",
    "byte-order-mark": "\ufeff",
    "soft-hyphen": "\xad",
}


@pytest.mark.parametrize("column", ["question", "answer", *OPTIONAL])
@pytest.mark.parametrize("character", INVISIBLE.values(), ids=list(INVISIBLE))
def test_an_invisible_character_is_an_error_in_every_text(tmp_path: Path, column: str, character: str) -> None:
    names = ("question", "answer", "label", *OPTIONAL)
    valid = ["q", "a", "1", *(name[0] for name in OPTIONAL)]
    cells = list(valid)
    cells[names.index(column)] = f"ab{character}cd"
    content = "\n".join(",".join(line) for line in (names, valid, cells)).encode()
    message = error_of(tmp_path, content)
    assert f"x.csv, row 2 (the header not counted): the {column} contains U+{ord(character):04X} (" in message
    assert f"at {f'ab{character}cd'!r}; remove it" in message
    assert character not in message


def test_a_nul_that_json_escapes_is_found(tmp_path: Path) -> None:
    assert "U+0000" in error_of(tmp_path, b'{"question": "a\\u0000b", "answer": "a", "label": 1}', "x.jsonl")


@pytest.mark.parametrize("text", ["e\u0301", "👩\u200d🔬", "می\u200cخواهم", "a\xa0b"])
def test_letters_that_are_joined_or_accented_are_texts(tmp_path: Path, text: str) -> None:
    assert rows_of(tmp_path, f"{HEADER}{text},a,1\n".encode()) == [Row(text, "a", 1)]


def test_line_breaks_are_errors_in_optional_columns_too(tmp_path: Path) -> None:
    assert "the topic contains U+000A" in error_of(tmp_path, f'{HEADER[:-1]},topic\nq,a,1,"x\ny"\n'.encode())


def test_a_folder_a_pipe_and_a_device_are_named_as_such(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, kind in (
        (tmp_path, "Is a directory"),
        (tmp_path / "pipe", "it is a pipe"),
        (Path("/dev/zero"), "it is a device"),
    ):
        with pytest.raises(DataError, match=f"{path} cannot be read: {kind}"):
            read(path)


def test_a_missing_file_is_named_with_its_line_feed_escaped(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file") as error:
        read(tmp_path / "a\nerror: b\x1b.csv")
    assert "a\\nerror: b\\x1b.csv cannot be read" in str(error.value)


def test_a_line_feed_in_a_name_is_escaped_where_a_row_is_named(tmp_path: Path) -> None:
    assert "a\\nb.csv, row 1 (" in error_of(tmp_path, f"{HEADER}q,a,2\n".encode(), "a\nb.csv")


def test_there_is_a_limit_to_the_number_of_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 1)
    assert "x.csv, row 2 (the header not counted): a file may have at most 1 rows" in error_of(tmp_path, CSV)
