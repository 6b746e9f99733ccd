from __future__ import annotations

import pytest

from optbench.core.errors import DataError
from optbench.data.rows import Row, parse, write_csv

ROWS = [Row("Ağ nedir?", 'Bağlı "düğümler", yani.', 1), Row("Ağ nedir?", "Yanlış, bu.", -1)]


def test_csv_goes_round() -> None:
    assert parse(write_csv(ROWS), "x.csv") == ROWS


def test_lines_may_end_as_spreadsheets_end_them_where_that_is_said() -> None:
    content = write_csv(ROWS).replace(b"\n", b"\r\n")
    assert parse(content, "x.csv", crlf=True) == ROWS
    for mixed in (content.replace(b"\r\n", b"\n", 1), content.replace(b"\r\n", b"\r", 1)):
        with pytest.raises(DataError, match="carriage return"):
            parse(mixed, "x.csv", crlf=True)


def test_optional_columns_are_written_where_used() -> None:
    rows = [Row("q", "a", 1, topic="fizik", kind="plausible")]
    assert write_csv(rows).decode() == "question,answer,label,topic,kind\nq,a,1,fizik,plausible\n"
    assert parse(write_csv(rows), "x.csv") == rows


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("x.csv", 'soru,cevap,etiket\nAğ nedir?,"Bağlı ""düğümler"", yani.",1\nAğ nedir?,"Yanlış, bu.",-1\n'),
        ("x.csv", 'label,question,extra,answer\n+1,Ağ nedir?,x,"Bağlı ""düğümler"", yani."\n -1 , Ağ nedir?,,"Yanlış, bu."\n'),
        (
            "x.jsonl",
            """{"question": "Ağ nedir?", "answer": "Bağlı \\"düğümler\\", yani.", "label": 1}
{"soru": "Ağ nedir?", "cevap": "Yanlış, bu.", "etiket": "-1"}
""",
        ),
    ],
)
def test_forms_that_are_read(file: str, content: str) -> None:
    assert parse(content.encode(), file) == ROWS


HEADER = "question,answer,label\n"


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("x.csv", b"", ["empty", "question, answer, label"]),
        ("x.csv", HEADER.encode(), ["no rows"]),
        ("x.csv", b"question,answer\nq,a\n", ["row 0", "no column label", "found: question, answer"]),
        ("x.csv", b"question,soru,answer,label\nq,q,a,1\n", ["row 0", "'question' stands twice"]),
        ("x.csv", (HEADER + "q,a,1\nq,a\n").encode(), ["row 2", "2 cells where the header has 3"]),
        ("x.csv", (HEADER + "q,a,0\n").encode(), ["row 1", "label is '0'", "1 or -1"]),
        ("x.csv", (HEADER + "q,a,1.0\n").encode(), ["row 1", "'1.0'"]),
        ("x.csv", (HEADER + "q,a,1\n  ,a,1\n").encode(), ["row 2", "question is empty"]),
        ("x.csv", (HEADER + "q,,1\n").encode(), ["row 1", "answer is empty"]),
        ("x.csv", b"\xef\xbb\xbf" + HEADER.encode(), ["row 0", "byte-order mark"]),
        ("x.csv", (HEADER + "q,a,1\n").replace("\n", "\r\n").encode(), ["row 0", "carriage return"]),
        ("x.csv", (HEADER + "q,a,1\nq,\x00,1\n").encode(), ["row 2", "NUL"]),
        ("x.csv", (HEADER + "q,ığ,1\n").encode("iso-8859-9"), ["row 1", "not UTF-8"]),
        ("x.csv", (HEADER + '"q\nr",a,1\n').encode(), ["row 1", "question contains a line break"]),
        ("x.csv", (HEADER + 'q,"a,1\n').encode(), ["row 1", "not CSV"]),
        ("x.csv", (HEADER + 'q,"a"b,1\n').encode(), ["row 1", "not CSV"]),
        ("x.csv", (HEADER + "q," + "a" * 10_000_000 + ",1\n").encode(), ["row 1", "field larger than field limit"]),
        ("x.csv", (HEADER + "q," + "a" * 10_001 + ",1\n").encode(), ["row 1", "10001 characters"]),
        ("x.jsonl", b'{"question": "q"\n', ["row 1", "not JSON"]),
        ("x.jsonl", b"[1]\n", ["row 1", "not a JSON object"]),
        ("x.jsonl", b'{"question": "q", "answer": "a"}\n', ["row 1", "label is None"]),
        ("x.jsonl", b'{"question": "q", "answer": "a", "label": true}\n', ["row 1", "True"]),
        ("x.jsonl", b'{"question": "q", "answer": "a", "label": 1.0}\n', ["row 1", "1.0"]),
        ("x.jsonl", b'{"question": "q", "answer": "a", "label": 1}\n\xff\n', ["row 2", "not UTF-8"]),
        ("x.jsonl", b'{"question": 5, "answer": "a", "label": 1}\n', ["row 1", "question is empty"]),
    ],
)
def test_what_is_refused_names_file_row_and_rule(file: str, content: bytes, words: list[str]) -> None:
    with pytest.raises(DataError) as refusal:
        parse(content, f"folder/{file}")
    assert f"folder/{file}" in str(refusal.value)
    for word in words:
        assert word in str(refusal.value)
