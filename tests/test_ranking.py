"""Rankings of pools whose numbers can be computed by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from numpy.testing import assert_allclose
from pools import NEVER, frozen, planned, pool
from test_analysis import result

from optbench.analysis.against_baseline import against_baseline
from optbench.analysis.commands import asked_for, missing_runs, run_command
from optbench.analysis.factors import factor_importance
from optbench.analysis.ranking import Ranking, as_rows, rank, sentences
from optbench.analysis.score_table import score_table
from optbench.analysis.statistics import Friedman, NotAvailable
from optbench.cli import cli, console
from optbench.cli.rank import print_ranking
from optbench.core.errors import UsageError
from optbench.core.specs import RunResult
from optbench.data.loader import FrozenDataset
from optbench.experiment import Experiment
from optbench.planning.selections import Selections
from optbench.registry import Registry
from optbench.training.job import Job
from optbench.training.run_job import run_job

THREE = {"a": [1, 2], "b": [2, 1], "c": [NEVER, 3]}
"""Passes to target on two workloads: a 2 and 4, b 4 and 2, c never and 6."""


def ranked(runs: list[RunResult]) -> Ranking:
    return rank(runs, frozen(runs), planned(runs))


# The order


def test_rank_intervals_are_of_differences_that_are_sure() -> None:
    ranking = ranked(pool(THREE))  # 8 seeds: p = 2/256, times 3 pairs below .025
    assert ranking.overall.ranks == {"a": (1, 2), "b": (1, 2), "c": (3, 3)}
    assert [pair.comparison.wins.ties for pair in ranking.overall.pairs] == [8, 0, 0]
    # On single workloads there are 6 comparisons, for which 8 seeds are not enough: 6 x 2/256 > .025.
    assert {place.ranks for place in ranking.places} == {(1, 3)}
    assert len(ranked(pool(THREE)).overall.pairs) == 3
    assert ranking.family == 6
    assert {place.ranks for place in ranked(pool(THREE, range(10))).places} == {(1, 1), (2, 2), (3, 3)}


def test_without_a_plan_only_e_values_can_show_a_difference() -> None:
    runs = pool(THREE)
    assert set(rank(runs, frozen(runs)).overall.ranks.values()) == {(1, 3)}  # E = 2^8 / 9 is below 40 x 3
    more = pool(THREE, range(12))
    assert rank(more, frozen(more)).overall.ranks["c"] == (3, 3)  # 2^12 / 13 = 315


def test_plans_of_the_other_track_say_nothing() -> None:
    runs = pool(THREE)
    tuned = [replace(plan, track="tuned") for plan in planned(runs)]
    assert rank(runs, frozen(runs), tuned).overall.ranks["c"] == (1, 3)


def test_scores_over_all_workloads() -> None:
    ranking = ranked(pool(THREE))
    scores = ranking.overall.scores
    assert scores is not None
    # Ratios: a 1 and 2, b 2 and 1, c infinite and 3.
    assert_allclose(scores.integral, [5 / 6, 5 / 6, 1 / 6])
    assert_allclose(scores.profile, [[0.5, 0.5, 1.0, 1.0], [0.5, 0.5, 1.0, 1.0], [0.0, 0.0, 0.0, 0.5]])
    assert_allclose(scores.by_seed, [[0.5] * 8, [0.5] * 8, [0.0] * 8])  # the mean of 2/3 and 1/3, and of 0 and 0
    assert isinstance(scores.means, NotAvailable)
    # Losses fall from 1 to the target, logarithmically: 0.9 after .152 and 0.7 after .515 of the two passes.
    assert scores.ladder == ("net on emb, w0", "net on emb, w1")
    assert scores.hits is not None
    assert_allclose(scores.hits, [[1 / 6, 1 / 3, 2 / 3, 1.0], [1 / 6, 1 / 3, 2 / 3, 1.0], [0.0, 0.0, 0.0, 0.5]])


def test_from_ten_seeds_on_the_interquartile_mean_has_an_interval() -> None:
    runs = pool({"a": [1, 1], "b": [2, 2]}, range(9)) + pool({"a": [2, 2], "b": [2, 2]}, [9])
    scores = ranked(runs).overall.scores
    assert scores is not None
    assert not isinstance(scores.means, NotAvailable)
    a, b = scores.means
    assert a.value == pytest.approx(2 / 3)  # the two seeds with 1/3 are among the lowest quarter
    assert a.low is None or a.low <= a.value
    assert b.value == pytest.approx(1 / 3)
    assert (b.low, b.high) == (None, None)


def test_average_running_time_counts_what_misses_and_divergence_cost() -> None:
    runs = pool({"a": [1]}, range(2)) + pool({"a": [NEVER]}, [2])
    runs.append(result("a", 3, [1.0, 9.0], "diverged", dataset="w0"))
    place = ranked(runs + pool({"b": [NEVER]}, range(4))).places[0]
    assert place.running_time == (2 + 2 + 6 + 2) / 2  # the run that diverged stopped after two passes
    assert (place.reached, place.diverged, place.median) == (2, 1, math.inf)
    assert math.isinf(ranked(pool({"b": [NEVER]})).places[0].running_time)


def test_a_time_beyond_the_smaller_budget_is_a_miss_for_both() -> None:
    longer = [replace(run, curves={**run.curves, "passes": run.curves["passes"] * 2}) for run in pool({"b": [3]})]
    runs = pool({"a": [NEVER]}) + longer  # b hits after 12 passes, a stopped after 6
    ranking = ranked(runs)
    assert ranking.overall.pairs[0].comparison.wins.ties == 8
    assert ranking.overall.scores is not None
    assert_allclose(ranking.overall.scores.integral, [0, 0])


def test_ranks_on_workloads_are_those_of_the_benchmark_table() -> None:
    runs = pool(THREE, range(10)) + pool({"d": [1]}, range(4, 12))
    table = against_baseline(score_table(runs, frozen(runs)), planned(runs))
    shown = {own.ranks for standings in table.standings.values() for own in standings.values()}
    ranking = ranked(runs)
    assert table.pairs == ranking.family
    assert shown == {place.ranks for place in ranking.places}
    assert len(shown) > 1


def test_a_tuned_optimizer_is_one_though_each_workload_has_its_own_settings() -> None:
    def tuned(run: RunResult) -> RunResult:
        choice = replace(run.spec.optimizer, params={"lr": 0.1 if run.spec.dataset == "w0" else 0.2})
        spec = replace(run.spec, optimizer=choice)
        return replace(run, spec=spec, labels=replace(run.labels, track="tuned"))

    runs = [tuned(run) for run in pool(THREE)]
    plans = [replace(plan, track="tuned") for plan in planned(runs)]
    ranking = rank(runs, frozen(runs), plans)
    assert (ranking.track, ranking.pool.complete) == ("tuned", ["a", "b", "c"])
    assert ranking.overall.ranks["c"] == (3, 3)
    assert len(factor_importance(runs, frozen(runs)).levels["lr"]) == 1


# How stable it is


def test_places_move_when_a_workload_is_left_out() -> None:
    moves = ranked(pool(THREE)).overall.without_workload
    assert moves is not None
    assert moves.low == {"a": 0, "b": 0, "c": 0}
    assert moves.high == {"a": 1, "b": 1, "c": 0}  # tied on both workloads, second on one of them
    assert moves.furthest == 1


def test_without_an_optimizer_provisional_targets_are_made_anew() -> None:
    """With `good` the target is 1.05 x .3, which only `good` reaches; without it 1.05 x .5, which `fair` reaches."""
    lowest = {"good": 0.3, "fair": 0.5, "poor": 0.6}
    runs = [result(name, seed, [1.0, 0.8, loss], dataset="w0") for name, loss in lowest.items() for seed in range(3)]
    moves = rank(runs).overall.without_optimizer
    assert moves is not None
    assert moves.most == ("poor", "good")
    assert moves.high == {"good": 0, "fair": 0, "poor": 1}
    fixed = rank(runs, frozen(runs)).overall.without_optimizer
    assert fixed is not None
    assert fixed.most == ()


def test_friedman_needs_five_datasets_whatever_their_divisions() -> None:
    names = {"a": [1] * 5, "b": [2] * 5, "c": [3] * 5}
    found = ranked(pool(names, range(2))).overall.friedman
    assert isinstance(found, Friedman)
    assert_allclose(found.ranks, [1, 2, 3])
    divided = [
        replace(run, spec=replace(run.spec, dataset=f"digits[split={run.spec.dataset[1:]}]")) for run in pool(names, range(2))
    ]
    refused = ranked(divided).overall.friedman
    assert isinstance(refused, NotAvailable)
    assert "1 distinct dataset" in refused.reason


# What cannot be compared


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda run: replace(run, labels=replace(run.labels, track="tuned")), ("default", "tuned")),
        (lambda run: replace(run, spec=replace(run.spec, protocol=1)), ("protocol 1", "protocol 2")),
        (lambda run: replace(run, spec=replace(run.spec, dataset_digest="abc")), ("digest 0", "digest abc")),
    ],
)
def test_what_is_not_comparable_is_refused(change: object, named: tuple[str, str]) -> None:
    first, *others = pool(THREE)
    with pytest.raises(UsageError) as error:
        ranked([change(first), *others])  # type: ignore[operator]
    assert all(name in str(error.value) for name in named)


ONE = {"a": [1, 2]}
POOLS = {
    "one optimizer": pool(ONE),
    "one workload": pool({"a": [1], "b": [2]}),
    "one seed": pool(THREE, [0]),
    "one run": pool({"a": [1]}, [0]),
    "all diverged": [
        result(name, seed, [1.0, 3.0], "diverged", dataset=f"w{place}")
        for name in "abc"
        for seed in range(12)
        for place in range(2)
    ],
    "all missed": pool({"a": [NEVER, NEVER], "b": [NEVER, NEVER]}, range(12)),
    "identical": pool({"a": [1, 2], "b": [1, 2], "c": [1, 2]}, range(12)),
    "unequal seeds": pool({"a": [1, 2], "b": [2, 1]}) + pool({"c": [3, 3]}, range(6, 10)),
    "no common seed": pool(ONE, range(3)) + pool({"b": [2, 1]}, range(3, 6)),
    "some workloads": pool(ONE) + pool({"b": [1]}),
    "no optimizer on all": pool({"a": [1]}) + [run for run in pool({"b": [1, 1]}) if run.spec.dataset == "w1"],
    "failed": pool(ONE) + [result("b", seed, status="failed", dataset="w0") for seed in range(3)],
    "at the target from the start": pool({"a": [0, 0], "b": [0, 1]}, range(12)),
    "no results": [],
    "without passes": [
        replace(run, curves={name: values for name, values in run.curves.items() if name != "passes"}) for run in pool(ONE)
    ],
}


@pytest.mark.parametrize("with_targets", [True, False])
@pytest.mark.parametrize("name", POOLS)
def test_poor_pools_are_ranked_as_far_as_possible(
    name: str, with_targets: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "WIDE", 80)
    runs = POOLS[name]
    ranking = rank(runs, frozen(runs) if with_targets else {}, planned(runs) if runs else [])
    for row in as_rows(ranking, "a"):
        json.dumps(row, allow_nan=False)
    print_ranking(ranking, "a", each=True)
    printed = capsys.readouterr().out
    assert "nan" not in printed
    assert all(len(line) <= 80 for line in printed.splitlines())
    ranks = ranking.overall.ranks.values()
    assert all(1 <= low <= high <= len(ranks) for low, high in ranks)


def test_what_is_left_out_is_said() -> None:
    said = " ".join(sentences(ranked(POOLS["some workloads"]), "b"))
    assert "b is left out over all workloads: it has no result on net on emb, w1." in said
    assert "Nothing is said against b" in said
    said = " ".join(sentences(ranked(POOLS["unequal seeds"])))
    assert "computed on seeds 6-7, which all optimizers have" in said
    assert "No optimizer has results on all workloads" in " ".join(sentences(ranked(POOLS["no optimizer on all"])))
    assert "no seed in common" in " ".join(sentences(ranked(POOLS["no common seed"])))
    assert "Provisional target" in " ".join(sentences(rank(POOLS["one seed"])))


def test_pairs_keep_the_seeds_that_a_third_optimizer_lacks() -> None:
    """`c` was run with two seeds; what 8 seeds say about `a` and `b` is the same as without it."""
    both = pool({"a": [1, 1], "b": [2, 2]})
    runs = both + pool({"c": [3, 3]}, range(2))
    ranking = rank(runs, frozen(runs), [*planned(both), *planned(pool({"c": [3, 3]}, range(2)))])
    first = ranking.overall.pairs[0]
    assert (first.a, first.b, first.comparison.seeds, first.verdict.word) == ("a", "b", 8, "better")
    assert ranking.overall.grid is not None
    assert ranking.overall.grid.seeds == (0, 1)


def test_against_a_baseline() -> None:
    said = " ".join(sentences(ranked(pool(THREE)), "a"))
    assert "Over all workloads, against a: undecided: b; worse: c." in said


def test_many_seeds_are_needed_for_many_pairs() -> None:
    said = " ".join(sentences(ranked(pool(THREE, range(3)))))
    assert "With 3 pairs, 3 seeds cannot show a difference: the fewest that can are 8." in said


# Commands


def test_missing_runs_are_named_with_their_command() -> None:
    runs = pool({"a": [1, 2]}) + pool({"b": [1]}, range(3))
    missing = missing_runs(runs)
    assert [(one.optimizer, one.workload.dataset, one.seeds) for one in missing] == [
        ("b", "w0", (3, 4, 5, 6, 7)),
        ("b", "w1", tuple(range(8))),
    ]
    assert missing_runs(runs, optimizers=["a"]) == []
    command = "optbench run -o 'b[lr=1,2]' -m net -e emb -d data --loss squared-tanh --epochs 3 --batch-size 32 --dtype float32"
    assert run_command("b[lr=1,2]", runs[0], (0, 1, 2, 5)) == f"{command} --seeds 0-2,5"
    tuned = replace(runs[0], labels=replace(runs[0].labels, track="tuned"))
    assert run_command("b (32 draws)", tuned, [0]).endswith("--seeds 0 --track tuned --budget 32")
    assert asked_for("b (2 draws, study 1)") == ("b", ["--budget", "2", "--study", "1"])
    assert asked_for("b") == ("b", [])


class InProcess:
    """Executes runs in this process, which takes milliseconds where a worker takes seconds to start."""

    workers = 1

    def run(self, jobs: Sequence[Job]) -> Generator[RunResult]:
        yield from map(run_job, jobs)


def test_from_runs_to_a_printed_ranking(
    registry: Registry, dataset: FrozenDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = str(tmp_path / "runs.sqlite")
    where: dict[str, Any] = {
        "architectures": ["single-layer"],
        "embedders": ["hashing[features=16]"],
        "datasets": [str(dataset.folder)],
    }
    with Experiment(registry, Path(store), InProcess()) as experiment:
        experiment.complete(Selections(optimizers=["adam[lr=0.001,0.01,0.1]", "sgd"], seeds=range(2), epochs=3, **where))
        experiment.complete(Selections(optimizers=["momentum"], seeds=range(1), epochs=3, **where))

    def call(*words: str) -> list[str]:
        answer = CliRunner().invoke(cli, [*words, "--store", store], catch_exceptions=False)
        return answer.output.splitlines()

    printed = call("rank", "-m", "single-layer")
    assert "1 run of these optimizers without a result" in printed[0]
    assert "-o momentum -m single-layer" in printed[1]
    assert printed[1].endswith(f"--epochs 3 --seeds 1 --store {store}")
    assert printed[2] == "5 optimizers, 1 workload, seeds 0, default track"
    rows = [json.loads(line) for line in call("rank", "-o", "adam", "-o", "sgd", "--seeds", "0-1", "--json")]
    assert {row["optimizer"] for row in rows if row["kind"] == "optimizer"} == {"adam", "sgd"}
    assert "no optimizer named 'adm'" in str(CliRunner().invoke(cli, ["rank", "-o", "adm", "--store", store]).exception)
    assert "Loss by lr" in call("sensitivity", "adam")[0]
    assert call("sensitivity", "adam", "--grid")[0].startswith("adam[lr=1e-06,3.162e-06,1e-05,")
    assert call("importance", "-o", "adam", "-o", "sgd")[0].startswith("2 optimizers x 1 workload x 2 seeds")
    refused = CliRunner().invoke(cli, ["importance", "-o", "sgd", "-o", "momentum", "--store", store])
    assert refused.exit_code == 1
    assert "the first is momentum, seed 1" in refused.output
