"""Verdicts: better, worse, equivalent or undecided, for a family of comparisons of fixed size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from optbench.analysis.statistics.available import NotAvailable
from optbench.analysis.statistics.comparison import Comparison
from optbench.analysis.statistics.e_value import seeds_still_needed
from optbench.analysis.statistics.holm import holm
from optbench.analysis.statistics.interval import Interval
from optbench.analysis.statistics.wilcoxon import fewest_seeds

TIME_MARGIN = math.log(1.1)
"""Log ratios of times within this are too small to matter: 10 % of time, in either direction."""
ACCURACY_MARGIN = 0.01
"""Differences of accuracy within this are too small to matter: one point."""
ALPHA = 0.025
"""The chance of a wrong difference in each of two ways, the p-value on the planned seeds and the e-value later: .05 in all."""
COVERAGE = 0.95
"""The coverage that an interval needs before it can support a difference."""
NARROW_COVERAGE = 0.90
"""The coverage that an interval needs before it can support equivalence."""

Word = Literal["better", "worse", "equivalent", "undecided"]


@dataclass(frozen=True)
class Verdict:
    """What a comparison shows.

    Attributes:
        word: about A against B.
        small: whether A is better, or worse, by less than the margin.
        p: Holm's adjusted p-value on the planned seeds.
        needed_e: the e-value that decides once seeds were added, 40 m.
        more_seeds: for "undecided", how many more seeds the e-value and the interval would take at the observed shares of wins,
            losses and ties; 0 otherwise.
        reason: for "undecided", why; empty otherwise.
    """

    word: Word
    small: bool
    p: float | NotAvailable
    needed_e: float
    more_seeds: int | NotAvailable
    reason: str

    @property
    def text(self) -> str:
        """The verdict in words, such as "better, by less than the margin"."""
        return f"{self.word}, by less than the margin" if self.small else self.word


def judge(comparisons: Sequence[Comparison], family: int, margin: float | None = TIME_MARGIN) -> list[Verdict]:
    """Return the verdict of each comparison of a family.

    A is **better** if the 95 % interval is below 0, and either Holm's adjusted p-value on exactly the planned seeds is at most
    .025, or seeds were added and E >= 40 m, both in favour of A; **worse** is the same for B. They are **equivalent** if both
    reached the target on every seed and the 90 % interval lies inside the margin. Otherwise the verdict is **undecided**, which
    does not mean that they are equal.

    Args:
        comparisons: any number up to `family`.
        family: m, all comparisons that were asked for; it is fixed when the family is built.
        margin: a difference too small to matter; None where none is defined, so that nothing is equivalent.

    Returns:
        One verdict for each comparison, in order. Swapping A and B swaps better and worse and leaves the rest as it is.

    Source: PROTOCOL 2, section 6. Deviation: once seeds were added, the intervals are those that hold for any number of seeds.
    If one adds seeds, up to 100, until the interval excludes 0, then it misses the median in 21 % of cases if it is made for a
    fixed number, and in 3 % if made for any (simulated).
    """
    tested = [comparison.test.p for comparison in comparisons if not isinstance(comparison.test, NotAvailable)]
    adjusted = iter(holm(tested, family).tolist())
    return [
        _verdict(one, one.test if isinstance(one.test, NotAvailable) else next(adjusted), family, margin) for one in comparisons
    ]


def _verdict(comparison: Comparison, p: float | NotAvailable, family: int, margin: float | None) -> Verdict:
    needed = family / ALPHA
    side = 0
    if _covers(comparison.effect.interval, COVERAGE):
        side = _interval_side(comparison) if _interval_side(comparison) in _significant(comparison, p, needed) else 0
    narrow = comparison.effect.narrow
    equivalent = (
        margin is not None
        and comparison.all_reached
        and isinstance(narrow, Interval)
        and _covers(narrow, NARROW_COVERAGE)
        and narrow.within(margin)
    )
    word: Word = "better" if side < 0 else "worse" if side > 0 else "equivalent" if equivalent else "undecided"
    return Verdict(
        word=word,
        small=side != 0 and equivalent,
        p=p,
        needed_e=needed,
        more_seeds=_more_seeds(comparison, needed) if word == "undecided" else 0,
        reason=_why_undecided(comparison, p, family) if word == "undecided" else "",
    )


def _more_seeds(comparison: Comparison, needed: float) -> int | NotAvailable:
    """Return how many more seeds both the e-value and the interval would take.

    The interval for any number of seeds excludes 0 where the e-value of the pairs on one side of it against all others, ties
    too, is at least 1 / (1 - .95).
    """
    counts = comparison.wins
    more = seeds_still_needed(counts.wins, counts.losses, counts.ties, needed)
    if isinstance(more, NotAvailable):
        return more
    most, others = max(counts.wins, counts.losses), min(counts.wins, counts.losses) + counts.ties
    for_interval = seeds_still_needed(most, others, 0, 1 / (1 - COVERAGE)) if most > others else None
    if not isinstance(for_interval, int):
        return NotAvailable("with so many ties the interval of the effect contains 0 at any number of seeds")
    return max(more, for_interval, 1)  # an e-value that is large enough counts once a seed was added


def _covers(interval: Interval | NotAvailable, level: float) -> bool:
    return isinstance(interval, Interval) and interval.coverage >= level


def _interval_side(comparison: Comparison) -> int:
    interval = comparison.effect.interval
    return interval.side if isinstance(interval, Interval) else 0


def _significant(comparison: Comparison, p: float | NotAvailable, needed: float) -> set[int]:
    """Return the sides (-1 for A, 1 for B) that the planned test or the e-value shows."""
    sides = set()
    if not isinstance(comparison.test, NotAvailable) and not isinstance(p, NotAvailable) and p <= ALPHA:
        sides.add(comparison.test.side)
    if comparison.added and comparison.e >= needed:
        sides.add(1 if comparison.wins.losses > comparison.wins.wins else -1)
    return sides - {0}


def _why_undecided(comparison: Comparison, p: float | NotAvailable, family: int) -> str:
    test, m = comparison.test, f"{family:,} comparison{'s' * (family != 1)}"
    counts = comparison.wins
    if not comparison.seeds:
        return "no seed in common"
    if counts.ties == comparison.seeds:
        missed = comparison.reached_a == 0 and comparison.reached_b == 0
        return "both missed the target on every seed" if missed else "the results are identical"
    if isinstance(test, NotAvailable) and not comparison.added:
        return test.reason
    if not comparison.added and not isinstance(test, NotAvailable) and family * test.smallest > ALPHA:
        decided = counts.wins + counts.losses
        return (
            f"{decided} decided seed{'s' * (decided != 1)} cannot show a difference (smallest possible p {test.smallest:.2g}, "
            f"{m}: {fewest_seeds(family, ALPHA)} are the fewest that can)"
        )
    if _interval_side(comparison) == 0:
        return "the interval of the effect contains 0"
    short = (
        f"E = {comparison.e:.3g} is below {family / ALPHA:,.0f}"
        if comparison.added
        else f"adjusted p = {p:.2g} is above {ALPHA}"
    )
    return f"{short} ({m})"
