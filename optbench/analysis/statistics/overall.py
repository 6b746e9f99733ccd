"""One comparison over all workloads: one value for each seed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from optbench.analysis.statistics.comparison import Comparison, compare_differences
from optbench.analysis.statistics.pairs import DECIMALS, checked_times
from optbench.core.numerics import Array, Vector


def net_wins(times_a: npt.ArrayLike, times_b: npt.ArrayLike, budgets: npt.ArrayLike = np.inf) -> Vector:
    """Return the mean over workloads of 1[A before B] - 1[B before A], for each seed: 1 where A won everywhere.

    Args:
        times_a: shape (workloads, seeds), infinity for a miss.
        times_b: the times of B.
        budgets: shape (workloads,) or one number; times beyond it are misses.

    Returns:
        Shape (seeds,), between -1 and 1.

    Raises:
        ValueError: the shapes differ, there is no workload, or a time is NaN or negative.
    """
    limits: Array = np.asarray(budgets, np.float64)
    limits = limits[:, None] if limits.ndim else limits
    a, b = (np.where(times > limits, np.inf, times) for times in (checked_times(times_a), checked_times(times_b)))
    if a.shape != b.shape or a.ndim != 2 or not len(a):  # noqa: PLR2004 - workloads, seeds
        raise ValueError(f"times have the shape (workloads, seeds), at least one workload, not {a.shape} and {b.shape}")
    # Whole numbers divided once, so that equal differences of wins are equal to the bit.
    return np.asarray(np.round(((a < b).sum(axis=0) - (b < a).sum(axis=0)) / len(a), DECIMALS) + 0.0)


def compare_overall(
    times_a: npt.ArrayLike,
    times_b: npt.ArrayLike,
    seeds: Sequence[int],
    planned: Collection[int],
    budgets: npt.ArrayLike = np.inf,
) -> Comparison:
    """Return the comparison over all workloads, from `-net_wins`, so that negative favours A as everywhere else.

    Wilcoxon's test, the e-value and the intervals are over seeds. The workloads share their seeds, so their runs are not
    independent and their own e-values must not be multiplied. No margin is defined: judge it with `margin=None`. The
    inference is about these workloads, not about others.

    Args:
        times_a: shape (workloads, seeds).
        times_b: the times of B.
        seeds: the seeds, which every workload has.
        planned: the seeds that were planned.
        budgets: see `net_wins`.

    Source: PROTOCOL 2, section 6.
    """
    return compare_differences(0.0 - net_wins(times_a, times_b, budgets), seeds, planned)
