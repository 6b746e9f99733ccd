"""Line searches, along a direction in which the loss falls. They are bounded, and return 0 or a rate at which it has fallen.

A loss that is not finite counts as infinite, so that the search continues at lower rates.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

SUFFICIENT = 1e-4
"""c_1: the share of the predicted decrease that is sufficient."""
CURVATURE = 0.9
"""c_2: the share of the slope that may be left."""
HALVINGS = 20
TRIALS = 25
"""The most trials of the strong Wolfe search after its first."""
_NARROW = 1e-9
_MARGIN = 0.1


@dataclass(frozen=True)
class Point:
    """The loss and its slope at a rate along the direction."""

    rate: float
    loss: float
    slope: float


def armijo(loss_at: Callable[[float], float], rate: float, loss: float, slope: float) -> tuple[float, bool]:
    """Halve a rate until the loss falls sufficiently. Armijo 1966, Pacific Journal of Mathematics 16(1), 1-3.

    Args:
        loss_at: computes the loss at a rate.
        rate: the first one to try.
        loss: the loss at rate 0.
        slope: its slope there, negative.

    Returns:
        The rate and whether the loss falls sufficiently, by 1e-4 of what the slope predicts; false after 20 halvings.
    """
    for _ in range(HALVINGS + 1):
        if loss_at(rate) <= loss + SUFFICIENT * rate * slope:  # not so for NaN
            return rate, True
        rate *= 0.5
    return rate, False


def strong_wolfe(point_at: Callable[[float], Point], start: Point, rate: float, length: float) -> float:
    """Return a rate that meets the strong Wolfe conditions, or else the best of all that were tried.

    Nocedal & Wright 2006, Numerical Optimization, Algorithms 3.5 and 3.6, with the cubic interpolation, the safeguards and the
    bounds of torch's `LBFGS`. The last rate that is tried need not be the one that is returned.

    Args:
        point_at: computes the loss and its slope at a rate.
        start: those at rate 0, where the slope is negative.
        rate: the first one to try.
        length: the largest element of the direction, for the bound on how narrow the interval may become.
    """
    search = _Search(point_at, start)
    low, high = search.bracket(rate)
    return search.zoom(low, high, length) if high is not None else low.rate


class _Search:
    def __init__(self, point_at: Callable[[float], Point], start: Point) -> None:
        self._point_at, self._start, self._trials = point_at, start, 0

    def bracket(self, rate: float) -> tuple[Point, Point | None]:
        """Return the ends of an interval with an acceptable point, the one of lower loss first, or such a point alone."""
        last, new = self._start, self._finite(rate)
        while self._trials < TRIALS:
            if not self._falls(new) or (self._trials > 1 and new.loss >= last.loss):
                return _by_loss(last, new)
            if self._is_flat(new):
                return new, None
            if new.slope >= 0.0:
                return _by_loss(last, new)
            further = _cubic(last, new, new.rate + 0.01 * (new.rate - last.rate), 10.0 * new.rate)
            last, new = new, self._next(further)
        return _by_loss(self._start, new)

    def zoom(self, low: Point, high: Point, length: float) -> float:
        """Return an acceptable rate of the interval, or its end of lower loss once the bounds are reached."""
        stalled = False
        while self._trials < TRIALS and abs(high.rate - low.rate) * length >= _NARROW:
            left, right = min(low.rate, high.rate), max(low.rate, high.rate)
            rate = _cubic(low, high, left, right)
            margin = _MARGIN * (right - left)
            near = min(right - rate, rate - left) < margin
            if near and (stalled or rate in (left, right)):
                rate = right - margin if right - rate < rate - left else left + margin
                near = False
            stalled = near
            new = self._next(rate)
            if not self._falls(new) or new.loss >= low.loss:
                low, high = _by_loss(low, new)
            elif self._is_flat(new):
                return new.rate
            else:
                low, high = new, low if new.slope * (high.rate - low.rate) >= 0.0 else high
        return low.rate

    def _next(self, rate: float) -> Point:
        self._trials += 1
        return self._finite(rate)

    def _finite(self, rate: float) -> Point:
        point = self._point_at(rate)
        return point if math.isfinite(point.loss) and math.isfinite(point.slope) else Point(rate, math.inf, math.inf)

    def _falls(self, point: Point) -> bool:
        return point.loss <= self._start.loss + SUFFICIENT * point.rate * self._start.slope

    def _is_flat(self, point: Point) -> bool:
        return abs(point.slope) <= -CURVATURE * self._start.slope


def _by_loss(one: Point, other: Point) -> tuple[Point, Point]:
    return (one, other) if one.loss <= other.loss else (other, one)


def _cubic(one: Point, other: Point, left: float, right: float) -> float:
    """Return the minimum in [left, right] of the cubic through two points, or the middle where there is none."""
    middle = (left + right) / 2.0
    if math.isinf(one.loss) or math.isinf(other.loss):
        return middle
    a, b = (one, other) if one.rate <= other.rate else (other, one)
    d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.rate - b.rate)
    square = d1 * d1 - a.slope * b.slope
    if not 0.0 <= square < math.inf:
        return middle
    d2 = math.sqrt(square)
    divisor = b.slope - a.slope + 2.0 * d2
    if not divisor:
        return middle
    rate = b.rate - (b.rate - a.rate) * ((b.slope + d2 - d1) / divisor)
    return min(max(rate, left), right)
