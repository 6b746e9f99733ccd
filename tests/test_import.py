"""`optbench data import` and `freeze` in real processes: what they refuse and warn of, and what enormous files cost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from processes import PATIENCE, Bench, is_harmless, is_one_line

from optbench.data.loader import load
from optbench.registry import Registry

HEADER = b"question,answer,label\n"
SIZE = 100_000_000
MOST_MEMORY = 200_000_000
# The peak of this process alone: ru_maxrss would begin at that of the process that started it, which is the tests' own.
PEAK = """
import atexit, re, sys
def tell():
    with open("/proc/self/status") as file:
        print(re.search(r"VmHWM:\\s+(\\d+) kB", file.read())[1], file=sys.stderr)
atexit.register(tell)
from optbench.cli import main
main()
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"))


@dataclass(frozen=True)
class Huge:
    """A file of 100 MB, and what is said of it."""

    name: str
    write: Callable[[Path], None]
    said: tuple[str, ...]


def filled(start: bytes, repeated: bytes, end: bytes = b"") -> Callable[[Path], None]:
    def write(path: Path) -> None:
        block = repeated * (1_000_000 // len(repeated))
        with path.open("wb") as file:
            file.write(start)
            for _ in range(SIZE // len(block)):
                file.write(block)
            file.write(end)

    return write


def nuls(path: Path) -> None:
    path.touch()
    os.truncate(path, SIZE)


HUGE = {
    "line": Huge("x.csv", filled(HEADER + b"q,a,1\n", b"a"), ("row 2", "the line is longer than")),
    "cell": Huge("x.csv", filled(HEADER + b"q,", b"a", b",1\n"), ("row 1", "the line is longer than")),
    "quoted-cell": Huge("x.csv", filled(HEADER + b'q,"', b"a ", b'",1\n'), ("row 1", "the line is longer than")),
    "cells": Huge("x.csv", filled(HEADER, b","), ("row 1", "the line is longer than")),
    "header": Huge("x.csv", filled(b"", b"question,"), ("row 0", "the line is longer than")),
    "open-quote": Huge("x.csv", filled(HEADER + b'q,a,1\nq,"', b"a,1\nq,"), ("row 2", "quotation mark is missing")),
    "open-quote-in-header": Huge(
        "x.csv", filled(b'"question,answer,label\n', b"q,a,1\n"), ("row 0", "quotation mark is missing")
    ),
    "nuls": Huge("x.csv", nuls, ("row 0", "a NUL character")),
    "old-mac": Huge("x.csv", filled(b"question,answer,label\r", b"q,a,1\r"), ("row 0", "a carriage return")),
    "json-line": Huge("x.jsonl", filled(b'{"question": "', b"a"), ("row 1", "the line is longer than")),
    "json-brackets": Huge(
        "x.jsonl", filled(b'{"question": "q", "answer": "a", "label": 1}\n', b"["), ("row 2", "the line is longer than")
    ),
    "json-nuls": Huge("x.jsonl", nuls, ("row 1", "a NUL character")),
    "pair": Huge("x.jsonl", filled(b'{"index": 0, "correct_answer": "', b"a"), ("row 1", "the line is longer than")),
}


@pytest.mark.parametrize("command", ["import", "freeze"])
@pytest.mark.parametrize("case", HUGE)
def test_a_file_of_100_mb_costs_little_memory_and_is_explained(bench: Bench, tmp_path: Path, case: str, command: str) -> None:
    huge = HUGE[case]
    path = tmp_path / huge.name
    huge.write(path)
    words = {"import": ["import", "--train", str(path), "--test", "test.csv"], "freeze": ["freeze", str(path)]}[command]
    done = subprocess.run(
        [sys.executable, "-c", PEAK, "data", *words, "--name", "huge"],
        cwd=bench.folder,
        env=bench.environment({}),
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=PATIENCE,
    )
    path.unlink()
    message, peak = done.stderr.splitlines()
    assert done.returncode == 2
    assert message.startswith(f"error: {path}, {huge.said[0]} (")
    assert huge.said[1] in message
    assert len(message) < len(str(path)) + 400
    assert int(peak) * 1024 < MOST_MEMORY
    assert not (bench.folder / ".optbench" / "datasets" / "huge").exists()


def test_warnings_do_not_stop_an_import(bench: Bench) -> None:
    rows = b"q,a,1\nq,b,-1\nr,a,1\nr,b,-1\nq,a,1\n"
    (bench.folder / "repeated.csv").write_bytes(HEADER + rows)
    words = ("--train", "repeated.csv", "--test", "test.csv", "--validation-share", "0.5", "--name", "repeated")
    done = bench.run("data", "import", *words)
    assert done.code == 0, done.err
    assert done.out == ""
    lines = done.err.splitlines()
    assert lines[0].startswith(
        "warning: repeated.csv, row 5 (the header not counted): question, answer and label are those of row 1; 1 row"
    )
    assert [line.split(" has ")[0] for line in lines[1:4]] == [
        f"warning: the {name} split" for name in ("train", "validation", "test")
    ]
    assert "fewer than 30" in lines[1]


def test_warnings_do_not_stop_a_freeze(bench: Bench) -> None:
    rows = [f"soru {i},yanıt {i} {label},{label}" for i in range(20) for label in (1, -1)]
    (bench.folder / "rows.csv").write_text("\n".join(["question,answer,label", *rows, rows[0]]), encoding="utf-8")
    done = bench.run("data", "freeze", "rows.csv", "--name", "frozen")
    assert done.code == 0, done.err
    assert is_one_line(
        done.err, "warning: rows.csv, row 41 (the header not counted): question, answer and label are those of row 1"
    )
    assert is_one_line(done.err, "warning: the test split has ")


REFUSED = {
    "leak": (
        b"q,a,1\nq,b,-1\nA\xc4\x9f  NED\xc4\xb0R,a,1\n",
        "row 3 (the header not counted): the question 'Ağ  NEDİR' is also in",
    ),
    "control": (b"q,a\x1b[31m,1\n", "row 1 (the header not counted): the answer contains U+001B"),
    "direction": (b"q,a\xe2\x80\xaeb,1\n", "row 1 (the header not counted): the answer contains U+202E"),
    "both-labels": (b"q,a,1\nq,a,-1\n", "row 2 (the header not counted): the answer 'a' to the question 'q'"),
    "one-label": (b"q,a,1\nr,b,1\n", "rows 1 to 2: every label"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_import_ends_with_2_one_harmless_line_and_no_dataset(bench: Bench, case: str) -> None:
    rows, words = REFUSED[case]
    (bench.folder / "bad.csv").write_bytes(HEADER + rows)
    (bench.folder / "first.csv").write_text("question,answer,label\nağ nedir?,evet,1\nağ nedir?,olmaz,-1\n", encoding="utf-8")
    done = bench.run("data", "import", "--train", "first.csv", "--test", "bad.csv", "--name", "refused")
    assert (done.code, done.out) == (2, "")
    assert is_one_line(done.err, f"error: bad.csv, {words}")
    assert len(done.err.splitlines()) == 1
    assert is_harmless(done.err)
    assert not (bench.folder / ".optbench" / "datasets" / "refused").exists()


def test_the_shipped_dataset_satisfies_the_rules_of_import(bench: Bench, registry: Registry) -> None:
    shipped = load(registry.find("dataset", "qa-tr").cls.folder)
    files = [word for name in ("train", "validation", "test") for word in (f"--{name}", str(shipped.folder / f"{name}.csv"))]
    done = bench.run("data", "import", *files, "--name", "copy")
    assert (done.code, len(done.err.splitlines())) == (0, 1), done.err
    assert load(bench.folder / ".optbench" / "datasets" / "copy").digest == shipped.digest
