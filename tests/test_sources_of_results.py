"""Runs of one spec that several versions of a plugin's source computed: which are shown, reported and verified."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from processes import QUICK, Bench

RUN = ("run", "-o", "edited", "--seeds", "0,1", *QUICK)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A store with two runs of each of two versions of a plugin, of which the first is installed again."""
    bench = Bench(tmp_path)
    for update in ("g *= 1.0", "g *= 2.0", "g *= 1.0"):
        bench.optimizer("edited", update)
        ended = bench.run(*RUN)
        assert ended.code == 0, ended.err
    assert "2 stored, 0 to run" in ended.err
    return bench


def test_a_command_announces_runs_that_a_changed_source_repeats(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.optimizer("edited", "g *= 1.0")
    assert "again" not in bench.run(*RUN).err
    assert "again" not in bench.run(*RUN, "--force").err
    bench.optimizer("edited", "g *= 2.0")
    assert "2 to run (2 of them again, because their source" in bench.run(*RUN).err


def test_show_and_report_use_the_installed_source(bench: Bench) -> None:
    installed = {row["key"]: row["digest"] for row in bench.run(*RUN, "--json").rows}
    assert {row["key"]: row["digest"] for row in bench.run("show", "--json").rows} == installed
    everything = bench.run("show", "--json", "--all-sources").rows
    assert len(everything) == 4
    assert len({row["digest"] for row in everything}) == 4
    assert len({row["source"] for row in everything}) == 2
    for option, variants in (((), 1), (("--all-sources",), 2)):
        ended = bench.run("report", "page.html", *option)
        assert ended.code == 0, ended.err
        assert len(data_of(bench.folder / "page.html")["styles"]) == variants


def test_verify_repeats_what_it_has_the_source_of(bench: Bench) -> None:
    verified = bench.run("verify")
    assert (verified.code, verified.err.strip()) == (0, "2 equal")
    bench.optimizer("edited", "g *= 3.0")
    verified = bench.run("verify")
    assert verified.code == 0
    assert "2 other source" in verified.err
    assert "another version of their source" in verified.err


def data_of(page: Path) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return json.loads(found[1])
