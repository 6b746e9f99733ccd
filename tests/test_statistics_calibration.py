"""Calibration by simulation: wrong verdicts, coverage, power.

OPTBENCH_CALIBRATION multiplies the number of repetitions, by 1 unless set; `OPTBENCH_CALIBRATION=20` takes some minutes.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from optbench.analysis.statistics import (
    Interval,
    NotAvailable,
    compare_differences,
    compare_overall,
    compare_times,
    e_value,
    effect,
    iqm,
    judge,
    median_interval,
    wilcoxon,
)

SIZE = int(os.environ.get("OPTBENCH_CALIBRATION", "1"))

Draw = Callable[[np.random.Generator, int], np.ndarray]


def at_most(count: int, repetitions: int, level: float) -> bool:
    return count / repetitions <= level + 3 * math.sqrt(level * (1 - level) / repetitions)


def at_least(count: int, repetitions: int, level: float) -> bool:
    return count / repetitions >= level - 3 * math.sqrt(level * (1 - level) / repetitions)


def normal(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.normal(0, 0.3, (2, n)) + rng.normal(0, 0.5, n)


def heavy(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.clip(rng.standard_t(1.5, (2, n)), -300, 300)  # their exponentials are floats


def missing(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.where(rng.random((2, n)) < 0.3, np.inf, normal(rng, n))


def coarse(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.log(rng.integers(3, 8, (2, n)))


NULLS: list[Draw] = [normal, heavy, missing, coarse]
"""Logarithms of the times of two equal optimizers, shape (2, n)."""


@pytest.mark.parametrize("draw", NULLS)
def test_equal_optimizers_are_rarely_called_different(draw: Draw) -> None:
    rng, repetitions = np.random.default_rng(0), 1000 * SIZE
    wrong = 0
    for _ in range(repetitions):
        a, b = np.exp(draw(rng, 20))
        wrong += judge([compare_times(a, b, range(20), range(20))], 1)[0].word in {"better", "worse"}
    assert at_most(wrong, repetitions, 0.05)


@pytest.mark.parametrize("draw", NULLS)
def test_looking_after_every_added_seed_keeps_the_error(draw: Draw) -> None:
    rng, repetitions = np.random.default_rng(1), 150 * SIZE
    wrong = 0
    for _ in range(repetitions):
        a, b = np.exp(draw(rng, 60))
        wrong += any(
            judge([compare_times(a[:n], b[:n], range(n), range(10))], 1)[0].word in {"better", "worse"}
            for n in range(10, 61, 2)
        )
    assert at_most(wrong, repetitions, 0.05)


def test_a_family_of_equal_optimizers_is_rarely_called_different_anywhere() -> None:
    rng, repetitions, n = np.random.default_rng(2), 150 * SIZE, 20
    wrong = 0
    for _ in range(repetitions):
        times = np.exp(rng.normal(size=(4, 3, n)) + 0.5 * rng.normal(size=(1, 1, n)))
        pairs = [
            compare_times(times[i, w], times[j, w], range(n), range(n)) for i, j in combinations(range(4), 2) for w in range(3)
        ]
        wrong += any(one.word in {"better", "worse"} for one in judge(pairs, len(pairs)))
    assert at_most(wrong, repetitions, 0.05)


def test_equal_optimizers_over_workloads_that_share_seeds() -> None:
    rng, repetitions, n = np.random.default_rng(3), 500 * SIZE, 20
    wrong = 0
    for _ in range(repetitions):
        a, b = np.exp(rng.normal(size=(2, 6, n)) + 2 * rng.normal(size=(2, 1, n)))
        wrong += judge([compare_overall(a, b, range(n), range(n))], 1, None)[0].word in {"better", "worse"}
    assert at_most(wrong, repetitions, 0.05)


def crossing_probability(looks: int, win: float, threshold: float) -> float:
    """The exact probability that E reaches the threshold at one of the first looks, by the distribution of wins."""
    alive, crossed = np.array([1.0]), 0.0
    for n in range(1, looks + 1):
        alive = np.append(alive * (1 - win), 0) + np.append(0, alive * win)
        over = np.array([e_value(k, n - k) >= threshold for k in range(n + 1)])
        crossed += alive[over].sum()
        alive[over] = 0
    return crossed


def test_false_alarms_and_power_of_the_e_value_are_exactly_as_stated() -> None:
    assert round(crossing_probability(20, 0.5, 20), 3) == 0.015
    assert round(crossing_probability(100, 0.5, 20), 3) == 0.028
    assert crossing_probability(300, 0.5, 20) < 0.05
    assert crossing_probability(300, 0.5, 40) < 0.025
    enough = min(k for k in range(10, 21) if e_value(k, 20 - k) >= 20)
    assert round(stats.binom.sf(enough - 1, 20, 0.9), 2) == 0.87  # at 20 seeds; .90 at any look until then
    assert round(stats.binom.sf(enough - 1, 20, 0.8), 2) == 0.41
    assert round(crossing_probability(20, 0.9, 20), 2) == 0.90


def test_testing_after_each_seed_with_p_values_would_be_wrong() -> None:
    rng, repetitions = np.random.default_rng(4), 300 * SIZE
    wrong = sum(any(wilcoxon(d[:n]).p <= 0.05 for n in range(6, 21)) for d in rng.normal(size=(repetitions, 20)))
    assert not at_most(wrong, repetitions, 0.08), "the e-value would not be needed"


@pytest.mark.parametrize("n", [2, 5, 6, 9, 20])
@pytest.mark.parametrize("distribution", [stats.norm(), stats.expon(-math.log(2)), stats.cauchy()])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_intervals_cover_the_median_as_often_as_they_say(n: int, distribution: object, level: float) -> None:
    samples = distribution.rvs(size=(1000 * SIZE, n), random_state=n)  # type: ignore[attr-defined]
    intervals = [median_interval(sample, level) for sample in samples]
    covered = sum(one.low <= 0 <= one.high for one in intervals if isinstance(one, Interval))
    assert at_least(covered, len(samples), intervals[0].coverage)  # type: ignore[union-attr]


def test_intervals_cover_a_median_with_misses_and_ties() -> None:
    rng, repetitions = np.random.default_rng(5), 1000 * SIZE
    covered = 0
    for _ in range(repetitions):
        x = rng.choice([-math.inf, -1.0, 0.0, 0.5, math.inf], 20, p=[0.1, 0.3, 0.2, 0.1, 0.3])
        interval = effect(x).interval
        assert isinstance(interval, Interval)
        covered += interval.low <= 0 <= interval.high
    assert at_least(covered, repetitions, 0.95)


@pytest.mark.parametrize(("anytime", "least", "most"), [(True, 0.95, 1.0), (False, 0.0, 0.85)])
def test_only_the_anytime_interval_covers_at_all_numbers_of_seeds(anytime: bool, least: float, most: float) -> None:
    rng, repetitions = np.random.default_rng(6), 300 * SIZE
    covered = 0
    for _ in range(repetitions):
        x = rng.normal(size=100)
        covered += all(median_interval(x[:n], anytime=anytime).side == 0 for n in range(8, 101))  # type: ignore[union-attr]
    assert at_least(covered, repetitions, least)
    assert at_most(covered, repetitions, most)


def test_a_speed_up_of_20_percent_is_found() -> None:
    rng, repetitions = np.random.default_rng(7), 500 * SIZE
    found = 0
    for _ in range(repetitions):
        d = rng.normal(-math.log(1.2), 0.15, 20)
        found += judge([compare_differences(d, range(20), range(20))], 1)[0].word == "better"
    assert found / repetitions >= 0.9


def test_a_difference_of_the_margin_is_rarely_called_equivalent() -> None:
    rng, repetitions = np.random.default_rng(8), 1000 * SIZE
    wrong = 0
    for _ in range(repetitions):
        d = rng.normal(math.log(1.1), 0.05, 20)
        one = judge([compare_differences(d, range(20), range(20))], 1)[0]
        wrong += one.word == "equivalent" or one.small
    assert at_most(wrong, repetitions, 0.05)


@pytest.mark.parametrize(("workloads", "n"), [(3, 10), (12, 20)])
@pytest.mark.parametrize("shared", [0.0, 0.1])
def test_iqm_intervals_cover(workloads: int, n: int, shared: float) -> None:
    rng, repetitions = np.random.default_rng(n), 250 * SIZE
    means = np.linspace(0.2, 0.8, workloads)[:, None]

    def scores(seeds: int) -> np.ndarray:
        own = means + 0.08 * rng.normal(size=(workloads, seeds)) + shared * rng.normal(size=seeds)
        return np.clip(np.where(rng.random(own.shape) < 0.05, 0, own), 0, 1)

    truth = stats.trim_mean(scores(200_000).ravel(), 0.25)
    covered = 0
    for _ in range(repetitions):
        found = iqm(scores(n)[None], rng, resamples=500)
        assert not isinstance(found, NotAvailable)
        low, high = found[0].low, found[0].high
        covered += low is not None and high is not None and low <= truth <= high
    assert at_least(covered, repetitions, 0.91)  # nominally 95 %; see the docstring of `iqm`
