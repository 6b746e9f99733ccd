"""The effect of a pair: the median over seeds of the difference, with an interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optbench.analysis.statistics.available import NotAvailable
from optbench.analysis.statistics.interval import Interval, median_interval


@dataclass(frozen=True)
class Effect:
    """A median difference and its intervals.

    Attributes:
        median: negative where A is better; infinite where most pairs were reached by one alone. Not available without a pair,
            or where it would be the mean of two different infinities.
        interval: for the median, with a coverage of at least 95 % where there are enough seeds.
        narrow: the same at 90 %, by which equivalence is judged (two one-sided tests at 5 %).
    """

    median: float | NotAvailable
    interval: Interval | NotAvailable
    narrow: Interval | NotAvailable


def effect(differences: npt.ArrayLike, *, anytime: bool = False) -> Effect:
    """Return the median of paired differences, for example `log_ratios`, with 95 % and 90 % intervals.

    Args:
        differences: shape (n,), infinities allowed, no NaN.
        anytime: whether seeds were added to those that were planned; see `median_interval`.

    Source: PROTOCOL 2, section 5. Equivalence by the 90 % interval: Schuirmann (1987).
    """
    values = np.asarray(differences, np.float64)
    if np.isnan(values).any():
        raise ValueError("a difference is NaN; a pair in which both missed the target has 0")
    return Effect(
        _median(values),
        median_interval(values, 0.95, anytime=anytime),
        median_interval(values, 0.90, anytime=anytime),
    )


def _median(values: npt.NDArray[np.float64]) -> float | NotAvailable:
    n = len(values)
    if n == 0:
        return NotAvailable("no seed in common")
    x = np.sort(values)
    low, high = float(x[(n - 1) // 2]), float(x[n // 2])
    if math.isinf(low) and math.isinf(high) and low != high:
        return NotAvailable("on half of the seeds only one reached the target, on the other half only the other")
    return low if low == high else (low + high) / 2
