"""`optbench verify REPORT` and `--against`, as a user meets them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from processes import QUICK, Bench, is_harmless, is_one_line

from optbench.verify.manifest import checksum

RUN = ("run", "-o", "edited", "-o", "sgd", "--seeds", "0,1", *QUICK[:-1], "-q", "-j1")
"""A run takes one step per epoch. One worker, because each needs a second for its imports."""
FIRST, SECOND = "g *= 1.0", "g *= 1.0 if t < 2 else 3.0"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Two stores and the report of the first; between them the plugin was changed, from the second epoch on."""
    bench = Bench(tmp_path_factory.mktemp("bench"))
    for update, store, report in (
        (SECOND, "other.sqlite", ("--no-report",)),
        (FIRST, "runs.sqlite", ("--report", "page.html")),
    ):
        bench.optimizer("edited", update)
        ended = bench.run(*RUN, *report, "--store", store)
        assert ended.code == 0, ended.err
    return bench


@pytest.fixture
def edited(bench: Bench) -> Bench:
    """The same with the other version of the plugin installed, for one test."""
    bench.optimizer("edited", SECOND)
    return bench


@pytest.fixture(autouse=True)
def _first(bench: Bench) -> None:
    bench.optimizer("edited", FIRST)


def test_a_report_is_verified_without_its_store(bench: Bench) -> None:
    before = {path.name for path in bench.folder.rglob("*")}
    stores = [(bench.folder / name).read_bytes() for name in ("runs.sqlite", "other.sqlite")]
    verified = bench.run("verify", "page.html", "-j1")
    assert (verified.code, verified.err.strip()) == (0, "4 equal")
    assert verified.out.splitlines() == ["single-layer on letters, tiny", "  edited: 2 equal", "  sgd: 2 equal"]
    assert {path.name for path in bench.folder.rglob("*")} == before, "nothing is stored"
    assert stores == [(bench.folder / name).read_bytes() for name in ("runs.sqlite", "other.sqlite")]
    sample = bench.run("verify", "page.html", "--sample", "1", "--twins", "--json", "-j1")
    (row,) = sample.rows
    assert (sample.code, row["verdict"], row["chaotic"], row["first"]) == (0, "equal", False, None)
    assert "a twin started 1e-7 beside it stays beside it" in row["twin"]


def test_another_source_is_compared_on_request(edited: Bench) -> None:
    verified = edited.run("verify", "page.html")
    assert verified.code == 0
    assert "2 equal, 2 other source" in verified.err
    assert "--any-source compares" in verified.err
    assert "edited: 2 other source" in verified.out
    verified = edited.run("verify", "page.html", "--any-source", "--json", "-j1")
    assert verified.code == 1, "a step three times as long leaves the tolerance"
    rows = [row for row in verified.rows if row["optimizer"] == "edited"]
    assert len(rows) == 2
    for row in rows:
        assert row["verdict"] == "differs"
        assert row["first"]["epoch"] == 2
        assert "now, in the same environment; metrics differ by up to " in row["explanation"]
        assert row["chaotic"] is False
        assert f"differs: {row['key'][:10]} edited single-layer letters seed {row['seed']}: source " in verified.err


def test_two_stores_are_compared_without_running(bench: Bench) -> None:
    assert bench.run("run", "-o", "adam", *QUICK, "--seeds", "0-2", "-q", "-j1", "--store", "other.sqlite").code == 0
    compared = bench.run("verify", "page.html", "--against", "other.sqlite")
    assert compared.code == 1
    assert compared.err.strip() == "2 differs, 2 equal, 3 only there"
    assert "first at epoch 2: " in compared.out
    assert " here, " in compared.out
    assert "adam: 3 only there" in compared.out
    rows = bench.run("verify", "--store", "runs.sqlite", "--against", "other.sqlite", "--json").rows
    assert sorted({(row["optimizer"], row["verdict"]) for row in rows}) == [
        ("adam", "only there"),
        ("edited", "differs"),
        ("sgd", "equal"),
    ]


def test_the_environment_of_a_report_is_compared_key_by_key(bench: Bench) -> None:
    def elsewhere(manifest: dict[str, Any]) -> None:
        manifest["fingerprints"][0]["numpy"] = "\x1b[2Jan\ncient"
        for run in manifest["runs"]:
            run[7] = "0" * 64

    _rewrite(bench.folder, "elsewhere.html", elsewhere)
    verified = bench.run("verify", "elsewhere.html", "-j1")
    assert (verified.code, verified.err.strip()) == (0, "4 close")
    assert "environments of 4 runs:\n  numpy: \\x1b[2Jan\\ncient then, " in verified.out
    assert "equal at every epoch: the final weights differ, or the digest was changed" in verified.out
    assert is_harmless(verified.out)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("none.html",), 2, "cannot be read: No such file"),
        (("empty.html",), 5, "nothing to verify"),
        (("page.html", "--store", "runs.sqlite"), 2, "both name the runs to verify"),
        (("page.html", "--against", "train.csv"), 4, "train.csv is corrupt"),
        (("--store", "runs.sqlite", "--against", "./runs.sqlite"), 2, "name another one"),
        (("page.html", "--against", "other.sqlite", "--twins"), 2, "--twins is for runs that are executed"),
    ],
)
def test_what_cannot_be_verified_is_one_clear_line(bench: Bench, words: tuple[str, ...], code: int, said: str) -> None:
    _rewrite(bench.folder, "empty.html", lambda manifest: manifest.update(runs=[], curves="eJwDAAAAAAE="))
    ended = bench.run("verify", *words)
    assert ended.code == code, ended.err
    assert is_one_line(ended.err, "error: "), ended.err
    assert said in ended.err
    assert not ended.out


def _rewrite(folder: Path, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Write the report with another manifest, whose checksum is right."""
    page = (folder / "page.html").read_text(encoding="utf-8")
    start = page.index('id="manifest">') + len('id="manifest">')
    end = page.index("</script>", start)
    manifest = json.loads(page[start:end])
    change(manifest)
    manifest["sha256"] = checksum(manifest)
    (folder / name).write_text(page[:start] + json.dumps(manifest) + page[end:], encoding="utf-8")


def test_a_report_cannot_have_a_model_downloaded(bench: Bench) -> None:
    code = """
import os, sys
from optbench import cli
from optbench.experiment import Experiment

Experiment.verify = lambda self, results, **how: print(os.environ.get("HF_HUB_OFFLINE")) or []
sys.argv = ["optbench", "verify", *sys.argv[1:]]
cli.main()
"""
    (bench.folder / "verify.py").write_text(code, encoding="utf-8")
    environment = bench.environment({})
    environment.pop("HF_HUB_OFFLINE", None)
    command = [sys.executable, "verify.py", "page.html"]
    assert subprocess.run(command, cwd=bench.folder, env=environment, capture_output=True, check=True).stdout == b"1\n"
