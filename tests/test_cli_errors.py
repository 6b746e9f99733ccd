from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import QUICK, Bench, is_harmless, is_one_line

NARROW = ("-m", "single-layer", "-e", "letters", "-d", "tiny", "--epochs", "2", "--seeds", "0")
LONG = "a" * 5000


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    made = Bench(tmp_path_factory.mktemp("bench"))
    assert made.run("run", "-o", "sgd", "--no-report", *NARROW).code == 0
    (made.folder / "folder").mkdir()
    return made


def sgd(*words: str) -> tuple[str, ...]:
    return ("run", "-o", "sgd", *QUICK, *words)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("run",), 5, "--all"),
        (("run", "-o", "", *QUICK), 2, "expected a name"),
        (("run", "-o", "rmsporp", *QUICK), 2, "did you mean 'rmsprop'?"),
        (("run", "-o", "sgd[", *QUICK), 2, "character 5"),
        (("run", "-o", "sgd]\x1b[31m", *QUICK), 2, "character 4"),
        (("run", "-o", "sgd[lr=-1]", *QUICK), 2, "outside its range"),
        (("run", "-o", "sgd[lr=nan]", *QUICK), 2, "not finite"),
        (("run", "-o", f"sgd[lr={'1' * 5000}]", *QUICK), 2, "not finite"),
        (("run", "-o", f"sgd[lr={'(' * 5000}", *QUICK), 2, "nested too deeply"),
        (("run", "-o", "sgd[rate=1]", *QUICK), 2, "no hyper-parameter 'rate'"),
        (("run", "-o", "sgd", "-m", "two-layer-mlp[hidden=true]", "-d", "tiny"), 2, "a valid integer"),
        (sgd("--seeds", ""), 2, "cannot read the seeds"),
        (sgd("--seeds", "-1"), 2, "cannot read the seeds"),
        (sgd("--seeds", "5-1"), 2, "its least seed first"),
        (sgd("--seeds", "9" * 20), 2, "too long"),
        (sgd("--seeds", "9" * 5000), 2, "cannot read the seeds"),
        (sgd("-k", "and"), 2, "cannot read -k"),
        (sgd("-k", "(" * 5000), 2, "nested too deeply"),
        (sgd("-k", "not " * 5000 + "sgd"), 2, "nested too deeply"),
        (sgd("-k", "zzz"), 5, "matches no run"),
        (sgd("-d", "tinny"), 2, "did you mean 'tiny'?"),
        (sgd("-d", ""), 2, "no dataset named ''"),
        (sgd("-d", LONG), 2, "no dataset named"),
        (sgd("-d", "bytes\udcff"), 2, "no dataset named"),
        (sgd("-d", "folder"), 2, "folder is not a dataset"),
        (sgd("--loss", "sqared"), 2, "did you mean 'squared'?"),
        (sgd("--loss", "squared|clip[norm=1]"), 2, "wrappers go around optimizers, not around a loss"),
        (sgd("--loss", "cross-entropy[report=recall]"), 2, "'accuracy' or 'balanced-accuracy'"),
        (sgd("--loss", "squared"), 2, "is for numbers as targets, and the dataset has 2 classes: use cross-entropy"),
        (("run", "-o", "sgd", "-d", "spirals", "-e", "letters"), 2, "has rows of numbers; use one of raw, standardized"),
        (("run", "-o", "sgd", "-d", "tiny", "-e", "raw"), 2, "'raw' takes rows of numbers, and dataset 'tiny' has texts"),
        (sgd("--baseline", "adm"), 2, "there is no baseline 'adm'; it is none of the optimizers that are compared: sgd"),
        (sgd("--baseline", "sdg"), 2, "did you mean 'sgd'?"),
        (("report", "--baseline", "adam"), 2, "there is no baseline 'adam'"),
        (("report", "--track", "tuned"), 5, "nothing to report"),
        (sgd("--store", "train.csv/runs.sqlite"), 4, "cannot be used"),
        (sgd("--store", ""), 4, "cannot be used"),
        (("show", "--store", "none.sqlite"), 4, "there is no store at none.sqlite"),
        (("show", "--store", LONG), 4, "cannot be used"),
        (("show", "zz"), 2, "no stored run"),
        (("report", "--store", "none.sqlite"), 4, "there is no store"),
        (("verify", "--store", "none.sqlite"), 4, "there is no store"),
        (("run", "-o", "sgd", *NARROW, "--report", "train.csv/page.html"), 3, "cannot write the report"),
        (("run", "-o", "sgd", *NARROW, "--report", f"/proc/{LONG}"), 3, "cannot write the report"),
        (("run", "--config", "none.toml"), 2, "no file 'none.toml'"),
        (("run", "--config", ""), 2, "no file ''"),
        (("run", "--config", "folder"), 2, "no file 'folder'"),
        (("run", "--config", "/proc/self/mem"), 2, "cannot be read"),
        (("run", "--config", LONG), 2, "cannot be read"),
        (("data", "import", "--train", "train.csv", "--test", "test.csv", "--name", "../x"), 2, "is not a valid name"),
        (("data", "import", "--train", "train.csv", "--test", "test.csv", "--name", "tiny"), 2, "already exists"),
        (("data", "import", "--train", "folder", "--test", "test.csv", "--name", "x"), 2, "Is a directory"),
        (("data", "info", "nope"), 2, "no dataset named 'nope'"),
    ],
)
def test_strange_input_is_one_clear_line(bench: Bench, words: tuple[str, ...], code: int, said: str) -> None:
    ended = bench.run(*words)
    assert ended.code == code, ended.err
    assert is_one_line(ended.err, "error: "), ended.err
    assert said in ended.err
    assert is_harmless(ended.err)
    assert not ended.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--epochs", "0"), "--epochs"),
        (("--epochs", "-3"), "--epochs"),
        (("--batch-size", "none"), "--batch-size"),
        (("--timeout", "nan"), "--timeout"),
        (("--timeout", "-1"), "--timeout"),
        (("-j", "0"), "--jobs"),
        (("-p", "yes:lion"), "no:NAME"),
        (("--store", "folder"), "is a directory"),
        (("--report", "folder"), "is a directory"),
        (("--sedes", "3"), "--seeds"),
    ],
)
def test_a_bad_option_names_itself(bench: Bench, words: tuple[str, ...], said: str) -> None:
    ended = bench.run(*sgd(*words))
    assert ended.code == 2, ended.err
    assert said in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"optimisers = ['sgd']", "did you mean 'optimizers'?"),
        (b"epochs = 'x'", "epochs = 'x'"),
        (b"optimizers = 'sgd'", "optimizers = 'sgd'"),
        (b"seeds = [-1]", "cannot read the seeds"),
        (b"timeout = nan", "timeout = nan"),
        (b"=", "cannot be read as TOML"),
        (b"\xff\xfe", "cannot be read as TOML"),
        (b"x = " + b"[" * 5000, "nested too deeply"),
        (b'optimizers = ["sgd"]\ndatasets = ["a\\u0000b"]', "no dataset named"),
    ],
)
def test_a_broken_configuration_is_refused_with_the_key(bench: Bench, text: bytes, said: str) -> None:
    (bench.folder / "x.toml").write_bytes(text)
    ended = bench.run("run", "--config", "x.toml")
    assert ended.code == 2, ended.err
    assert is_one_line(ended.err, "error: "), ended.err
    assert said in ended.err


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x.csv", "question,answer,label\na?,b,1\nc?,d,0\n", "x.csv, row 2 (the header not counted): the label is '0'"),
        ("x.csv", "question,answer,label\na?,,1\n", "x.csv, row 1 (the header not counted): the answer is empty"),
        ("x.csv", "question,answer,label\n  ,b,1\n", "x.csv, row 1 (the header not counted): the question is empty"),
        ("x.csv", "question,answer,label\na?,b,1\nb?,b,1\nc?,b,1\nGüneş nedir?,b,1\n", "is also in x.csv, row 4"),
        ("x.csv", "question,answer\na?,b\n", "no column label"),
        ("x.csv", "", "x.csv is empty"),
        ("x.jsonl", "[" * 100_000, "x.jsonl, row 1"),
        ("x.jsonl", '{"question": "a?", "answer": "b", "label": ' + "1" * 5000 + "}", "x.jsonl, row 1"),
    ],
)
def test_a_bad_row_is_refused_with_file_and_row(bench: Bench, name: str, text: str, said: str) -> None:
    (bench.folder / name).write_text(text, encoding="utf-8")
    ended = bench.run("data", "import", "--train", name, "--test", "test.csv", "--name", "bad")
    assert ended.code == 2, ended.err
    assert is_one_line(ended.err, "error: "), ended.err
    assert said in ended.err
    assert not (bench.folder / ".optbench/datasets/bad").exists()


def test_two_spellings_of_a_question_stay_on_one_side(bench: Bench) -> None:
    rows = [f"{question} {number}?,b{label},{label}" for number in range(9) for question, label in (("Ne", 1), ("ne", -1))]
    (bench.folder / "x.csv").write_text("\n".join(["question,answer,label", *rows, ""]), encoding="utf-8")
    ended = bench.run("data", "import", "--train", "x.csv", "--test", "test.csv", "--name", "spelt")
    assert ended.code == 0, ended.err
    assert bench.run("data", "info", "spelt").code == 0


def test_a_share_that_is_no_number_is_refused(bench: Bench) -> None:
    files = ("--train", "train.csv", "--test", "test.csv")
    ended = bench.run("data", "import", *files, "--name", "share", "--validation-share", "nan")
    assert (ended.code, "Traceback" in ended.err, "--validation-share" in ended.err) == (2, False, True)


def test_a_changed_file_of_a_dataset_is_refused_once_and_before_any_run(bench: Bench) -> None:
    folder = bench.folder / ".optbench/datasets/changed"
    shutil.copytree(folder.parent / "tiny", folder)
    (folder / "test.csv").write_bytes((folder / "test.csv").read_bytes().replace(b",1\n", b",-1\n", 1))
    for words in (sgd("-d", str(folder), "--seeds", "0-3", "--store", "changed.sqlite"), ("data", "verify", "changed")):
        ended = bench.run(*words)
        assert ended.code == 2, ended.err
        assert is_one_line(ended.err, "error: "), ended.err
        assert f"{folder.name}/test.csv is not the file that was frozen" in ended.err
    shutil.rmtree(folder)


def test_a_broken_dataset_does_not_hide_the_others(bench: Bench) -> None:
    folder = bench.folder / ".optbench/datasets/broken"
    folder.mkdir()
    (folder / "manifest.json").write_text("{", encoding="utf-8")
    datasets, embedders = (bench.run("list", kind, "--json") for kind in ("datasets", "embedders"))
    shutil.rmtree(folder)
    for ended, names in ((datasets, {"qa-tr", "tiny"}), (embedders, {"hashing", "minilm"})):
        assert ended.code == 0
        assert is_one_line(ended.err, "warning: ")
        assert names <= {row["name"] for row in ended.rows}


def change(path: Path, *statements: str) -> None:
    database = sqlite3.connect(path)
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE runs SET spec = '{'", "is corrupt"),
        ("""UPDATE runs SET spec = replace(spec, '"epochs":2', '"epochs":3')""", "its key or identity is not that of the spec"),
        ("UPDATE runs SET arrays = x'00'", "SHA-256 of its arrays"),
        ("DROP TABLE runs", "no such table"),
        ("PRAGMA user_version = 9", "version 9"),
        ("PRAGMA application_id = 7", "no store of optbench"),
    ],
)
def test_a_corrupt_store_is_said_to_be_so(bench: Bench, tmp_path: Path, statement: str, said: str) -> None:
    path = tmp_path / "runs.sqlite"
    shutil.copy(bench.folder / ".optbench/runs.sqlite", path)
    change(path, statement)
    for words in (("show",), sgd("--seeds", "0")):
        ended = bench.run(*words, "--store", str(path))
        assert ended.code == 4, ended.err
        assert is_one_line(ended.err, "error: "), ended.err
        assert said in ended.err


@pytest.mark.parametrize("kind", ["text", "truncated", "foreign"])
def test_a_file_that_is_no_store_is_refused_and_left_as_it_was(bench: Bench, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    if kind == "foreign":
        change(path, "CREATE TABLE theirs (a)")
    else:
        store = (bench.folder / ".optbench/runs.sqlite").read_bytes()
        path.write_bytes(b"no database at all, " * 500 if kind == "text" else store[:5000])
    before = path.read_bytes()
    ended = bench.run(*sgd("--store", str(path)))
    assert ended.code == 4, ended.err
    assert is_one_line(ended.err, "error: "), ended.err
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


@pytest.fixture
def locked(bench: Bench, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "runs.sqlite"
    shutil.copy(bench.folder / ".optbench/runs.sqlite", path)
    holder = sqlite3.connect(path)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    yield path
    holder.close()


def test_a_locked_store_is_said_to_be_so(bench: Bench, locked: Path) -> None:
    ended = bench.run("show", "--store", str(locked))
    assert ended.code == 4, ended.err
    assert is_one_line(ended.err, "error: "), ended.err
    assert "another process has locked it" in ended.err


def test_a_command_line_that_is_no_utf8_does_not_cost_the_report(bench: Bench) -> None:
    ended = bench.run("run", "-o", "sgd", *NARROW, "--report", "page\udcff.html")
    assert ended.code == 0, ended.err
    assert b"page\\udcff.html" in (bench.folder / "page\udcff.html").read_bytes()


def test_nothing_stored_is_nothing_to_report(bench: Bench) -> None:
    (bench.folder / "empty.sqlite").touch()
    for words in (("report",), ("verify",)):
        ended = bench.run(*words, "--store", "empty.sqlite")
        assert (ended.code, is_one_line(ended.err, "error: ")) == (5, True)


def test_sizes_beyond_memory_end_their_own_run(bench: Bench) -> None:
    wide = "two-layer-mlp[hidden=1000000000000]"
    ended = bench.run("run", "-o", "sgd", *NARROW, "-m", wide, "--no-report", "--json", "--batch-size", "9" * 30)
    assert ended.code == 1, ended.err
    assert {row["architecture_label"]: row["status"] for row in ended.rows} == {"single-layer": "ok", wide: "failed"}


def test_a_reader_that_leaves_early_is_no_error(bench: Bench) -> None:
    for more in ((), ("--json",)):
        process = bench.start("list", "optimizers", *more)
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        said = process.stderr.read()
        process.stderr.close()
        assert process.wait() == 0
        assert said == ""


def test_an_end_of_file_is_an_error_of_ours_and_no_interrupt() -> None:
    code = """
import sys
from optbench import cli

def raises(**options):
    raise {error}("why")

sys.argv = ["optbench", "doctor"]
cli.cli.commands["doctor"].callback = raises
cli.main()
"""
    for error, exit_code in (("EOFError", 3), ("KeyboardInterrupt", 130)):
        done = subprocess.run([sys.executable, "-c", code.format(error=error)], capture_output=True, text=True, check=False)
        assert done.returncode == exit_code, done.stderr
        assert ("EOFError: why" in done.stderr) == (exit_code == 3)
        assert "Traceback" not in done.stderr
