from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from processes import QUICK, Bench, digests

NARROW = ("-d", "tiny", "--epochs", "3", "--batch-size", "4", "--no-report", "--json")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_neither_workers_nor_order_change_a_bit(bench: Bench, dtype: str) -> None:
    optimizers = ("-o", "sgd", "-o", "adam", "-o", "gd", "-o", "adam[lr=0.01]")
    architectures = ("-m", "two-layer-mlp[hidden=8]", "-m", "recursive-mlp")
    embedders = ("-e", "tfidf", "-e", "hashing")
    common = ("--dtype", dtype, *NARROW)
    one = bench.run("run", *optimizers, *architectures, *embedders, "--seeds", "0,1", "-j1", "--store", "one.sqlite", *common)
    other = (*reversed_pairs(embedders), *reversed_pairs(architectures), *reversed_pairs(optimizers))
    two = bench.run("run", *other, "--seeds", "1,0", "-j2", "--store", "two.sqlite", *common)
    assert (one.code, two.code) == (0, 0), one.err + two.err
    assert len(digests(one.rows)) == 32
    assert digests(one.rows) == digests(two.rows)
    assert len(set(digests(one.rows).values())) == 32


def reversed_pairs(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for at in range(len(words) - 2, -1, -2) for word in words[at : at + 2])


def test_a_run_does_not_depend_on_which_runs_a_worker_did_before(bench: Bench) -> None:
    bench.optimizer("untidy", "np.random.seed(1); np.seterr(all='raise'); os.chdir('/'); os.environ.clear()")
    rest = ("--seeds", "0-2", *QUICK, "--json")
    bench.optimizer("zero")  # by its name after `untidy`, in one worker
    after = bench.run("run", "-o", "untidy", "-o", "zero", "-j1", "--store", "after.sqlite", *rest)
    alone = bench.run("run", "-o", "zero", "-j1", "--store", "alone.sqlite", *rest)
    assert (after.code, alone.code) == (0, 0), after.err + alone.err
    found = digests([row for row in after.rows if row["optimizer"] == "zero"])
    assert found == digests(alone.rows)


SCRIPT = """
import optbench
results = optbench.run(
    optimizers=["adam", "sgd"], architectures=["single-layer"], embedders=["letters"], datasets=["tiny"],
    seeds=range(2), epochs=2, workers=2,
)
open("started", "a").write("x")
for result in results:
    print(result.spec.key, result.digest)
"""


def test_a_script_needs_no_main_guard(bench: Bench) -> None:
    (bench.folder / "script.py").write_text(SCRIPT, encoding="utf-8")
    ended = bench.run("script.py", environment={"PYTHONWARNINGS": "default"})
    assert ended.code == 0, ended.err
    assert (bench.folder / "started").read_text(encoding="utf-8") == "x", "no worker ran the script again"
    found = dict(line.split() for line in ended.out.splitlines())
    command = bench.run("run", "-o", "sgd", "-o", "adam", "--seeds", "0,1", *QUICK, "--store", "other.sqlite", "--json")
    assert len(found) == 4
    assert found == digests(command.rows)


def test_verify_tells_which_run_differs(bench: Bench) -> None:
    assert bench.run("run", "-o", "sgd", "-o", "adam", "--seeds", "0,1", *QUICK).code == 0
    verified = bench.run("verify", "--json")
    assert verified.code == 0, verified.err
    assert [row["verdict"] for row in verified.rows] == ["equal"] * 4
    assert bench.run("verify", "--sample", "1").err.strip() == "1 equal"
    database = sqlite3.connect(bench.folder / ".optbench/runs.sqlite")
    ((key,),) = database.execute("SELECT key FROM runs ORDER BY key LIMIT 1").fetchall()
    database.execute("UPDATE runs SET digest = ? WHERE key = ?", ("0" * 64, key))
    database.commit()
    database.close()
    verified = bench.run("verify", "--json")
    assert verified.code == 1, verified.err
    assert {row["key"]: row["verdict"] for row in verified.rows if row["verdict"] != "equal"} == {key: "differs"}
    assert f"differs: {key[:10]} " in verified.err
    assert "1 differs, 3 equal" in verified.err


def test_verify_tells_which_run_is_not_available(bench: Bench) -> None:
    bench.optimizer("passing")
    assert bench.run("run", "-o", "sgd", "-o", "passing", "--seeds", "0", *QUICK).code == 0
    verified = bench.run("-p", "no:optbench-passing", "verify")
    assert verified.code == 1
    assert "no optimizer named 'passing'" in verified.out + verified.err
    file = bench.folder / ".optbench/datasets/tiny/test.csv"
    file.write_bytes(file.read_bytes() + b"a?,b,1\n")
    verified = bench.run("verify")
    assert verified.code == 1
    assert "tiny/test.csv is not the file that was frozen" in verified.out + verified.err
    assert "2 not available" in verified.out + verified.err
