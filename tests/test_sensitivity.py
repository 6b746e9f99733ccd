"""Sweeps of the learning rate, and factor importance, with numbers that can be computed by hand."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pools import NEVER, frozen, losses, pool
from test_analysis import result

from optbench.analysis.factors import factor_importance
from optbench.analysis.ranking import rank
from optbench.analysis.sensitivity import GridWins, RateCurve, grid_wins, rate_curves
from optbench.analysis.statistics import Importance, NotAvailable, Sensitivity
from optbench.analysis.sweeps import incomplete, label_without_rate, rate_grid, sweeps, with_rates, without_sweeps
from optbench.cli.rate_tables import print_curves, print_wins, sparkline
from optbench.core.datasets import split_of, with_split, without_split
from optbench.core.specs import RunResult
from optbench.planning.catalogue import Catalogue
from optbench.registry import Registry

BEST = {0.01: 0.9, 0.1: 0.5, 1.0: 0.2, 10.0: 0.64, 100.0: 1.0}
"""The lowest loss with each learning rate; the first loss is 1."""


def sweep(name: str, best: dict[float, float], default: float = 1.0, seeds: int = 2, **spec: Any) -> list[RunResult]:
    return [
        result(name, seed, [1.0, loss], params={"lr": rate}, label=name if rate == default else f"{name}[lr={rate:g}]", **spec)
        for rate, loss in best.items()
        for seed in range(seeds)
    ]


# Names


@pytest.mark.parametrize(
    ("label", "without"),
    [
        ("adam", "adam"),
        ("adam[lr=0.1]", "adam"),
        ("adam[beta1=0.8,lr=0.1]", "adam[beta1=0.8]"),
        ("lars[eta=1,lr=0.1,momentum=0]", "lars[eta=1,momentum=0]"),
        ("adam[lr=0.1]|cosine[warmup=5]", "adam|cosine[warmup=5]"),
        ("adam[clr=3]", "adam[clr=3]"),
    ],
)
def test_labels_without_their_learning_rate(label: str, without: str) -> None:
    assert label_without_rate(label) == without
    again = with_rates(without, [0.1])
    assert label_without_rate(again) == without
    assert "lr=0.1" in again


def test_the_grid_is_a_selection_of_thirteen_rates(registry: Registry) -> None:
    grid = rate_grid(0.001)
    assert grid[:3] == [1e-6, 3.162e-6, 1e-5]
    assert (len(grid), grid[6], grid[-1]) == (13, 0.001, 1.0)
    chosen = Catalogue(registry).select("optimizer", [with_rates("adam", grid)])
    assert sorted(one.choice.params["lr"] for one in chosen) == grid
    assert "adam" in {one.label for one in chosen}


@pytest.mark.parametrize("name", ["digits", "teacher[kappa=1e6]", "/a/folder"])
def test_names_of_divisions(name: str) -> None:
    third = with_split(name, 3)
    assert (split_of(name), split_of(third)) == (0, 3)
    assert without_split(third) == without_split(name) == name
    assert with_split(third, 0) == name


# Curves


def test_a_curve_of_losses() -> None:
    (curve,) = rate_curves(sweep("adam", BEST))
    assert_allclose(curve.losses, list(BEST.values()))
    assert curve.first_loss == 1.0
    assert isinstance(curve.sensitivity, Sensitivity)
    assert curve.sensitivity.mean_excess == pytest.approx((0.7 + 0.3 + 0 + 0.44 + 0.8) / 5)
    assert curve.sensitivity.best == 1.0
    # Losses within .21: a 30th of the decade below the best, and a 44th of that above.
    assert curve.sensitivity.decades == pytest.approx(1 / 30 + 1 / 44)
    assert sparkline(curve) == "▇▄▁▅█"  # 6.1, 2.6, 0, 3.9 and 7 of seven steps


def test_what_diverged_has_the_first_loss_and_is_marked() -> None:
    runs = sweep("adam", BEST)
    runs = [replace(run, status="diverged") if run.spec.optimizer.params["lr"] >= 10 else run for run in runs]
    (curve,) = rate_curves(runs)
    assert_allclose(curve.losses, [0.9, 0.5, 0.2, 1.0, 1.0])
    assert curve.diverged == (0, 0, 0, 2, 2)
    assert sparkline(curve).endswith("xx")


def test_curves_use_the_seeds_that_all_rates_have() -> None:
    runs = sweep("adam", BEST) + sweep("adam", {1.0: 0.1}, seeds=9)[2:]
    (curve,) = rate_curves(runs)
    assert curve.seeds == (0, 1)
    apart = [run for run in sweep("adam", BEST) if (run.spec.optimizer.params["lr"] >= 1) == (run.spec.seed > 0)]
    (curve,) = rate_curves(apart)
    assert isinstance(curve.sensitivity, NotAvailable)
    json.dumps(curve.as_json(), allow_nan=False)


def test_only_runs_that_differ_in_the_rate_alone_are_one_sweep() -> None:
    other = [
        replace(
            run, spec=replace(run.spec, optimizer=replace(run.spec.optimizer, params={**run.spec.optimizer.params, "b": 1}))
        )
        for run in sweep("adam", BEST)
    ]
    found = sweeps(sweep("adam", BEST) + other)
    assert [len(one.runs) for one in found] == [5, 5]
    assert len({one.name for one in found}) == 2
    assert sweeps(pool({"a": [1]})) == []  # no learning rate
    assert [one.name for one in incomplete(sweep("adam", BEST) + sweep("sgd", {1.0: 0.3}))] == ["sgd"]


def test_an_infinite_first_loss_has_no_sensitivity(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [
        replace(run, status="diverged", curves={**run.curves, "val_loss": np.array([math.inf, math.nan])})
        for run in sweep("adam", BEST)
    ]
    (curve,) = rate_curves(runs)
    assert isinstance(curve.sensitivity, NotAvailable)
    json.dumps(curve.as_json(), allow_nan=False)
    print_curves([curve])
    assert "not finite" in capsys.readouterr().out


# Wins over the grid


def test_wins_are_counted_at_the_same_multiple_of_the_default() -> None:
    tenth = {rate / 10: loss for rate, loss in {0.01: 0.9, 0.1: 0.4, 1.0: 0.3, 10.0: 0.7, 100.0: 0.9}.items()}
    wins = grid_wins(sweep("adam", BEST) + sweep("sgd", tenth, default=0.1, seeds=3))
    assert isinstance(wins, GridWins)
    assert wins.multiples == (0.01, 0.1, 1.0, 10.0, 100.0)
    assert (wins.names, wins.seeds, wins.places) == (("adam", "sgd"), (0, 1), 10)
    assert_array_equal(wins.counts, [[0, 4], [4, 0]])  # a tie at .01; sgd at .1 and 100, adam at 1 and 10
    assert_allclose([*wins.won, *wins.lost], 0.4)


def test_wins_need_two_sweeps_on_a_common_workload() -> None:
    alone = grid_wins(sweep("adam", BEST))
    assert isinstance(alone, NotAvailable)
    assert "only adam" in alone.reason
    apart = grid_wins(sweep("adam", BEST) + sweep("sgd", BEST, dataset="other"))
    assert isinstance(apart, NotAvailable)
    assert "no workload" in apart.reason
    assert isinstance(grid_wins([]), NotAvailable)


def test_of_a_sweep_the_default_alone_is_ranked() -> None:
    runs = sweep("adam", BEST) + sweep("sgd", {1.0: 0.4, 2.0: 0.3})
    assert {run.labels.optimizer for run in without_sweeps(runs)} == {"adam", "sgd", "sgd[lr=2]"}
    assert rank(runs).pool.names == ["adam", "sgd", "sgd[lr=2]"]
    assert len(rank(runs, swept=runs).pool.names) == 7
    without_default = [run for run in runs if run.labels.optimizer != "adam"]
    assert len(without_sweeps(without_default)) == len(without_default)


def test_tables_of_curves_fit_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    runs = sweep("adam", BEST) + sweep("sgd", BEST)
    print_curves(rate_curves(runs))
    print_wins(grid_wins(runs))
    print_curves([])
    printed = capsys.readouterr().out
    assert all(len(line) <= 80 for line in printed.splitlines())
    assert "Places with the lower loss, of 10: 5 rates from 0.01 to 100 x default, 1 workload, 2 seeds." in printed.replace(
        "\n  ", " "
    )
    assert "No optimizer was run with two learning rates" in printed


# Importance


def test_importance_of_a_design_computed_by_hand() -> None:
    """Log 2 passes apart by optimizer, on both workloads alike: all of the variance is the optimizer's."""
    runs = pool({"a": [1, 1], "b": [2, 2]}, range(2))
    found = factor_importance(runs, frozen(runs))
    assert isinstance(found.found, Importance)
    assert found.found.main["optimizer"] == pytest.approx(1.0)
    assert (len(found.levels["optimizer"]), len(found.levels["workload"]), len(found.levels["lr"])) == (2, 2, 1)
    crossed = pool({"a": [1, 2], "b": [2, 1]}, range(2))
    interaction = factor_importance(crossed, frozen(crossed)).found
    assert isinstance(interaction, Importance)
    assert interaction.pairs["optimizer", "workload"] == pytest.approx(1.0)
    assert interaction.main["optimizer"] == pytest.approx(0.0)


def test_divisions_and_learning_rates_are_factors() -> None:
    runs = [
        result(
            "a", seed, losses(hit + (rate > 1)), params={"lr": rate}, label="a" if rate == 1 else "a[lr=10]", dataset=dataset
        )
        for rate in (1.0, 10.0)
        for dataset, hit in (("w", 1), ("w[split=1]", 2))
        for seed in range(2)
    ]
    runs = [replace(run, spec=replace(run.spec, dataset_digest=run.spec.dataset)) for run in runs]
    found = factor_importance(runs, frozen(runs))
    assert found.levels == {
        "optimizer": ("a",),
        "workload": ("net on emb, w",),
        "seed": (0, 1),
        "split": (0, 1),
        "lr": (1.0, 10.0),
    }
    assert isinstance(found.found, Importance)
    # Times 2, 4 / 4, 6: effects of log 4/2 + log 6/4 and of the same, and the interaction log (2 x 6) / (4 x 4).
    lr, both = math.log(2) + math.log(1.5), math.log(12 / 16)
    assert found.found.main["lr"] == pytest.approx(lr**2 / (2 * lr**2 + both**2))
    assert found.found.main["split"] == pytest.approx(found.found.main["lr"])


def test_misses_count_with_the_budget() -> None:
    runs = pool({"a": [3, 3], "b": [NEVER, NEVER]}, range(2))  # six passes, and six passes without a hit
    found = factor_importance(runs, frozen(runs))
    assert found.missed == 4
    assert isinstance(found.found, NotAvailable)
    assert "all times are equal" in found.found.reason


def test_a_missing_combination_is_named_with_the_command_that_runs_it() -> None:
    runs = pool({"a": [1, 1], "b": [2, 2]}, range(2))
    found = factor_importance(runs[:-1], frozen(runs))
    assert isinstance(found.found, NotAvailable)
    assert "1 of 8 combinations have no result, the first is b, on net on emb, w1, seed 1" in found.found.reason
    assert found.command.startswith("optbench run -o b -m net -e emb ")
    assert found.command.endswith("--seeds 1")
    json.dumps(found.as_json(), allow_nan=False)


def test_the_command_for_a_missing_rate_and_division() -> None:
    runs = sweep("adam", {1.0: 0.2, 2.0: 0.3}) + sweep("sgd", {0.1: 0.3}, default=0.1)
    assert "'sgd[lr=0.2]'" in factor_importance(runs).command
    divided = pool({"a": [1]}) + pool({"b": [1]})
    third = [replace(run, spec=replace(run.spec, dataset="w0[split=3]")) for run in pool({"a": [1]})]
    assert "-d 'data[split=3]'" in factor_importance(divided + third).command


@pytest.mark.parametrize(
    "runs",
    [
        [],
        pool({"a": [1]}, [0]),
        pool({"a": [1, 1]}),
        pool({"a": [0, 0], "b": [1, 1]}),
        pool({"a": [NEVER]}),
        [result("a", seed, [1.0, 9.0], "diverged") for seed in range(3)],
        [result("a", seed, status="crashed") for seed in range(3)],
    ],
)
def test_where_there_is_no_importance_the_reason_is_given(runs: list[RunResult]) -> None:
    found = factor_importance(runs, frozen(runs))
    assert isinstance(found.found, NotAvailable)
    assert found.found.reason
    json.dumps(found.as_json(), allow_nan=False)


def test_every_curve_is_json() -> None:
    for curve in rate_curves(sweep("adam", BEST)):
        assert isinstance(curve, RateCurve)
        assert json.loads(json.dumps(curve.as_json(), allow_nan=False))["best"] == 1.0
