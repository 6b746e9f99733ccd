"""Paired differences: log ratios, effects, intervals, wins, e-values."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from optbench.analysis.statistics import (
    Interval,
    NotAvailable,
    e_value,
    effect,
    log_ratios,
    median_interval,
    seeds_still_needed,
    win_counts,
    wins,
)

TIMES = st.lists(st.tuples(*[st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, 7.0, math.inf])] * 2), min_size=1, max_size=9)
VALUES = st.lists(st.sampled_from([-math.inf, -2.0, -1.0, 0.0, 1.0, 2.5, math.inf]), min_size=1, max_size=12)


def test_log_ratios_of_hits_and_misses() -> None:
    inf = math.inf
    assert_array_equal(
        log_ratios([1, 4, inf, 3, inf, 0, 0], [2, 2, inf, inf, 3, 0, 1]),
        [*np.round(np.log([0.5, 2]), 12), 0, -inf, inf, 0, -inf],
    )


def test_a_time_beyond_the_smaller_budget_is_a_miss() -> None:
    assert_array_equal(log_ratios([5, 12, 12], [10, 10, 12], budget=10), [round(math.log(0.5), 12), math.inf, 0])


def test_equal_ratios_are_tied_to_the_bit() -> None:
    a, b = np.array([2.0, 4.0, 6.0, 10.0, 14.0]), np.array([1.0, 2.0, 3.0, 5.0, 7.0])
    assert len(set(log_ratios(a, b))) == 1


@given(TIMES)
def test_log_ratios_are_antisymmetric(times: list[tuple[float, float]]) -> None:
    a, b = zip(*times, strict=True)
    assert_array_equal(log_ratios(a, b), -log_ratios(b, a))


@pytest.mark.parametrize(("a", "b"), [([1.0], [1.0, 2.0]), ([math.nan], [1.0]), ([-1.0], [1.0]), ([[1.0]], [[1.0]])])
def test_bad_times_are_rejected(a: list[float], b: list[float]) -> None:
    with pytest.raises(ValueError, match=r"times"):
        log_ratios(a, b)


@pytest.mark.parametrize("n", range(2, 31))
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_interval_is_scipys_for_the_binomial_quantile(n: int, level: float) -> None:
    interval = median_interval(range(n), level)
    assert isinstance(interval, Interval)
    k = int(interval.low)
    assert interval.high == n - 1 - k
    assert_allclose(interval.coverage, 1 - 2 * stats.binom.cdf(k, n, 0.5), rtol=1e-12)
    assert interval.coverage >= level or k == 0
    assert 1 - 2 * stats.binom.cdf(k + 1, n, 0.5) < level, "a narrower interval would do"


def test_five_seeds_give_the_range_with_93_75_percent() -> None:
    assert median_interval([3, 1, 2, 5, 4]) == Interval(1, 5, 0.9375)


@pytest.mark.parametrize("n", range(2, 40))
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_anytime_interval_has_the_medians_that_e_does_not_reject(n: int, level: float) -> None:
    interval = median_interval(range(n), level, anytime=True)
    assert isinstance(interval, Interval)
    kept = [j for j in range(n + 1) if e_value(j, n - j) < 1 / (1 - level)]  # the median is between values j and j + 1
    if kept[0] > 0:
        assert (interval.low, interval.high, interval.coverage) == (kept[0] - 1, kept[-1], level)
    else:
        assert (interval.low, interval.high) == (0, n - 1)
        assert interval.coverage < level


@given(VALUES, st.booleans(), st.randoms(use_true_random=False))
def test_an_effect_is_antisymmetric_and_independent_of_the_order_of_seeds(
    values: list[float], anytime: bool, random: object
) -> None:
    one, other = effect(values, anytime=anytime), effect([-v for v in values], anytime=anytime)
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert effect(shuffled, anytime=anytime) == one
    if isinstance(one.median, NotAvailable):
        assert one.median == other.median
    else:
        assert one.median == -other.median
    if isinstance(one.interval, Interval) and isinstance(other.interval, Interval):
        assert (one.interval.low, one.interval.high) == (-other.interval.high, -other.interval.low)
        assert one.interval.low <= one.interval.high
        assert one.interval.coverage == other.interval.coverage


def test_medians_with_infinities() -> None:
    inf = math.inf
    assert effect([-inf, -inf, 1]).median == -inf
    assert effect([-inf, -inf, 1, 2]).median == -inf
    assert effect([1, 2, 4, inf]).median == 3
    mixed = effect([-inf, inf]).median
    assert isinstance(mixed, NotAvailable)
    assert "half of the seeds" in mixed.reason
    assert effect([-inf, -inf, 0, inf, inf]).median == 0


def test_an_effect_of_no_seed_and_of_one() -> None:
    none, one = effect([]), effect([0.25])
    assert none.median == none.interval == NotAvailable("no seed in common")
    assert one.median == 0.25
    assert one.interval == NotAvailable("one seed gives no interval")


@given(VALUES)
def test_beats_is_the_mean_of_wins_and_half_the_ties(values: list[float]) -> None:
    counts = wins(values)
    assert counts.beats == pytest.approx(np.mean([1.0 if v < 0 else 0.5 if v == 0 else 0.0 for v in values]), abs=1e-15)
    mirrored = wins([-v for v in values])
    assert (counts.wins, counts.losses, counts.ties) == (mirrored.losses, mirrored.wins, mirrored.ties)


def test_beats_of_no_seed_is_not_available() -> None:
    assert wins([]).beats == NotAvailable("no seed in common")


@pytest.mark.parametrize("compute", [wins, effect, win_counts])
def test_a_difference_that_is_nan_is_rejected(compute: object) -> None:
    with pytest.raises(ValueError, match="NaN"):
        compute([[math.nan, 1.0]])  # type: ignore[operator]


def test_win_counts_are_those_of_pairs() -> None:
    table = np.random.default_rng(0).integers(0, 4, (5, 3, 4)).astype(float)
    table[table == 3] = math.inf
    counts = win_counts(table)
    for i, j in product(range(5), repeat=2):
        assert counts[i, j] == (table[i] < table[j]).sum()


@pytest.mark.parametrize("n", range(1, 11))
def test_e_is_the_likelihood_ratio_and_has_expectation_one(n: int) -> None:
    # The integral of p^k (1 - p)^(n - k) is k! (n - k)! / (n + 1)!.
    exact = [Fraction(2**n * math.factorial(k) * math.factorial(n - k), math.factorial(n + 1)) for k in range(n + 1)]
    assert sum(math.comb(n, k) * e for k, e in enumerate(exact)) / 2**n == 1
    assert [e_value(k, n - k) for k in range(n + 1)] == [float(e) for e in exact]


def test_e_of_nothing_and_of_very_much() -> None:
    assert e_value(0, 0) == 1
    assert e_value(5000, 0) == math.inf
    assert e_value(8, 0) > 20 > e_value(7, 0)
    with pytest.raises(ValueError, match="at least 0"):
        e_value(-1, 2)


@pytest.mark.parametrize("threshold", [20, 40, 40 * 66, 40 * 2772])
@pytest.mark.parametrize(
    ("won", "lost", "ties"), [(1, 0, 0), (5, 0, 0), (4, 1, 0), (3, 2, 0), (1, 4, 1), (12, 8, 5), (20, 0, 0), (15, 14, 0)]
)
def test_seeds_still_needed_is_the_first_number_that_is_enough(won: int, lost: int, ties: int, threshold: float) -> None:
    n = won + lost
    more = seeds_still_needed(won, lost, ties, threshold)
    assert isinstance(more, int)

    def log_e(size: int) -> float:
        k = size * won / n
        return size * math.log(2) - math.log(size + 1) + math.lgamma(k + 1) + math.lgamma(size - k + 1) - math.lgamma(size + 1)

    size = n
    while log_e(size) < math.log(threshold) - 1e-9:
        size += 1
    assert more == math.ceil((size - n) * (n + ties) / n)
    assert all(log_e(larger) >= math.log(threshold) - 1e-9 for larger in range(size, size + 200)), "it stays enough"


def test_seeds_still_needed_without_a_rate() -> None:
    assert seeds_still_needed(20, 0, 3, 20) == 0
    assert isinstance(seeds_still_needed(0, 0, 5, 20), NotAvailable)
    assert isinstance(seeds_still_needed(3, 3, 0, 20), NotAvailable)


def test_seeds_still_needed_with_wins_alone_is_exact() -> None:
    for threshold in (20, 40, 1000):
        more = seeds_still_needed(5, 0, 0, threshold)
        assert isinstance(more, int)
        assert e_value(5 + more, 0) >= threshold > e_value(4 + more, 0)
