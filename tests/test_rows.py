from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from optbench.core.errors import DataError
from optbench.data.rows import OPTIONAL, Row, parse, write_csv

ROWS = [Row("Ağ nedir?", 'Bağlı "düğümler", yani.', 1), Row("Ağ nedir?", "Yanlış, bu.", -1)]


def test_csv_that_was_written_is_read() -> None:
    assert parse(write_csv(ROWS), "x.csv") == ROWS


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
def test_formats_that_are_read(file: str, content: str) -> None:
    assert parse(content.encode(), file) == ROWS


HEADER = "question,answer,label\n"


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("x.csv", b"", ["empty", "question, answer, label"]),
        ("x.csv", HEADER.encode(), ["no rows"]),
        ("x.csv", b"question,answer\nq,a\n", ["row 0", "no column label", "columns: question, answer"]),
        ("x.csv", b"question,soru,answer,label\nq,q,a,1\n", ["row 0", "'question' occurs twice"]),
        ("x.csv", (HEADER + "q,a,1\nq,a\n").encode(), ["row 2", "2 cells, but 3 in the header"]),
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
def test_an_error_names_file_row_and_rule(file: str, content: bytes, words: list[str]) -> None:
    with pytest.raises(DataError) as error:
        parse(content, f"folder/{file}")
    assert f"folder/{file}" in str(error.value)
    for word in words:
        assert word in str(error.value)


GOOD = {"question": "q", "answer": "a", "label": 1}
SURROGATE = {
    column: (GOOD | {column: "x \ud800"}, f"the {column} contains half of a surrogate")
    for column in ("question", "answer", *OPTIONAL)
}
BAD_LINES = {**SURROGATE, "label": (GOOD | {"label": "\udfff"}, "the label is '\\udfff'")}


@pytest.mark.parametrize("column", BAD_LINES)
def test_a_lone_surrogate_is_an_error_in_every_column(column: str) -> None:
    record, words = BAD_LINES[column]
    content = "\n".join(json.dumps(line) for line in (GOOD, record)).encode()
    with pytest.raises(DataError) as error:
        parse(content, "x.jsonl")
    assert f"x.jsonl, row 2 (the header not counted): {words}" in str(error.value)


def test_a_pair_of_surrogates_is_a_character() -> None:
    (row,) = parse(json.dumps(GOOD | {"question": "😀"}).encode(), "x.jsonl")
    assert row.question == "😀"


BAD_FILES = [
    *((f"x-{column}.jsonl", json.dumps(record).encode(), words) for column, (record, words) in BAD_LINES.items()),
    *(
        (f"x-{column}.csv", f"{','.join([*GOOD, *OPTIONAL])}\n{cells}\n".encode("latin-1"), "is not UTF-8")
        for column, cells in {"question": "é,a,1,,,", "answer": "q,é,1,,,", "label": "q,a,é,,,", "group": "q,a,1,,,é"}.items()
    ),
]


@pytest.mark.parametrize(("name", "content", "words"), BAD_FILES, ids=[name for name, _, _ in BAD_FILES])
def test_a_bad_file_ends_the_import_with_2_and_nothing_is_written(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / "good.csv").write_bytes(write_csv(ROWS))
    (tmp_path / name).write_bytes(content)
    command = [sys.executable, "-c", "from optbench.cli import main; main()", "data", "import", "--name", "new"]
    done = subprocess.run(
        [*command, "--train", "good.csv", "--test", name], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {name}, row 1")
    assert words in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"good.csv", name}


def test_bad_text_in_an_option_is_a_usage_error(tmp_path: Path) -> None:
    names = ("train", "validation", "test")
    for name in names:
        (tmp_path / name).write_bytes(write_csv([Row(name, "a", 1), Row(name, "b", -1)]))
    splits = [word for name in names for word in (f"--{name}", name)]
    command = [sys.executable, "-c", "from optbench.cli import main; main()", "data", "import", "--name", "new", *splits]
    done = subprocess.run([*command, "--title", b"\xff"], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 2, done.stderr
    assert "title: " in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == set(names)
