"""Wilcoxon's signed-rank test, exact with ties and zeros, of paired log time ratios."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from optbench.core.numerics import Vector

LARGEST = 500
"""More pairs than this are refused: the time is of order n^3, 0.3 s here. A benchmark with 500 seeds needs no test."""


@dataclass(frozen=True)
class SignedRank:
    """The result of the test.

    Attributes:
        below: the sum of the ranks of the negative differences, which favour A.
        above: the sum of the ranks of the positive ones.
        p: the two-sided p-value.
        smallest: the smallest p-value that as many decided pairs can have, 2 / 2^n.
    """

    below: float
    above: float
    p: float
    smallest: float

    @property
    def side(self) -> int:
        """-1 if the test favours A, 1 if it favours B, 0 if neither."""
        return int(self.above > self.below) - int(self.below > self.above)


def wilcoxon(differences: npt.ArrayLike) -> SignedRank:
    """Return the exact two-sided signed-rank test of the hypothesis that A and B may be exchanged within each pair.

    The absolute differences are ranked with midranks, so infinite ones (one of the two missed the target) are tied at the
    largest rank. Zeros (both missed, or equal times) are ranked too, then dropped (Pratt). Under the hypothesis each of the
    other ranks has either sign with probability 1/2, independently: p = min(1, 2 P(T >= max(T+, T-))).

    Args:
        differences: shape (n,), negative where A is better; from `log_ratios`, which makes equal ratios equal to the bit.

    Returns:
        p = 1 where all differences are 0 or there is none.

    Raises:
        ValueError: a difference is NaN, or there are more than 500.

    Source: Wilcoxon (1945); Pratt, Remarks on zeros and ties in the Wilcoxon signed rank procedures (1959). The distribution is
    convolved, one rank after the other, with probabilities c / 2^n: exact in float64 to n = 53, to about 1e-14 beyond. So no
    normal approximation is needed.
    """
    d = np.asarray(differences, np.float64)
    if np.isnan(d).any():
        raise ValueError("a difference is NaN; a pair in which both missed the target has 0")
    if d.size > LARGEST:
        raise ValueError(f"the exact test takes at most {LARGEST} pairs, not {d.size}")
    ranks = _doubled_midranks(np.abs(d))
    below, above = int(ranks[d < 0].sum()), int(ranks[d > 0].sum())
    decided = np.sort(ranks[d != 0])
    tail = _upper_tail(tuple(decided.tolist()))
    p = min(1.0, 2 * float(tail[max(below, above)]))
    return SignedRank(below / 2, above / 2, p, smallest_p(decided.size))


def smallest_p(pairs: int) -> float:
    """Return the smallest two-sided p-value of `pairs` decided pairs, 2 / 2^pairs, which all of them favouring one side has."""
    return min(1.0, math.ldexp(2.0, -pairs))


def fewest_seeds(comparisons: int, alpha: float = 0.025) -> int:
    """Return the smallest number of seeds with which Holm's procedure over so many comparisons can reach `alpha`."""
    seeds = 1
    while comparisons * smallest_p(seeds) > alpha:
        seeds += 1
    return seeds


def _doubled_midranks(magnitudes: Vector) -> npt.NDArray[np.int64]:
    """Return twice the midranks, which are whole numbers."""
    _, where, counts = np.unique(magnitudes, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((2 * last - counts + 1)[where], np.int64)


@lru_cache(maxsize=4096)
def _upper_tail(doubled: tuple[int, ...]) -> Vector:
    """Return P(T >= t) for t = 0, 1, ..., where T is the sum of these ranks, each with probability 1/2."""
    probability = np.zeros(sum(doubled) + 1)
    probability[0] = 1.0
    reached = 1
    for rank in doubled:
        shifted = 0.5 * probability[:reached]
        probability[:reached] = shifted
        probability[rank : rank + reached] += shifted
        reached += rank
    return np.asarray(np.cumsum(probability[::-1])[::-1])
