from __future__ import annotations

import math

import pytest

from optbench.analysis.rate_search import DECADES, MOST, at_edge, best_step, factor, nearly_as_good, refinement, worth


def test_the_grid_spans_three_decades_on_both_sides_of_the_rate_as_given() -> None:
    assert [factor(step) for step in DECADES] == pytest.approx([1e-3, 1e-2, 0.1, 1, 10, 100, 1000])
    assert factor(0) == 1.0
    assert factor(1) ** 2 == pytest.approx(10)


def test_a_point_is_worth_its_median_and_a_majority_of_diverged_runs_spoils_it() -> None:
    assert worth([3.0, 1.0, 2.0]) == 2.0
    assert worth([1.0, math.inf, 2.0]) == 2.0
    assert worth([1.0, math.inf, math.inf]) == math.inf


def test_of_equal_points_the_nearest_to_the_given_rate_is_chosen() -> None:
    assert best_step({-4: 1.0, -2: 0.5, 0: 1.0, 2: 0.5, 4: 2.0}) == -2
    assert best_step({-4: 0.5, 2: 0.5, 4: 0.5}) == 2
    assert best_step(dict.fromkeys(DECADES, math.inf)) == 0


@pytest.mark.parametrize(("best", "expected"), [(0, (-1, 1)), (6, (5, 7, 8)), (-6, (-8, -7, -5)), (-2, (-3, -1))])
def test_what_is_beside_the_best_is_tried_next(best: int, expected: tuple[int, ...]) -> None:
    worths = {step: abs(step - best) + 0.1 for step in DECADES}
    assert refinement(worths) == expected
    assert len(worths) + len(refinement(worths)) <= MOST


def test_where_every_decade_diverged_nothing_is_refined() -> None:
    assert refinement(dict.fromkeys(DECADES, math.inf)) == ()


def test_the_best_point_may_be_at_the_edge() -> None:
    worths = {step: float(-step) for step in DECADES}
    assert at_edge(6, worths)
    assert not at_edge(0, worths)
    assert not at_edge(0, {0: 1.0})
    assert not at_edge(-6, dict.fromkeys(DECADES, math.inf))


def test_points_with_nearly_the_same_loss_are_told_apart_by_nobody() -> None:
    assert nearly_as_good(0, {-2: 1.02, -1: 1.005, 0: 1.0, 1: 1.01, 2: math.inf}) == [-1, 1]
    assert nearly_as_good(0, dict.fromkeys(DECADES, math.inf)) == []
    assert nearly_as_good(0, {-2: -1.0, 0: -1.005}) == [-2]
    assert nearly_as_good(0, {}) == []
