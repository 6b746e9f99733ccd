"""Wilcoxon's test, Holm's adjustment, verdicts, rank intervals, sentences."""

from __future__ import annotations

import math
import time
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from optbench.analysis.statistics import (
    ACCURACY_MARGIN,
    Comparison,
    NotAvailable,
    Verdict,
    compare_differences,
    compare_overall,
    compare_times,
    fewest_seeds,
    holm,
    judge,
    net_wins,
    rank_intervals,
    sentence,
    smallest_p,
    wilcoxon,
)

DIFFERENCES = st.lists(st.sampled_from([-math.inf, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, math.inf]), min_size=1, max_size=9)
SWAPPED = {"better": "worse", "worse": "better", "equivalent": "equivalent", "undecided": "undecided"}


def enumerated_p(differences: list[float]) -> float:
    """Pratt's test by all signs of the differences that are not 0."""
    d = np.array(differences)
    ranks = stats.rankdata(np.abs(d))[d != 0]
    observed = abs((ranks * np.sign(d[d != 0])).sum())
    sums = [abs((ranks * signs).sum()) for signs in product((-1, 1), repeat=len(ranks))]
    return float(np.mean([value >= observed for value in sums]))


@given(DIFFERENCES)
@settings(max_examples=150, deadline=None)
def test_p_is_that_of_all_signs(differences: list[float]) -> None:
    assert_allclose(wilcoxon(differences).p, enumerated_p(differences), rtol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 5, 12, 20, 30, 45])
def test_p_is_scipys_where_there_are_no_ties(n: int) -> None:
    rng = np.random.default_rng(n)
    for shift in (0.0, 0.3, 1.0):
        d = rng.normal(shift, 1, n)
        ours, theirs = wilcoxon(d), stats.wilcoxon(d, method="exact")
        assert min(ours.below, ours.above) == theirs.statistic
        assert_allclose(ours.p, theirs.pvalue, rtol=1e-12)


def test_p_of_many_seeds_approaches_the_normal_approximation_with_ties_and_zeros() -> None:
    d = np.round(np.random.default_rng(3).normal(0.12, 1, 300), 1)
    assert_allclose(wilcoxon(d).p, stats.wilcoxon(d, zero_method="pratt", method="asymptotic").pvalue, rtol=0.05)


@given(DIFFERENCES)
def test_the_test_is_antisymmetric(differences: list[float]) -> None:
    one, other = wilcoxon(differences), wilcoxon([-d for d in differences])
    assert (one.below, one.above, one.p, one.side) == (other.above, other.below, other.p, -other.side)
    assert one.smallest <= one.p <= 1


@pytest.mark.parametrize("differences", [[], [0.0], [0.0] * 20, [1.0], [-math.inf, math.inf]])
def test_p_is_one_where_nothing_can_be_seen(differences: list[float]) -> None:
    assert wilcoxon(differences).p == 1


def test_wilcoxon_rejects_nan_and_too_many() -> None:
    with pytest.raises(ValueError, match="NaN"):
        wilcoxon([math.nan])
    with pytest.raises(ValueError, match="at most 500"):
        wilcoxon(np.ones(501))


def test_smallest_p_and_fewest_seeds() -> None:
    assert smallest_p(5) == 0.0625 == wilcoxon([-1, -2, -3, -4, -5]).p
    assert [fewest_seeds(m, 0.05) for m in (1, 66, 231)] == [6, 12, 14]
    assert [fewest_seeds(m) for m in (1, 66, 231)] == [7, 13, 15]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.integers(0, 5))
def test_holm_rejects_what_the_steps_reject(p: list[float], more: int) -> None:
    family = len(p) + more
    adjusted = holm(p, family)
    for alpha in (0.01, 0.05, 0.3, *adjusted[adjusted < 1]):
        rejected = 0
        for step, value in enumerate(sorted(p)):
            if min(1.0, (family - step) * value) > alpha:
                break
            rejected += 1
        assert np.count_nonzero(adjusted <= alpha) == rejected


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_holm_does_not_depend_on_the_order(p: list[float], random: object) -> None:
    order = list(range(len(p)))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert_array_equal(holm(np.array(p)[order], 9), holm(p, 9)[order])


def test_holm_checks_its_family() -> None:
    assert holm([], 3).size == 0
    for bad in ([0.1, 0.2], [math.nan]):
        with pytest.raises(ValueError, match="p-values"):
            holm(bad, 1)


def verdict(comparison: Comparison, family: int = 1) -> Verdict:
    return judge([comparison], family)[0]


def speed_up(n: int, ratio: float, sd: float = 0.05, planned: int | None = None) -> Comparison:
    rng = np.random.default_rng(n)
    b = np.exp(rng.normal(size=n))
    a = b * np.exp(np.log(ratio) + sd * rng.normal(size=n))
    return compare_times(a, b, range(n), range(n if planned is None else planned))


def test_better_worse_equivalent_and_small() -> None:
    assert verdict(speed_up(20, 0.5)).text == "better"
    assert verdict(speed_up(20, 2.0)).text == "worse"
    assert verdict(speed_up(20, 0.95, sd=0.02)).text == "better, by less than the margin"
    assert verdict(speed_up(20, 1.05, sd=0.02)).text == "worse, by less than the margin"
    same = np.arange(1.0, 21)
    alternating = same * np.exp(0.02 * np.tile([1, -1], 10))
    assert verdict(compare_times(alternating, same, range(20), range(20))).text == "equivalent"
    assert verdict(compare_times(same, same, range(20), range(20))).text == "equivalent"


def test_ties_cost_the_interval_more_seeds_than_the_e_value() -> None:
    def tied(wins: int, ties: int) -> Verdict:
        return verdict(compare_differences([-1.0] * wins + [0.0] * ties, range(wins + ties), range(wins + ties)))

    found = tied(13, 7)  # E = 585 is above 40, but 7 of 20 values are not below 0
    assert (found.word, found.more_seeds) == ("undecided", 94)
    for n, word in ((117, "better"), (100, "undecided")):  # at 114 the 74.1 wins of the projection are rounded down
        won = round(0.65 * n)
        assert verdict(compare_differences([-1.0] * won + [0.0] * (n - won), range(n), range(20))).word == word
    never = tied(10, 10).more_seeds
    assert never == NotAvailable("with so many ties the interval of the effect contains 0 at any number of seeds")


def test_a_miss_prevents_equivalence() -> None:
    same = np.arange(1.0, 21)
    same[3] = math.inf
    assert verdict(compare_times(same, same, range(20), range(20))).word == "undecided"


def test_five_seeds_cannot_show_a_difference() -> None:
    found = verdict(speed_up(5, 0.1))
    assert found.word == "undecided"
    assert (
        found.reason
        == "5 decided seeds cannot show a difference (smallest possible p 0.062, 1 comparison: 7 are the fewest that can)"
    )
    assert found.more_seeds == 4  # 2^9 / 10 = 51.2
    assert found.p == 0.0625


def test_planned_seeds_that_are_missing_give_no_p() -> None:
    found = verdict(speed_up(12, 0.5, planned=20))
    assert found.word == "undecided"
    assert found.p == NotAvailable("8 of the 20 planned seeds are missing, the first is 12")
    assert found.reason == "8 of the 20 planned seeds are missing, the first is 12"
    assert isinstance(verdict(compare_times([1.0], [2.0], [0], [])).p, NotAvailable)


def test_added_seeds_decide_by_the_e_value_alone() -> None:
    # Five planned seeds; the ninth win makes E = 51.2.
    assert [verdict(speed_up(n, 0.5, planned=5)).word for n in (7, 8, 9, 12)] == ["undecided", "undecided", "better", "better"]
    assert verdict(speed_up(12, 0.5, planned=5), family=100).word == "undecided"
    assert "is below 4,000 (100 comparisons)" in verdict(speed_up(12, 0.5, planned=5), family=100).reason
    assert speed_up(12, 0.5, planned=5).effect.interval.anytime  # type: ignore[union-attr]
    # The p-value is that of the planned seeds, whatever was added.
    assert verdict(speed_up(12, 0.5, planned=5)).p == 0.0625


def test_the_e_value_does_not_count_before_seeds_are_added() -> None:
    found = verdict(speed_up(9, 0.5), family=1)
    assert found.word == "better"
    assert found.needed_e == 40
    large = compare_differences([-1.0] * 18 + [9.0, 8.0], range(20), range(20))
    undecided = verdict(large, family=6)
    assert large.e > undecided.needed_e
    assert (undecided.word, undecided.more_seeds) == ("undecided", 1)


def test_a_test_in_favour_of_a_and_an_interval_in_favour_of_b_decide_nothing() -> None:
    d = np.array([-0.001] * 15 + [50.0] * 5)
    found = verdict(compare_differences(np.concatenate([d, d]), range(40), range(40)))
    assert found.word in {"undecided", "equivalent"}


def test_degenerate_comparisons_have_reasons() -> None:
    never, seeds = np.full(20, math.inf), range(20)
    missed = compare_times(never, never, seeds, seeds)
    assert verdict(missed).reason == "both missed the target on every seed"
    assert sentence("a", "b", missed, verdict(missed)).startswith("neither a nor b reached the target")
    empty = compare_times([], [], [], seeds)
    assert verdict(empty).reason == "no seed in common"
    assert verdict(empty).more_seeds == NotAvailable("no pair is decided, so there is no win rate to project")
    one = compare_times([1.0], [2.0], [0], [0])
    assert verdict(one).word == "undecided"
    assert verdict(compare_times(never, np.arange(20), seeds, seeds)).word == "worse"


@given(
    st.lists(st.tuples(*[st.sampled_from([1.0, 2.0, 2.05, 3.0, 30.0, math.inf])] * 2), max_size=14),
    st.integers(0, 14),
    st.integers(1, 30),
)
@settings(max_examples=300, deadline=None)
def test_swapping_a_and_b_swaps_the_verdict(times: list[tuple[float, float]], planned: int, family: int) -> None:
    a, b = [t for t, _ in times], [t for _, t in times]
    seeds = range(len(times))
    one = verdict(compare_times(a, b, seeds, range(planned)), family)
    other = verdict(compare_times(b, a, seeds, range(planned)), family)
    assert one.word == SWAPPED[other.word]
    assert (one.small, one.p, one.more_seeds, one.reason) == (other.small, other.p, other.more_seeds, other.reason)
    assert bool(one.reason) == (one.word == "undecided")
    assert "nan" not in sentence("a", "b", compare_times(a, b, seeds, range(planned)), one)


@given(st.lists(st.sampled_from([-2.0, -1.0, 0.0, 1.0]), min_size=12, max_size=12), st.integers(1, 20), st.integers(0, 100))
@settings(deadline=None)
def test_a_larger_family_never_decides_more(differences: list[float], family: int, more: int) -> None:
    comparison = compare_differences(differences, range(12), range(12))
    if verdict(comparison, family + more).word in {"better", "worse"}:
        assert verdict(comparison, family).word == verdict(comparison, family + more).word


def test_a_difference_of_accuracy_has_its_own_margin() -> None:
    lost = np.random.default_rng(1).normal(-0.004, 0.001, 20)
    assert (
        judge([compare_differences(lost, range(20), range(20))], 1, ACCURACY_MARGIN)[0].text
        == "better, by less than the margin"
    )


def test_differences_need_one_seed_each() -> None:
    with pytest.raises(ValueError, match="distinct seeds"):
        compare_differences([1.0, 2.0], [0, 0], [0])
    with pytest.raises(ValueError, match="distinct seeds"):
        compare_differences([1.0, 2.0], [0], [0])


def test_net_wins_are_means_over_workloads() -> None:
    inf = math.inf
    a = [[1, 2, inf], [3, inf, inf], [1, 30, 9]]
    b = [[2, 1, inf], [4, inf, 5], [2, 20, 5]]
    assert_allclose(net_wins(a, b, [9, 9, 25]), [1, -2 / 3, -2 / 3], atol=1e-12)
    assert_array_equal(net_wins(a, b), -net_wins(b, a))
    for bad in ([[1.0]], [1.0, 2.0]):
        with pytest.raises(ValueError, match="shape"):
            net_wins(bad, b)


def test_over_all_workloads_negative_favours_a_and_nothing_is_equivalent() -> None:
    rng = np.random.default_rng(0)
    b = rng.uniform(1, 2, (6, 20))
    comparison = compare_overall(b * rng.uniform(0.4, 1.2, b.shape), b, range(20), range(20))
    found = judge([comparison], 1, margin=None)[0]
    assert found.word == "better"
    assert not found.small
    assert comparison.effect.median < 0  # type: ignore[operator]
    assert judge([compare_overall(b, b, range(20), range(20))], 1, margin=None)[0].reason == "the results are identical"


def test_rank_intervals_contain_every_order_that_the_verdicts_allow() -> None:
    better = np.zeros((4, 4), bool)
    better[0, 1] = better[0, 2] = better[1, 2] = True
    assert_array_equal(rank_intervals(better), [[1, 2], [2, 3], [3, 4], [1, 4]])
    assert_array_equal(rank_intervals(np.zeros((3, 3), bool)), [[1, 3]] * 3)
    assert_array_equal(rank_intervals(np.zeros((1, 1), bool)), [[1, 1]])
    with pytest.raises(ValueError, match="at most one"):
        rank_intervals([[0, 1], [1, 0]])
    with pytest.raises(ValueError, match="shape"):
        rank_intervals([[0, 1]])


def test_sentences() -> None:
    quick = compare_times(np.arange(1.0, 21), np.arange(1.0, 21) * 2.1, range(20), range(20))
    assert sentence("adam", "sgd", quick, verdict(quick)) == (
        "adam reached the target 2.1 times sooner than sgd (95.86 % interval 2.1 times sooner; won 20 of 20 seeds; "
        "E = 49,932): better"
    )
    varied = compare_times(np.arange(1.0, 21), np.arange(1.0, 21) * np.linspace(1.7, 2.6, 20), range(20), range(20))
    assert "2.15 times sooner than b (95.86 % interval 1.94 to 2.36; won" in sentence("a", "b", varied, verdict(varied))
    rare = compare_times([1.0] * 18 + [math.inf] * 2, [math.inf] * 17 + [2.0] * 3, range(20), range(20))
    assert sentence("adam", "sgd", rare, verdict(rare)).startswith("sgd reached the target on 3 of 20 seeds, adam on 18 (")
    close = compare_times([1.0, 1.1, 0.9, 2.0], [1.2, 1.0, 1.0, 1.5], range(4), range(4))
    assert "87.5 % interval 1.2 times sooner to 1.33 times later" in sentence("a", "b", close, verdict(close))


def test_all_pairs_of_22_optimizers_on_12_workloads_take_less_than_two_seconds() -> None:
    rng = np.random.default_rng(0)
    times = np.exp(rng.normal(size=(22, 12, 20)))
    times[rng.random(times.shape) < 0.1] = math.inf
    start = time.process_time()
    pairs = [
        compare_times(times[i, w], times[j, w], range(20), range(20)) for i, j in combinations(range(22), 2) for w in range(12)
    ]
    assert len(judge(pairs, len(pairs))) == 2772
    assert time.process_time() - start < 2
