"""`optbench plugin check` names each fault of a plugin once, by its cause, and finds none in those that are merely unusual."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from broken import BROKEN, CRASHING, SOUND, Example

from optbench.kit.finding import Finding
from optbench.kit.supervision import examined

Found = dict[str, list[Finding]]


def examine(folder: Path, examples: Sequence[Example], timeout: float) -> Found:
    """Check all examples as plugins of one distribution, in one process unless they end it, and return the findings of each."""
    folder.mkdir()
    for example in examples:
        (folder / f"{example.module}.py").write_text(example.source, encoding="utf-8")
    info = folder / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    lines = [f"{example.name} = {example.module}" for example in examples]
    (info / "entry_points.txt").write_text("\n".join(["[optbench]", *lines, ""]))
    found: Found = defaultdict(list)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(folder), *sys.path])
        for finding in examined("broken", timeout=timeout):
            found[finding.name.removeprefix("broken:")].append(finding)
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    return examine(tmp_path_factory.mktemp("plugins") / "all", [*BROKEN, *SOUND], timeout=120)


@pytest.fixture(scope="module")
def crashes(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return examine(tmp_path_factory.mktemp("plugins") / "crashing", [*CRASHING, SOUND[0]], timeout=8)


def only(findings: list[Finding], example: Example) -> None:
    violations = [finding for finding in findings if finding.status == "violation"]
    assert [(finding.kind, finding.check) for finding in violations] == [(example.kind, example.check)], violations
    assert example.word in violations[0].detail
    assert violations[0].remedy
    for finding in findings:
        if finding.status == "skipped":
            assert finding.detail == f"because of the violation of {example.check!r}"


@pytest.mark.parametrize("example", BROKEN, ids=lambda example: example.name)
def test_a_broken_plugin_has_one_finding(found: Found, example: Example) -> None:
    only(found[example.name], example)


@pytest.mark.parametrize("example", SOUND, ids=lambda example: example.name)
def test_a_correct_plugin_has_no_finding(found: Found, example: Example) -> None:
    assert [finding for finding in found[example.name] if finding.status != "holds"] == []
    assert len(found[example.name]) > 10


@pytest.mark.parametrize("example", CRASHING, ids=lambda example: example.name)
def test_a_plugin_that_ends_its_process_is_a_row(crashes: Found, example: Example) -> None:
    only(crashes[example.name], example)


def test_the_others_are_checked_where_one_ends_its_process(crashes: Found) -> None:
    assert {finding.status for finding in crashes[SOUND[0].name]} == {"holds"}


@pytest.mark.parametrize(("source", "word"), [("import os\nos._exit(3)", "exit code 3"), ("while True: pass", "not ended")])
def test_a_plugin_that_ends_its_process_when_imported_is_reported(tmp_path: Path, source: str, word: str) -> None:
    (finding,) = examine(tmp_path / "one", [Example("early", "plugin", source)], timeout=8)["broken"]
    assert (finding.check, finding.status) == ("loads", "violation")
    assert word in finding.detail


def test_there_are_enough_examples() -> None:
    names = [example.name for example in (*BROKEN, *CRASHING, *SOUND)]
    assert len(names) == len(set(names))
    assert len(BROKEN) + len(CRASHING) >= 40
