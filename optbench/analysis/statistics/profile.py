"""Performance profiles, and AlgoPerf's integral of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optbench.analysis.statistics.pairs import checked_times
from optbench.core.numerics import Array, Vector

LARGEST_RATIO = 4.0
"""The upper limit of AlgoPerf's integral."""


def performance_ratios(times: npt.ArrayLike) -> Array:
    """Return r = t / min over optimizers of t, where t is the median over seeds of the time to target.

    Args:
        times: shape (optimizers, workloads, seeds), infinity for a miss.

    Returns:
        Shape (optimizers, workloads), at least 1. Infinite where t is (with an even number of seeds, if one of the middle two
        missed), and for every optimizer where no t is finite. Where the smallest t is 0, it has 1 and larger ones infinity.

    Raises:
        ValueError: not three axes, no optimizer or no seed, or a time is NaN or negative.

    Source: Dolan & More, Benchmarking optimization software with performance profiles (2002), eq. 1.
    """
    t = checked_times(times)
    if t.ndim != 3 or not t.shape[0] or not t.shape[2]:  # noqa: PLR2004 - optimizers, workloads, seeds
        raise ValueError(f"times have the shape (optimizers, workloads, seeds) with an optimizer and a seed, not {t.shape}")
    medians: Array = np.median(t, axis=2)
    best = np.broadcast_to(medians.min(axis=0), medians.shape)
    ratios: Array = np.full(medians.shape, np.inf)
    np.divide(medians, best, out=ratios, where=np.isfinite(medians) & (best > 0))
    ratios[np.isfinite(medians) & (medians == best)] = 1.0
    return ratios


def performance_profile(ratios: npt.ArrayLike, taus: npt.ArrayLike) -> Array:
    """Return rho(tau), the share of workloads with r <= tau.

    Args:
        ratios: shape (optimizers, workloads), from `performance_ratios`.
        taus: shape (n,), finite; at infinity misses would count.

    Returns:
        Shape (optimizers, n), not decreasing.

    Raises:
        ValueError: no workload.
    """
    r, tau = _with_workloads(ratios), np.asarray(taus, np.float64)
    ordered = np.sort(r, axis=1)
    return np.asarray(np.stack([np.searchsorted(row, tau, side="right") for row in ordered]) / r.shape[1])


def profile_integral(ratios: npt.ArrayLike) -> Vector:
    """Return AlgoPerf's score, the mean of rho(tau) for tau between 1 and 4, exactly.

    The integral of a step function is a sum: B = mean over workloads of max(0, 4 - r) / 3.

    Args:
        ratios: shape (optimizers, workloads), from `performance_ratios`.

    Returns:
        Shape (optimizers,), from 0 to 1 (the soonest on every workload).

    Source: Dahl et al., Benchmarking neural network training algorithms (2023). Deviation: AlgoPerf's code integrates by the
    trapezoidal rule with 100 points, which is off by about .001.
    """
    return np.asarray(np.maximum(0.0, LARGEST_RATIO - _with_workloads(ratios)).mean(axis=1) / (LARGEST_RATIO - 1))


def _with_workloads(ratios: npt.ArrayLike) -> Array:
    r = np.asarray(ratios, np.float64)
    if r.ndim != 2 or not r.shape[1]:  # noqa: PLR2004 - optimizers, workloads
        raise ValueError(f"ratios have the shape (optimizers, workloads) with at least one workload, not {r.shape}")
    return r
