"""Where the curves of two results of one run differ: first, and most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optbench.core.metrics import DIGESTED, RECORDED
from optbench.core.specs import RunResult

Curve = npt.NDArray[np.float64]

TOLERANCE = 0.05
"""The most that a metric may differ, at any epoch, for runs of two environments to count as close.

A loss is divided by the run's first one, because losses have no common scale, and a quality by 1; either by its own size where
that is larger, as that of a loss that grows or of an R² far below 0.
"""
COMPARED = tuple(name for name in DIGESTED if RECORDED[name].direction)
"""The metrics that the tolerance applies to: losses and qualities, not counts."""


@dataclass(frozen=True)
class Difference:
    """Two values of one metric at one epoch.

    Attributes:
        metric: its name.
        epoch: the epoch; 0 is before the first step.
        then: the value of the first result.
        now: the value of the second.
        size: their difference, relative as described at `TOLERANCE`; infinite where only one is finite.
    """

    metric: str
    epoch: int
    then: float
    now: float
    size: float

    def words(self, sides: tuple[str, str]) -> str:
        """Return both values in words, with as many digits as tell them apart."""
        then, now = _digits(self.then, self.now)
        return f"{self.metric} {then} {sides[0]}, {now} {sides[1]}"


def epochs_of(result: RunResult) -> int:
    """Return how many epochs the curves of a result cover, that before the first step included."""
    return min((len(result.curves[name]) for name in DIGESTED if name in result.curves), default=0)


def first_difference(one: RunResult, two: RunResult) -> Difference | None:
    """Return the first epoch at which a metric of the digest is not the same to the bit.

    Of several metrics it is the one that differs most there. None where all epochs that both results have are the same.
    """
    found = [difference for name in DIGESTED if (difference := _first(name, one, two)) is not None]
    return min(found, key=lambda difference: (difference.epoch, -difference.size), default=None)


def greatest_difference(one: RunResult, two: RunResult) -> Difference | None:
    """Return the greatest difference of a loss or a quality over the epochs that both have; None where there is none."""
    return _greatest(
        Difference(name, place, float(then[place]), float(now[place]), float(sizes[place]))
        for name, then, now, sizes in _compared(one, two)
        for place in [int(np.argmax(sizes))]
    )


def last_difference(one: RunResult, two: RunResult) -> Difference | None:
    """Return the greatest difference of a loss or a quality at the last epoch that both have; None where there is none."""
    return _greatest(
        Difference(name, len(sizes) - 1, float(then[-1]), float(now[-1]), float(sizes[-1]))
        for name, then, now, sizes in _compared(one, two)
    )


def _compared(one: RunResult, two: RunResult) -> Iterator[tuple[str, Curve, Curve, Curve]]:
    """Yield the metrics that both results have, with the values of common epochs and their differences."""
    for name in COMPARED:
        then, now = _common(name, one, two)
        if len(then):
            yield name, then, now, _sizes(name, then, now)


def _greatest(differences: Iterator[Difference]) -> Difference | None:
    found = max(differences, key=lambda difference: difference.size, default=None)
    return found if found is not None and found.size else None


def _first(name: str, one: RunResult, two: RunResult) -> Difference | None:
    then, now = _common(name, one, two)
    places = np.flatnonzero(~_equal(then, now))
    if not len(places):
        return None
    place = int(places[0])
    return Difference(name, place, float(then[place]), float(now[place]), float(_sizes(name, then, now)[place]))


def _common(name: str, one: RunResult, two: RunResult) -> tuple[Curve, Curve]:
    then, now = one.curves.get(name, np.empty(0)), two.curves.get(name, np.empty(0))
    length = min(len(then), len(now))
    return then[:length], now[:length]


def _equal(then: Curve, now: Curve) -> npt.NDArray[np.bool_]:
    same: npt.NDArray[np.bool_] = (then == now) | (np.isnan(then) & np.isnan(now))
    return same


def _sizes(name: str, then: Curve, now: Curve) -> Curve:
    """Return the relative differences; infinity where one value is not finite and the other is not the same."""
    unit = abs(float(then[0])) if RECORDED[name].direction == "lower" else 1.0
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        sizes = np.where(_equal(then, now), 0.0, np.abs(then - now) / np.fmax(np.abs(then), unit))
    return np.nan_to_num(sizes, nan=np.inf, posinf=np.inf)


def _digits(then: float, now: float) -> tuple[str, str]:
    texts = ((f"{then:.{digits}g}", f"{now:.{digits}g}") for digits in (4, 7, 11, 17))
    return next((pair for pair in texts if pair[0] != pair[1]), (repr(then), repr(now)))
