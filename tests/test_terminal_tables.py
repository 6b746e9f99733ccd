from __future__ import annotations

import pytest
from test_analysis import RESULTS, result, with_seeds

from optbench.cli import console
from optbench.cli.tables import NARROW, WIDE, print_benchmark
from optbench.core.metrics import SCORES

LONG = "adam[lr=0.0001, beta1=0.95]|clip[norm=1]|cosine[warmup=50]"


@pytest.fixture(params=[80, 160])
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(console, "WIDE", request.param)
    return int(request.param)


def test_names_and_statuses_are_folded_and_not_cut(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [*RESULTS, result("adam", 0, [1.0, 3.0], "diverged", label=LONG), result("adam", 1, status="timeout", label=LONG)]
    print_benchmark(runs, {runs[-2].spec.key: "other source"})
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    table = [line for line in lines if not line.startswith("The scores")]
    assert all(len(line) <= width for line in table)
    assert "…" not in "".join(lines)
    names = "".join(line.split("  ")[0].replace(" ", "") for line in table)
    assert LONG.replace(" ", "") + "(othersource)" in names
    assert [line for line in table if line.endswith("1 diverged")]
    assert [line for line in table if line.endswith("1 timeout")]


def test_scores_have_their_declared_headings(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    print_benchmark(RESULTS)
    heading = capsys.readouterr().out.split("good")[0].split()
    for name in WIDE if width > 100 else NARROW:
        assert set(SCORES[name].heading("accuracy").split()) <= set(heading)


def test_unequal_seeds_are_shown_and_those_compared_are_named(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    print_benchmark([*with_seeds("a", range(5), 0.3), *with_seeds("b", range(2, 4), 0.2)])
    unequal = capsys.readouterr().out
    assert "Seeds" in unequal
    assert "0-4" in unequal
    assert unequal.splitlines()[-1] == "Scores are computed on seeds 2-3, which all optimizers have in common."
    print_benchmark([*with_seeds("a", range(2), 0.3), *with_seeds("b", range(2), 0.2)])
    assert "eeds" not in capsys.readouterr().out
