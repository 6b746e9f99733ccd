from __future__ import annotations

import re

import pytest
from test_against_baseline import POOL, at_e, planned, runs
from test_analysis import RESULTS, result, with_seeds

from optbench.analysis.benchmark import benchmark
from optbench.cli import console
from optbench.cli.tables import NARROW, WIDE, print_benchmark
from optbench.core.metrics import SCORES
from optbench.core.specs import RunResult

LONG = "adam[lr=0.0001, beta1=0.95]|clip[norm=1]|cosine[warmup=50]"


@pytest.fixture(params=[80, 160])
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(console, "WIDE", request.param)
    return int(request.param)


def test_names_and_statuses_are_folded_and_not_cut(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [*RESULTS, result("adam", 0, [1.0, 3.0], "diverged", label=LONG), result("adam", 1, status="timeout", label=LONG)]
    print_benchmark(benchmark(runs), {runs[-2].spec.key: "other source"})
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    table = lines[: next(place for place, line in enumerate(lines) if line.startswith("Provisional target"))]
    assert all(len(line) <= width for line in table)
    assert "…" not in "".join(lines)
    names = "".join(line.split("  ")[0].replace(" ", "") for line in table)
    assert LONG.replace(" ", "") + "(othersource)" in names
    assert [line for line in table if line.endswith("1 diverged")]
    assert [line for line in table if line.endswith("1 timeout")]


def test_scores_have_their_declared_headings(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    print_benchmark(benchmark(RESULTS))
    heading = capsys.readouterr().out.split("good")[0].split()
    for name in WIDE if width > 100 else NARROW:
        assert set(SCORES[name].heading("accuracy").split()) <= set(heading)


def test_unequal_seeds_are_shown_and_those_compared_are_named(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    print_benchmark(benchmark([*with_seeds("a", range(5), 0.3), *with_seeds("b", range(2, 4), 0.2)]))
    unequal = capsys.readouterr().out
    assert "Seeds" in unequal
    assert "0-4" in unequal
    assert "Scores are computed on seeds 2-3, which all optimizers have in common." in unequal.splitlines()
    print_benchmark(benchmark([*with_seeds("a", range(2), 0.3), *with_seeds("b", range(2), 0.2)]))
    equal = capsys.readouterr().out
    assert "Seeds" not in equal
    assert "Scores are computed" not in equal


def test_verdicts_effects_and_ranks_are_shown(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    print_benchmark(at_e(POOL, range(20)))
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= width for line in lines[: lines.index("Target 0.3679 (frozen).")])
    text = " ".join(" ".join(lines).split())
    assert re.search(r"against adam Rank", text)
    (fast,) = [line for line in lines if line.startswith("fast ")]
    assert re.search(r"better +2\.0x sooner .* 1 +0\.977 ", fast)
    assert ("(1.8 to 2.1)" in fast) == (width > 80)
    assert "(1.8 to 2.1)" in text
    (never,) = [line for line in lines if line.startswith("never ")]
    assert ("reached 0 of 20 (against 20)" if width > 80 else "reached 0 of 20  ") in never
    assert "baseline" in text
    assert "Verdicts compare with adam, in a family of m = 4 comparisons. Rank intervals come from all 10 pairs" in text
    assert "Intervals cover the median with a probability of 95.86 %." in text
    assert "exploratory" in text
    assert "nan" not in text.lower()


def test_notes_of_all_workloads_are_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    print_benchmark(
        at_e([*POOL, *runs("adam", range(20), 0.5, net="other"), *runs("b", range(20), 1.0, net="other")], range(20))
    )
    text = capsys.readouterr().out
    assert text.count("Intervals cover") == 1
    assert text.count("Target 0.3679") == 1


@pytest.mark.parametrize(
    ("results", "said"),
    [
        (runs("adam", range(5), 0.5), "There is one optimizer only, so that there is nothing to compare."),
        (
            [*runs("a", range(5), 0.5), *runs("b", range(5), 1.0)],
            "No optimizer is the baseline, so that there are no verdicts: --baseline names one.",
        ),
        (
            [*runs("adam", range(5), 0.5), *runs("b", range(5), 1.0)],
            "5 seeds cannot show a difference. It takes at least 7 planned from the start, or 9 with seeds that are added",
        ),
        (
            [*runs("adam", range(5), 0.5), *runs("b", range(5, 9), 1.0)],
            "no seed in common",
        ),
        (
            [result("adam", 0, status="failed"), result("b", 0, status="failed")],
            "No target: no run has a result.",
        ),
        (
            [result("adam", 0, status="failed"), result("b", 0)],
            "adam has no result on this workload, so that there are no verdicts.",
        ),
    ],
)
def test_what_cannot_be_said_is_said(results: list[RunResult], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_benchmark(benchmark(results, {}, planned(results, range(5))))
    text = " ".join(capsys.readouterr().out.split())
    assert said in text
    assert "nan" not in text
