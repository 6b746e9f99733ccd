"""Time to target, scores over workloads, curves of searches and learning rates, factors."""

from __future__ import annotations

import math
import time
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import integrate, stats

from optbench.analysis.statistics import (
    Friedman,
    Importance,
    Iqm,
    NotAvailable,
    average_running_time,
    budget_scores,
    crossing,
    friedman,
    importance,
    iqm,
    lr_sensitivity,
    performance_profile,
    performance_ratios,
    profile_integral,
    running_time_distribution,
    target_ladder,
)
from optbench.analysis.statistics.budget_curve import budget_curve
from optbench.analysis.statistics.iqm import _iqm_and_error
from optbench.core.seeding import stream

INF = math.inf


# Time to target


def test_a_crossing_is_linear_in_passes_and_logarithmic_in_loss() -> None:
    assert_allclose(crossing([0, 2, 6], [1.0, 0.8, 0.2], 0.4), 4, rtol=1e-12)  # 0.4 is halfway from 0.8 to 0.2
    assert_allclose(crossing([0, 2, 6], [1.0, 0.8, 0.0], 0.2), 5, rtol=1e-12)  # linear where a loss is 0
    assert_allclose(crossing([0, 2, 6], [1.0, 0.5, -0.5], 0.0), 4, rtol=1e-12)


def test_an_exponential_loss_is_crossed_where_it_is() -> None:
    passes = np.arange(0, 30, 3.0)
    for target in (0.9, 0.5, 0.1, 0.01):
        assert_allclose(crossing(passes, np.exp(-0.2 * passes), target), math.log(target) / -0.2, rtol=1e-12)


@pytest.mark.parametrize(
    ("losses", "target", "expected"),
    [
        ([0.5, 0.4, 0.3], 0.5, 0.0),  # before the first step
        ([0.5, 0.4, 0.3], 0.2, INF),
        ([0.5, 0.4, 0.6], 0.4, 1.0),  # at an evaluation, the first of several
        ([math.nan, INF, 0.3], 0.4, 2.0),  # nothing to interpolate from
        ([0.5, math.nan, math.nan], 0.4, INF),
        ([], 0.4, INF),
    ],
)
def test_crossings_without_interpolation(losses: list[float], target: float, expected: float) -> None:
    assert crossing(range(len(losses)), losses, target) == expected


@given(st.lists(st.floats(-2, 5), min_size=1, max_size=12), st.floats(-2, 5), st.floats(0, 3))
def test_a_harder_target_is_never_crossed_sooner(losses: list[float], target: float, easier: float) -> None:
    passes = np.cumsum(np.arange(len(losses)))
    hard, easy = crossing(passes, losses, target), crossing(passes, losses, target + easier)
    assert 0 <= easy <= hard


def test_crossing_rejects_unequal_lengths_and_no_target() -> None:
    with pytest.raises(ValueError, match="shapes"):
        crossing([0, 1], [1.0], 0.5)
    with pytest.raises(ValueError, match="finite"):
        crossing([0], [1.0], math.nan)


# The interquartile mean


@pytest.mark.parametrize("shape", [(12, 20), (3, 11), (1, 10), (2, 13)])
def test_iqm_of_every_resample_is_scipys_trimmed_mean(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    scores = np.round(rng.random(shape), 1)  # with ties
    drawn = rng.integers(shape[1], size=(40, shape[1]))
    counts = np.array([np.bincount(row, minlength=shape[1]) for row in drawn], np.float32)
    values, errors = _iqm_and_error(scores, counts)
    for row, value, error in zip(drawn, values, errors, strict=True):
        own = scores[:, row]
        assert_allclose(value, stats.trim_mean(own.ravel(), 0.25), rtol=1e-12)
        low, high = np.sort(own.ravel())[[own.size // 4, own.size - own.size // 4 - 1]]
        clipped = np.clip(own, low, high).sum(axis=0)
        expected = np.sqrt(((clipped - clipped.mean()) ** 2).sum() * shape[1] / (shape[1] - 1)) / (
            own.size - 2 * (own.size // 4)
        )
        assert_allclose(error, expected, rtol=1e-10, atol=1e-13)


def test_the_standard_error_is_close_to_the_jackknife() -> None:
    scores = np.random.default_rng(2).random((12, 20))
    left_out = [stats.trim_mean(np.delete(scores, seed, axis=1).ravel(), 0.25) for seed in range(20)]
    jackknife = math.sqrt(19 / 20 * ((left_out - np.mean(left_out)) ** 2).sum())
    assert_allclose(_iqm_and_error(scores, np.ones((1, 20), np.float32))[1], jackknife, rtol=0.05)


def test_the_bootstrap_is_that_of_resampled_arrays() -> None:
    scores = np.random.default_rng(3).random((2, 4, 10))
    found = iqm(scores, stream(0, "bootstrap"), resamples=200)
    assert not isinstance(found, NotAvailable)
    drawn = stream(0, "bootstrap").integers(10, size=(200, 10))
    for own, result in zip(scores, found, strict=True):
        one = np.ones((1, 10), np.float32)
        value, error = (float(x[0]) for x in _iqm_and_error(own, one))
        t = []
        for row in drawn:
            star, star_error = (float(x[0]) for x in _iqm_and_error(own[:, row], one))
            t.append((star - value) / star_error)
        t.sort()
        assert_allclose(
            (result.value, result.low, result.high), (value, value - t[195] * error, value - t[4] * error), rtol=1e-9
        )


def test_iqm_is_the_same_to_the_bit_and_does_not_depend_on_the_pool() -> None:
    scores = np.random.default_rng(4).random((5, 3, 12))
    all_of_them = iqm(scores, stream(7, "bootstrap"), resamples=500)
    assert all_of_them == iqm(scores, stream(7, "bootstrap"), resamples=500)
    assert iqm(scores[2:3], stream(7, "bootstrap"), resamples=500) == all_of_them[2:3]  # type: ignore[index]


def test_iqm_needs_ten_seeds_and_a_spread() -> None:
    nine = iqm(np.zeros((1, 1, 9)), stream(0, "bootstrap"))
    assert nine == NotAvailable("9 seeds: from 10 on; look at the single values")
    missed = iqm(np.zeros((2, 3, 10)), stream(0, "bootstrap"))
    assert missed == [Iqm(0.0, None, None)] * 2
    rare = np.zeros((1, 1, 10))
    rare[0, 0, 0] = 0.7
    assert iqm(rare, stream(0, "bootstrap")) == [Iqm(0.0, None, None)]
    for bad in (np.full((1, 1, 10), math.nan), np.full((1, 1, 10), 1.5), np.zeros((1, 10))):
        with pytest.raises(ValueError, match="scores"):
            iqm(bad, stream(0, "bootstrap"))


@given(st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), min_size=20, max_size=20))
def test_an_iqm_interval_contains_the_value_and_stays_within_0_and_1(values: list[float]) -> None:
    found = iqm(np.reshape(values, (1, 2, 10)), stream(0, "bootstrap"), resamples=50)
    assert not isinstance(found, NotAvailable)
    (one,) = found
    assert 0 <= one.value <= 1
    assert (one.low is None) == (one.high is None)
    if one.low is not None and one.high is not None:
        assert 0 <= one.low <= one.high <= 1


def test_iqm_of_22_optimizers_takes_less_than_a_second() -> None:
    scores = np.random.default_rng(0).random((22, 12, 20))
    fastest = INF
    for _ in range(3):
        start = time.process_time()
        iqm(scores, stream(0, "bootstrap"))
        fastest = min(fastest, time.process_time() - start)
    assert fastest < 1


def test_budget_scores() -> None:
    assert_allclose(budget_scores([[[5, 10, INF, 12]]], [10]), [[[0.5, 0, 0, 0]]])
    with pytest.raises(ValueError, match="budgets"):
        budget_scores([[[1.0]]], [0])


# Profiles and running times


def test_ratios_are_to_the_best_median() -> None:
    times = np.array(
        [[[1, 2, 9], [INF, INF, 4], [INF] * 3], [[4, 4, 4], [8, 8, 2], [INF] * 3], [[INF, 1, INF], [4, 4, 4], [INF] * 3]]
    )
    assert_array_equal(performance_ratios(times), [[1, INF, INF], [2, 2, INF], [INF, 1, INF]])
    assert_array_equal(performance_ratios([[[0.0]], [[3.0]], [[INF]]]), [[1], [INF], [INF]])
    with pytest.raises(ValueError, match="shape"):
        performance_ratios([[1.0]])


def test_the_integral_is_that_of_the_profile() -> None:
    rng = np.random.default_rng(0)
    times = np.exp(rng.normal(size=(4, 7, 5)))
    times[rng.random(times.shape) < 0.3] = INF
    ratios = performance_ratios(times)
    exact = profile_integral(ratios)
    for own, value in zip(ratios, exact, strict=True):
        steps = sorted(r for r in own if 1 < r < 4)
        quad = integrate.quad(
            lambda tau, own=own: performance_profile([own], [tau])[0, 0], 1, 4, points=steps or None, limit=200
        )[0]
        assert_allclose(value, quad / 3, rtol=1e-12)
    taus = np.linspace(1, 4, 200_001)
    assert_allclose(exact, performance_profile(ratios, taus).mean(axis=1), atol=1e-4)


def test_profiles_rise_and_are_bounded() -> None:
    profile = performance_profile([[1, 2, INF], [INF, INF, INF]], [1, 1.5, 2, 1e9])
    assert_allclose(profile, [[1 / 3, 1 / 3, 2 / 3, 2 / 3], [0, 0, 0, 0]])
    assert_array_equal(profile_integral([[1, 1], [INF, 5], [1, INF]]), [1, 0, 0.5])
    with pytest.raises(ValueError, match="at least one workload"):
        profile_integral(np.empty((2, 0)))


def test_the_expected_work_with_restarts_is_art() -> None:
    times = np.array([[3, INF, 5, INF], [INF] * 4, [2, 2, 2, 2]])
    assert_array_equal(average_running_time(times, [[10, 10, 20, 7]] * 3), [(3 + 10 + 5 + 7) / 2, INF, 2])
    assert average_running_time([1.0, INF], 4.0) == 5
    with pytest.raises(ValueError, match="end of a run"):
        average_running_time([5.0], [4.0])
    # Restarts: with probability p of a hit at t, misses cost T, the expectation is t + (1 - p) / p T.
    rng = np.random.default_rng(0)
    hits = rng.random(4000) < 0.3
    assert_allclose(average_running_time(np.where(hits, 2.0, INF), 10.0), 2 + 10 * 0.7 / 0.3, rtol=0.05)


def test_the_distribution_of_running_times_counts_misses() -> None:
    times = np.array([[[1, INF], [3, 3]], [[2, INF], [INF, 5]]])
    work = [0, 1, 2.5, 3, 100]
    assert_allclose(running_time_distribution(times, work), [np.mean(times <= w) for w in work], rtol=1e-12)
    assert_allclose(
        running_time_distribution(times, [5])[0], stats.ecdf(np.minimum(times.ravel(), 99)).cdf.evaluate(5.0), rtol=1e-12
    )
    assert_array_equal(running_time_distribution([INF, INF], [1, 2]), [0, 0])
    with pytest.raises(ValueError, match="at least one"):
        running_time_distribution([], [1])


def test_a_ladder_of_targets() -> None:
    ladder = target_ladder(1.0, 2.0**-12)
    assert_allclose(ladder, 0.5 ** np.arange(1, 13), rtol=1e-12)
    assert_allclose(target_ladder(1.0, -1.0, 4), [0.5, 0, -0.5, -1])
    with pytest.raises(ValueError, match="below"):
        target_ladder(0.5, 0.5)


# Searches and learning rates


@given(st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.7, 1.0, INF]), max_size=7), st.sampled_from([0.2, 0.5, INF]))
def test_the_budget_curve_is_the_mean_over_all_subsets(draws: list[float], default: float) -> None:
    curve = budget_curve(default, draws)
    expected = [np.mean([min((default, *subset)) for subset in combinations(draws, n)]) for n in range(len(draws) + 1)]
    assert_allclose(curve, expected, rtol=1e-12)
    assert (curve[1:] <= curve[:-1]).all()
    assert curve[-1] == min((default, *draws))


def test_the_budget_curve_of_many_draws_is_finite() -> None:
    curve = budget_curve(1.0, np.random.default_rng(0).random(3000))
    assert np.isfinite(curve).all()
    assert_allclose(curve[1], np.minimum(np.random.default_rng(0).random(3000), 1).mean(), rtol=1e-12)
    with pytest.raises(ValueError, match="NaN"):
        budget_curve(math.nan, [1.0])


def test_sensitivity_of_a_grid() -> None:
    rates = np.logspace(-3, 3, 13)
    flat = lr_sensitivity(rates, np.full(13, 0.4), 1.0)
    assert (flat.mean_excess, flat.best) == (0, rates[0])
    assert_allclose(flat.decades, 6, rtol=1e-12)
    losses = np.array([2.0, 1.0, 0.5, 0.1, 0.5, INF, math.nan])
    found = lr_sensitivity(np.logspace(-3, 3, 7), losses, 1.0)
    assert_allclose(found.mean_excess, np.mean([1, 1, 0.5, 0.1, 0.5, 1, 1]) - 0.1, rtol=1e-12)
    assert_allclose(found.decades, 2 * 0.005 / 0.4, rtol=1e-12)
    assert_allclose(found.best, 1, rtol=1e-12)


@given(st.lists(st.sampled_from([0.1, 0.104, 0.2, 0.5, 2.0, INF]), min_size=2, max_size=13))
def test_decades_are_those_of_a_fine_grid(losses: list[float]) -> None:
    rates = np.logspace(0, len(losses) - 1, len(losses))
    found = lr_sensitivity(rates, losses, 1.0)
    clipped = np.minimum(losses, 1.0)
    fine = np.interp(np.linspace(0, len(losses) - 1, 20_001), range(len(losses)), clipped)
    assert_allclose(found.decades, (fine <= 1.05 * clipped.min()).mean() * (len(losses) - 1), atol=0.01)
    assert found.mean_excess >= 0


def test_all_diverged_is_flat() -> None:
    assert lr_sensitivity([0.1, 1], [INF, math.nan], 0.5).mean_excess == 0


@pytest.mark.parametrize(
    ("rates", "losses", "first"),
    [([1], [1], 1), ([1, 1], [1, 1], 1), ([0, 1], [1, 1], 1), ([1, 2], [1, -INF], 1), ([1, 2], [1, 1], INF)],
)
def test_bad_grids_are_rejected(rates: list[float], losses: list[float], first: float) -> None:
    with pytest.raises(ValueError, match="loss"):
        lr_sensitivity(rates, losses, first)


# Datasets and factors


@pytest.mark.parametrize("shape", [(5, 3), (6, 5), (9, 22)])
@pytest.mark.parametrize("decimals", [0, 6])
def test_friedman_is_scipys(shape: tuple[int, int], decimals: int) -> None:
    values = np.round(np.random.default_rng(shape[1]).normal(0, 1.5, shape) + np.arange(shape[1]) / shape[1], decimals)
    found = friedman(values, [f"data{i}" for i in range(shape[0])])
    assert isinstance(found, Friedman)
    assert_allclose(found.chi_square, stats.friedmanchisquare(*values.T).statistic, rtol=1e-12)
    assert_allclose(found.ranks, stats.rankdata(values, axis=1).mean(axis=0), rtol=1e-12)
    # The F statistic is that of an analysis of variance of the ranks by dataset and optimizer.
    ranks = stats.rankdata(values, axis=1)
    between = shape[0] * ((ranks.mean(axis=0) - ranks.mean()) ** 2).sum()
    left = ((ranks - ranks.mean()) ** 2).sum() - between
    assert_allclose(found.f, between / left * (shape[0] - 1), rtol=1e-10)


@pytest.mark.parametrize(("k", "q"), [(3, 2.343), (5, 2.728), (10, 3.164)])
def test_the_critical_difference_is_demsars(k: int, q: float) -> None:
    found = friedman(np.random.default_rng(0).normal(size=(14, k)), [str(i) for i in range(14)])
    assert isinstance(found, Friedman)
    assert_allclose(found.critical_difference, q * math.sqrt(k * (k + 1) / (6 * 14)), rtol=1e-3)


def test_workloads_of_one_dataset_are_one_block() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(5, 4))
    names = list("abcde")
    assert_array_equal(
        friedman(np.repeat(values, 3, axis=0), np.repeat(names, 3).tolist()).ranks,  # type: ignore[union-attr]
        friedman(values, names).ranks,  # type: ignore[union-attr]
    )
    assert friedman(rng.normal(size=(12, 4)), ["digits"] * 9 + ["wine"] * 3) == NotAvailable(
        "2 distinct datasets: from 5 on, because workloads that share a dataset are not independent"
    )
    assert isinstance(friedman(rng.normal(size=(5, 2)), names), NotAvailable)


def test_friedman_where_all_datasets_agree_or_tie() -> None:
    names = list("abcde")
    same = friedman(np.full((5, 3), INF), names)
    assert isinstance(same, Friedman)
    assert (same.chi_square, same.f, same.p, same.different.any()) == (0, 0, 1, False)
    sure = friedman(np.tile([1.0, 2, INF], (5, 1)), names)
    assert isinstance(sure, Friedman)
    assert sure.f == INF
    assert_allclose(sure.p, 6.0**-4, rtol=1e-12)
    assert_array_equal(sure.different, [[False, False, True], [False, False, False], [True, False, False]])
    with pytest.raises(ValueError, match="NaN"):
        friedman(np.full((5, 3), math.nan), names)
    with pytest.raises(ValueError, match="shape"):
        friedman(np.ones((5, 3)), ["a"])


def design(*levels: int) -> dict[str, list[int]]:
    cells = list(product(*map(range, levels)))
    return {
        name: [cell[i] for cell in cells] for i, name in enumerate(("optimizer", "workload", "seed", "split")[: len(levels)])
    }


def test_importance_of_planted_effects() -> None:
    factors = design(3, 4, 5)
    optimizer, workload = np.array(factors["optimizer"]), np.array(factors["workload"])
    found = importance(factors, np.exp(2.0 * optimizer + 0.5 * (workload - 1.5)))
    assert isinstance(found, Importance)
    a, b = 4 * 2 / 3, 0.25 * 1.25
    assert_allclose(found.main["optimizer"], a / (a + b), rtol=1e-12)
    assert_allclose(found.main["workload"], b / (a + b), rtol=1e-12)
    assert_allclose([found.main["seed"], *found.pairs.values(), found.rest], 0, atol=1e-12)
    crossed = importance(factors, np.exp((optimizer - 1) * (workload - 1.5)))
    assert isinstance(crossed, Importance)
    assert_allclose(crossed.pairs["optimizer", "workload"], 1, rtol=1e-12)
    assert crossed.levels == {"optimizer": 3, "workload": 4, "seed": 5}


def test_importance_does_not_depend_on_the_order_of_runs_or_the_unit() -> None:
    rng = np.random.default_rng(0)
    factors, times = design(2, 3, 4), np.exp(rng.normal(size=24))
    one = importance(factors, times)
    order = rng.permutation(24)
    other = importance({name: [levels[i] for i in order] for name, levels in factors.items()}, 60 * times[order])
    assert isinstance(one, Importance)
    assert isinstance(other, Importance)
    assert_allclose(list(one.main.values()), list(other.main.values()), rtol=1e-9)
    assert_allclose(one.rest, other.rest, rtol=1e-9)
    assert_allclose(sum(one.main.values()) + sum(one.pairs.values()) + one.rest, 1, rtol=1e-12)


def test_importance_is_refused_with_a_reason() -> None:
    factors, times = design(2, 3), np.arange(1.0, 7)

    def reason(factors: dict[str, list[int]], times: object, miss: float | None = None) -> str:
        found = importance(factors, times, miss)  # type: ignore[arg-type]
        return found.reason if isinstance(found, NotAvailable) else ""

    fewer = {name: levels[:-1] for name, levels in factors.items()}
    assert reason(fewer, times[:-1]) == "not crossed: 1 of 6 combinations of optimizer, workload have no run"
    twice = {name: [*levels[:-1], levels[0]] for name, levels in factors.items()}
    assert "several runs" in reason(twice, times)
    missed = np.where(times == 6, INF, times)
    assert reason(factors, missed) == "1 of 6 runs missed the target, and a miss has no logarithm"
    assert not reason(factors, missed, miss=10.0)
    assert "a time is 0" in reason(factors, times - 1)
    assert "all times are equal" in reason(factors, np.full(6, 0.1))
    assert reason({"seed": [1]}, [1.0]) == "no factor has two levels"
    assert reason({}, []) == "no factor has two levels"
    with pytest.raises(ValueError, match="one level"):
        importance(factors, [1.0])
    with pytest.raises(ValueError, match="NaN"):
        importance(factors, np.full(6, math.nan))
