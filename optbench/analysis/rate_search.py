"""The choice of a learning rate from a grid: decades first, then what is beside the best of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median

DECADES = (-6, -4, -2, 0, 2, 4, 6)
"""The first points of the grid, in half decades from the rate as given: 1e-3 to 1e3 times it."""
LAST = max(DECADES)
CLOSE = 0.01
"""Losses that differ by no more than this share are nearly equal."""
MOST = len(DECADES) + 3
"""The most points that are tried."""


def factor(step: int) -> float:
    """Return what the rate as given is multiplied by at a point of the grid; exactly 1 at point 0."""
    return math.pow(10.0, step / 2)


def worth(losses: Sequence[float]) -> float:
    """Return how well a point does: the median over seeds of the best validation loss.

    Args:
        losses: one for each seed; infinite for a run that diverged or failed.
    """
    return median(losses) if losses else math.inf


def best_step(worths: Mapping[int, float]) -> int:
    """Return the best point; of equals the one nearest to the rate as given, which is also the answer where all diverged."""
    return min(worths, key=lambda step: (worths[step], abs(step), step))


def refinement(worths: Mapping[int, float]) -> tuple[int, ...]:
    """Return the points to be tried next: the half decades beside the best decade; none where every decade diverged.

    Where the best decade is the first or the last, they include the next whole decade: a method without a second moment has
    rates a thousand times as large.
    """
    best = best_step(worths)
    if math.isinf(worths[best]):
        return ()
    beyond = {-LAST: (best - 2,), LAST: (best + 2,)}.get(best, ())
    return tuple(sorted({best - 1, best + 1, *beyond} - worths.keys()))


def nearly_as_good(step: int, worths: Mapping[int, float]) -> list[int]:
    """Return the other points whose loss is within 1 % of the chosen one's: a few seeds cannot tell them apart."""
    limit = worths.get(step, math.nan) + CLOSE * abs(worths.get(step, math.nan))
    return [other for other, loss in worths.items() if other != step and loss <= limit < math.inf]


def at_edge(step: int, worths: Mapping[int, float]) -> bool:
    """Return whether the best point is the first or the last that could be tried, so that a better rate may lie beyond."""
    return len(worths) > 1 and step in {min(worths), max(worths)} and math.isfinite(worths[step])
