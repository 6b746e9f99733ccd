"""What is said of findings: no more than an ablation changed."""

from __future__ import annotations

import pytest

from optbench.analysis.statistics import compare_overall, compare_times, judge
from optbench.why.explanation import Finding, Kind
from optbench.why.members import Member
from optbench.why.words import finding_sentence, reading

A, B = Member("a", "adam"), Member("b", "sgd")
A_WITHOUT = Member("a", "adam", "beta1", "no momentum")
B_WITHOUT = Member("b", "sgd", "weight_decay", "no weight decay")
SEEDS = range(12)
BETTER, WORSE, SAME, MIXED = 0.5, 2.0, 1.0, None


def found(kind: Kind, first: Member, second: Member, ratio: float | None, places: int = 1) -> Finding:
    """A finding in which the first needs `ratio` times as long; None for a mixed result."""
    times = [(1.0 + 0.01 * seed) * ((0.5 if seed % 2 else 2.0) if ratio is None else ratio) for seed in SEEDS]
    comparison = compare_times(times, [1.0 + 0.01 * seed for seed in SEEDS], SEEDS, SEEDS)
    (verdict,) = judge([comparison], 3)
    return Finding(kind, first, second, "digits" if places == 1 else "", places, comparison, verdict, 3)


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (WORSE, "the momentum contributes: without it adam is worse"),
        (1.05, "the momentum contributes, by less than the margin: without it adam is worse"),
        (BETTER, "the momentum is a hindrance: without it adam is better"),
        (SAME, "the momentum makes no difference beyond the margin"),
        (MIXED, "whether the momentum contributes is undecided"),
    ],
)
def test_what_a_part_contributes(ratio: float | None, words: str) -> None:
    assert reading(found("part", A_WITHOUT, A, ratio), None) == words


@pytest.mark.parametrize(
    ("pair", "ratio", "words"),
    [
        (BETTER, BETTER, "with no momentum the advantage of adam over sgd remains"),
        (BETTER, SAME, "with no momentum no advantage beyond the margin remains"),
        (BETTER, WORSE, "with no momentum no advantage of adam remains: sgd is better then"),
        (BETTER, MIXED, "with no momentum it is undecided whether an advantage remains"),
        (WORSE, WORSE, "with no momentum in adam the advantage of sgd over adam remains"),
        (SAME, BETTER, "no difference to account for is shown; with no momentum in adam: better"),
        (MIXED, MIXED, "no difference to account for is shown; with no momentum in adam: undecided"),
    ],
)
def test_whether_an_advantage_remains(pair: float | None, ratio: float | None, words: str) -> None:
    assert reading(found("remaining", A_WITHOUT, B, ratio), found("pair", A, B, pair)) == words


def test_the_other_optimizer_may_be_without_a_part() -> None:
    pair = found("pair", A, B, WORSE)
    assert reading(found("remaining", A, B_WITHOUT, WORSE), pair) == (
        "with no weight decay the advantage of sgd over adam remains"
    )
    better = found("pair", A, B, BETTER)
    assert reading(found("remaining", A, B_WITHOUT, BETTER), better) == (
        "with no weight decay in sgd the advantage of adam over sgd remains"
    )


def test_findings_over_other_workloads_are_not_read_together() -> None:
    assert reading(found("remaining", A_WITHOUT, B, BETTER, places=2), found("pair", A, B, BETTER, places=3)) == ""
    assert reading(found("pair", A, B, BETTER), None) == ""


def test_a_part_may_have_words_of_another_form() -> None:
    member = Member("a", "adam", "schedule", "a constant rate")
    assert member.label == "adam with a constant rate"
    assert reading(found("part", member, A, WORSE), None).startswith("the schedule contributes")


def test_a_comparison_over_workloads_is_a_net_share() -> None:
    comparison = compare_overall([[1.0] * 12, [1.0] * 12], [[2.0] * 12, [1.0] * 12], SEEDS, SEEDS)
    (verdict,) = judge([comparison], 3, margin=None)
    assert finding_sentence(Finding("pair", A, B, "", 2, comparison, verdict, 3)) == (
        "adam was sooner than sgd on more workloads with 12 of 12 seeds, on fewer with 0 (net share of workloads 0.5; "
        "96.14 % interval 0.5 to 0.5; E = 315): better"
    )
