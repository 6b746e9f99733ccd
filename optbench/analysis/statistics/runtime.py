"""COCO's average running time, and the distribution of running times over targets, workloads and seeds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optbench.analysis.statistics.pairs import checked_times
from optbench.core.numerics import Array, Vector

TARGETS = 12
"""The number of targets of the distribution."""


def average_running_time(times: npt.ArrayLike, stopped: npt.ArrayLike) -> Array:
    """Return aRT, all work spent before hit or stop divided by the number of hits: the expected work with restarts.

    Args:
        times: shape (..., seeds), the work until the hit, infinity for a miss.
        stopped: the same shape or one that broadcasts to it, the work until the end of each run, finite.

    Returns:
        Shape (...,); infinity where no run hit the target.

    Raises:
        ValueError: a time is NaN or negative, a run has no finite end, or hits the target after its end.

    Source: Hansen et al., COCO: performance assessment (2016), aRT (also called ERT).
    """
    hit, end = checked_times(times), checked_times(stopped)
    end = np.broadcast_to(end, hit.shape)
    missed = np.isinf(hit)
    if np.isinf(end).any() or (~missed & (hit > end)).any():
        raise ValueError("the end of a run is finite and not before its hit of the target")
    spent, hits = np.where(missed, end, hit).sum(axis=-1), np.count_nonzero(~missed, axis=-1)
    result: Array = np.full(np.shape(spent), np.inf)
    np.divide(spent, hits, out=result, where=np.asarray(hits) > 0)
    return result


def target_ladder(first: float, target: float, count: int = TARGETS) -> Vector:
    """Return log-spaced targets between the first loss, left out, and the target, included; falling.

    Where one of the two is 0 or below, they are spaced evenly.

    Raises:
        ValueError: the target is not below the first loss, or one is not finite.
    """
    if not (np.isfinite(first) and np.isfinite(target) and target < first):
        raise ValueError(f"the target {target} must be below the first loss {first}, both finite")
    space = np.geomspace if target > 0 else np.linspace
    return np.asarray(space(first, target, count + 1)[1:], np.float64)


def running_time_distribution(times: npt.ArrayLike, work: npt.ArrayLike) -> Vector:
    """Return the share of all targets that were hit by each amount of work (ECDF).

    Args:
        times: any shape, for example (targets, workloads, seeds): the work until the hit, infinity for a miss. Misses count in
            the denominator, so the curve of an optimizer ends at its share of hits. Work of different workloads is comparable
            as a share of the budget.
        work: shape (n,), finite.

    Returns:
        Shape (n,), not decreasing in the work.

    Raises:
        ValueError: no times, or one is NaN or negative.

    Source: Hansen et al., COCO: performance assessment (2016), runtime distributions, without simulated restarts.
    """
    hits = np.sort(checked_times(times).ravel())
    if not hits.size:
        raise ValueError("a distribution needs at least one time")
    return np.searchsorted(hits, np.asarray(work, np.float64), side="right") / hits.size
