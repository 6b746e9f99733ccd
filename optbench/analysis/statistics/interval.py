"""Intervals for a median from order statistics: for a number of seeds fixed beforehand, and for any number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from optbench.analysis.statistics.available import NotAvailable
from optbench.analysis.statistics.e_value import e_value


@dataclass(frozen=True)
class Interval:
    """An interval for a median.

    Attributes:
        low: its lower end, an observed value, which may be infinite.
        high: its upper end.
        coverage: the probability that it contains the median, for any distribution: exact for a continuous one, at least this
            otherwise.
        anytime: whether that holds however often the data were looked at and added to.
    """

    low: float
    high: float
    coverage: float
    anytime: bool = False

    @property
    def side(self) -> int:
        """-1 if the interval is below 0, 1 if it is above, 0 if it contains 0."""
        return int(self.low > 0) - int(self.high < 0)

    def within(self, margin: float) -> bool:
        """Return whether the interval lies inside (-margin, margin)."""
        return -margin < self.low and self.high < margin


def median_interval(values: npt.ArrayLike, level: float = 0.95, *, anytime: bool = False) -> Interval | NotAvailable:
    """Return the narrowest interval [x_(k+1), x_(n-k)] whose coverage is at least `level`.

    For a number n fixed beforehand the coverage is 1 - 2 P(Bin(n, 1/2) <= k). With `anytime` the interval contains the medians
    that an e-value of 1 / (1 - level) does not reject, E = 2^n / ((n + 1) C(n, k)); all such intervals, for n = 1, 2, ...,
    contain the median together with probability `level`. Where even k = 0 has less coverage, the interval is from the smallest
    to the largest value, and `coverage` says what it has.

    Args:
        values: shape (n,), infinities allowed, no NaN.
        level: the coverage asked for.
        anytime: whether n was not fixed beforehand.

    Source: David & Nagaraja, Order Statistics (2003), 7.1; for `anytime`, Ville's inequality (Howard et al., Time-uniform,
    nonparametric, nonasymptotic confidence sequences, Annals of Statistics 2021).
    """
    x = np.sort(np.asarray(values, np.float64))
    k, coverage = _trimmed(len(x), level, anytime)
    if coverage <= 0:
        return NotAvailable("no seed in common" if len(x) == 0 else "one seed gives no interval")
    return Interval(float(x[k]), float(x[len(x) - 1 - k]), coverage, anytime)


@lru_cache(maxsize=4096)
def _trimmed(n: int, level: float, anytime: bool) -> tuple[int, float]:
    """Return how many values are outside the interval at each end, and its coverage."""

    def coverage(k: int) -> float:
        if anytime:
            return 1 - 1 / e_value(k, n - k)
        return float(1 - 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n)

    k = 0
    while k + 1 < n - 1 - (k + 1) and coverage(k + 1) >= level:
        k += 1
    found = coverage(k) if n else 0.0
    return k, min(found, level) if anytime else found
