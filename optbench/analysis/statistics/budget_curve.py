"""The budget curve: what a search is expected to find with the default and n random draws."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from optbench.core.numerics import Vector


def budget_curve(default: float, draws: npt.ArrayLike) -> Vector:
    """Return the expected best of the default and n of N draws without replacement, for n = 0, 1, ..., N.

    With v'_i = min(v_i, v_0), sorted with the best last, U_n = sum for i = n..N of C(i-1, n-1) / C(N, n) v'_(i): the mean of
    the best over all subsets of n draws.

    Args:
        default: v_0, the objective of the default, infinity if it diverged.
        draws: shape (N,), the objectives of the draws, lower is better, infinity if diverged. They must be independent:
            with Sobol points the curve is biased.

    Returns:
        Shape (N + 1,), not increasing; the first is the default's, the last the best of all. Infinite for those n with which
        it may happen that every trial diverged.

    Raises:
        ValueError: an objective is NaN.

    Source: Dodge et al., Show your work (2019), with the unbiased estimator of Tang et al. (2020): a U-statistic, without
    replacement. Deviation: the default belongs to every subset.
    """
    values = np.asarray(draws, np.float64)
    if np.isnan(values).any() or math.isnan(default):
        raise ValueError("an objective is NaN; a trial that diverged has infinity")
    ordered = np.sort(np.minimum(values, default))[::-1]
    count = len(ordered)
    curve = [float(default)]
    for n in range(1, count + 1):
        # C(i-1, n-1) / C(N, n) from i = N downwards: n / N, then times (i - n) / (i - 1). Binomials would overflow.
        i = np.arange(count, n, -1)
        weights = np.cumprod(np.concatenate([[n / count], (i - n) / (i - 1)]))[::-1]
        found = ordered[n - 1 :]
        curve.append(math.inf if math.isinf(found[0]) else float(weights @ found))  # a weight may underflow to 0
    # Sums of weights may be off by a rounding, which must not show a rise or something better than the best.
    return np.maximum(np.minimum.accumulate(curve), min([float(default), *ordered[-1:]]))
