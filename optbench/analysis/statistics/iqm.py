"""The interquartile mean over seeds and workloads, with a studentised bootstrap interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optbench.analysis.statistics.available import NotAvailable
from optbench.analysis.statistics.pairs import checked_times
from optbench.core.numerics import Array, Vector

FEWEST_SEEDS = 10
"""With fewer seeds no interval is good enough (a percentile bootstrap of 5 covers 89 to 91 %); the values are shown."""
RESAMPLES = 10_000
"""The number of bootstrap resamples."""


@dataclass(frozen=True)
class Iqm:
    """The interquartile mean of one optimizer.

    Attributes:
        value: the mean of the middle half of the scores.
        low: the lower end of the interval, at least 0.
        high: the upper end, at most 1. `low` and `high` are None where the middle half has no spread over seeds (for example
            because every run of it missed): nothing can be said about other seeds.
    """

    value: float
    low: float | None
    high: float | None


def budget_scores(times: npt.ArrayLike, budgets: npt.ArrayLike) -> Array:
    """Return 1 - t / budget, 0 for a miss.

    Args:
        times: shape (optimizers, workloads, seeds), infinity for a miss.
        budgets: shape (workloads,), positive.
    """
    t, limit = checked_times(times), np.asarray(budgets, np.float64)[:, None]
    if not (np.isfinite(limit) & (limit > 0)).all():
        raise ValueError("budgets are positive and finite")
    return np.maximum(0.0, 1 - t / limit)


def iqm(
    scores: npt.ArrayLike, generator: np.random.Generator, level: float = 0.95, resamples: int = RESAMPLES
) -> list[Iqm] | NotAvailable:
    """Return the interquartile mean of each optimizer, with an interval over seeds.

    The IQM is the mean without the g = floor(N / 4) lowest and highest of its N = workloads x seeds scores. Seeds are drawn
    with replacement, the same for all optimizers and workloads, since they share initial weights and batches by seed. The
    interval is [IQM - t_(1-a/2) se, IQM - t_(a/2) se], with the quantiles t of (IQM* - IQM) / se* over resamples.

    In simulations with 10 and 20 seeds the 95 % interval covers 91 to 96 %, least on three workloads with rare misses, where a
    percentile bootstrap covers 86 to 88 %. It cannot cover what did not occur: where one seed in ten fails on all workloads at
    once, it covers 67 % with 10 seeds and 88 % with 20.

    Args:
        scores: shape (optimizers, workloads, seeds), within [0, 1], from `budget_scores`.
        generator: `stream(seed, "bootstrap")`; the same generator gives the same bits.
        level: the coverage.
        resamples: the number of resamples.

    Returns:
        Not available for fewer than 10 seeds.

    Raises:
        ValueError: not three axes, or a score outside [0, 1].

    Source: Agarwal et al., Deep reinforcement learning at the edge of the statistical precipice (2021), for the IQM; Efron &
    Tibshirani, An introduction to the bootstrap (1993), 12.5, for the studentised interval. Deviation: se is the infinitesimal
    jackknife over seeds, the root of n / (n - 1) times the sum over seeds of the squared influence. It needs one pass where
    leaving out each seed needs n, and the coverage differs by about half a point at most.
    """
    x = np.asarray(scores, np.float64)
    if x.ndim != 3 or not x.size:  # noqa: PLR2004 - optimizers, workloads, seeds
        raise ValueError(f"scores have the shape (optimizers, workloads, seeds), none of them 0, not {x.shape}")
    if not ((x >= 0) & (x <= 1)).all():
        raise ValueError("scores are between 0 and 1, and 0 for a miss")
    seeds = x.shape[2]
    if seeds < FEWEST_SEEDS:
        return NotAvailable(f"{seeds} seed{'s' * (seeds != 1)}: from {FEWEST_SEEDS} on; look at the single values")
    drawn = generator.integers(seeds, size=(resamples, seeds))
    counts = np.zeros((resamples + 1, seeds), np.float32)
    counts[0] = 1  # the first row is the data
    np.add.at(counts, (np.arange(1, resamples + 1)[:, None], drawn), 1)
    return [_interval(*_iqm_and_error(own, counts), level) for own in x]


def interquartile_means(scores: npt.ArrayLike) -> Vector:
    """Return the interquartile mean of each optimizer, without an interval: that of `iqm`, for any number of seeds.

    Args:
        scores: shape (optimizers, workloads, seeds), none of them 0.
    """
    x = np.asarray(scores, np.float64)
    once = np.ones((1, x.shape[2]), np.float32)
    return np.array([_iqm_and_error(own, once)[0][0] for own in x])


def _iqm_and_error(scores: Array, counts: npt.NDArray[np.float32]) -> tuple[Vector, Vector]:
    """Return IQM and standard error of each resample.

    Winsorised sums are enough: the trimmed sum is the sum of the scores, clipped to the smallest and the largest that are kept,
    minus g of each. A clipped sum of a seed depends on the two limits alone and is looked up.

    Args:
        scores: shape (workloads, n).
        counts: shape (resamples, n), how often each seed was drawn.
    """
    workloads, n = scores.shape
    total, cut = scores.size, scores.size // 4
    flat = scores.ravel()
    order = np.argsort(flat, kind="stable")
    x, seed = flat[order], order % n
    below = np.cumsum(np.eye(n)[seed], axis=0)  # below[j, s]: scores of seed s among the j + 1 lowest; small, hence exact
    cumulated = counts @ below.astype(np.float32).T
    first = np.count_nonzero(cumulated <= cut, axis=1)  # the place in x of the smallest that is kept
    last = np.count_nonzero(cumulated < total - cut, axis=1)
    sums = np.cumsum(np.eye(n)[seed] * x[:, None], axis=0)
    raised, lowered = x[:, None] * below - sums, x[:, None] * (workloads - below) - (sums[-1] - sums)
    clipped = sums[-1] + raised[first] + lowered[last]  # by resample and seed
    total_clipped = np.einsum("bs,bs->b", counts, clipped)
    kept = total - 2 * cut
    value = (total_clipped - cut * (x[first] + x[last])) / kept
    influence = (clipped - (total_clipped / n)[:, None]) / kept
    error = np.sqrt(n / max(1, n - 1) * np.einsum("bs,bs->b", counts, influence**2))
    return value, error


def _interval(values: Vector, errors: Vector, level: float) -> Iqm:
    value, error = float(values[0]), float(errors[0])
    if error <= 1e-12:  # noqa: PLR2004 - rounding of sums of scores within [0, 1]
        return Iqm(value, None, None)
    shifts = values[1:] - value
    spread = errors[1:] > 1e-12  # noqa: PLR2004 - as above
    t = np.where(np.abs(shifts) <= 1e-12, 0.0, np.copysign(np.inf, shifts))  # noqa: PLR2004 - as above
    np.divide(shifts, errors[1:], out=t, where=spread)
    t.sort()
    k = max(1, round((len(t) + 1) * (1 - level) / 2))  # the k-th lowest and the k-th highest of the resamples
    return Iqm(value, max(0.0, value - float(t[-k]) * error), min(1.0, value - float(t[k - 1]) * error))
