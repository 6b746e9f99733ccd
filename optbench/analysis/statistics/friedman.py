"""Friedman's test over datasets, and Nemenyi's critical difference of mean ranks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optbench.analysis.statistics.available import NotAvailable
from optbench.core.numerics import Array, Vector

FEWEST_DATASETS = 5
"""With fewer distinct datasets the test is refused: it could hardly find anything, and would be over-read."""
FEWEST_OPTIMIZERS = 3
"""Two optimizers are compared as a pair."""


@dataclass(frozen=True)
class Friedman:
    """The result of the test.

    Attributes:
        ranks: shape (k,), mean ranks over datasets; 1 is best.
        datasets: the number of blocks.
        chi_square: Friedman's statistic with the correction for ties.
        f: Iman and Davenport's statistic; infinity where all datasets agree.
        p: of `f`, with k - 1 and (k - 1)(N - 1) degrees of freedom, but at least (1 / k!)^(N - 1), the smallest p-value of the
            permutation test.
        critical_difference: mean ranks that differ by more are different at 5 %.
    """

    ranks: Vector
    datasets: int
    chi_square: float
    f: float
    p: float
    critical_difference: float

    @property
    def different(self) -> npt.NDArray[np.bool_]:
        """Shape (k, k): whether two mean ranks differ by more than the critical difference."""
        return np.asarray(np.abs(self.ranks[:, None] - self.ranks) > self.critical_difference)


def friedman(values: npt.ArrayLike, datasets: Sequence[str], alpha: float = 0.05) -> Friedman | NotAvailable:
    """Return Friedman's test of the hypothesis that all optimizers are equally good on datasets like these.

    chi^2 = (k - 1) sum_j (R_j - N (k + 1) / 2)^2 / sum_ij (r_ij - (k + 1) / 2)^2 with midranks r and rank sums R;
    F = (N - 1) chi^2 / (N (k - 1) - chi^2); CD = q_alpha sqrt(k (k + 1) / (6 N)), with q_alpha the quantile of the studentized
    range for k and infinitely many degrees of freedom, divided by sqrt(2).

    Args:
        values: shape (workloads, optimizers), for example the median times to target; lower is better, infinities are tied.
        datasets: the dataset of each workload. Workloads that share one are not independent, so their ranks are averaged and
            ranked again: a block is a dataset.
        alpha: of the critical difference.

    Returns:
        Not available for fewer than 5 distinct datasets, or fewer than 3 optimizers. If every dataset ties all optimizers,
        chi^2 = F = 0 and p = 1.

    Raises:
        ValueError: a value is NaN, or there is not one dataset for each workload.

    Source: Demsar, Statistical comparisons of classifiers over multiple data sets (2006), 3.2.2; Conover, Practical
    Nonparametric Statistics (1999), 5.8, for ties.
    """
    table = np.asarray(values, np.float64)
    if table.ndim != 2 or len(table) != len(datasets):  # noqa: PLR2004 - workloads, optimizers
        raise ValueError(f"values have the shape (workloads, optimizers), with one dataset per workload, not {table.shape}")
    if np.isnan(table).any():
        raise ValueError("a value is NaN; a target that was missed has infinity")
    k, names = table.shape[1], sorted(set(datasets))
    if len(names) < FEWEST_DATASETS:
        return NotAvailable(
            f"{len(names)} distinct dataset{'s' * (len(names) != 1)}: from {FEWEST_DATASETS} on, because workloads "
            "that share a dataset are not independent"
        )
    if k < FEWEST_OPTIMIZERS:
        return NotAvailable(f"{k} optimizer{'s' * (k != 1)}: from {FEWEST_OPTIMIZERS} on; two are compared as a pair")
    return _test(_blocks(table, datasets, names), alpha)


def _blocks(table: Array, datasets: Sequence[str], names: Sequence[str]) -> Array:
    """Return the ranks within each dataset, shape (datasets, optimizers)."""
    from scipy.stats import rankdata

    ranks = np.asarray(rankdata(table, axis=1))
    own = np.array(datasets)
    # Sums of midranks are exact, unlike means, so that equal ones are ties.
    return np.asarray(rankdata([ranks[own == name].sum(axis=0) for name in names], axis=1))


def _test(ranks: Array, alpha: float) -> Friedman:
    from scipy.stats import f as f_distribution
    from scipy.stats import studentized_range

    n, k = ranks.shape
    middle = (k + 1) / 2
    between = float(((ranks.sum(axis=0) - n * middle) ** 2).sum())
    within = float(((ranks - middle) ** 2).sum())
    chi_square = (k - 1) * between / within if within else 0.0
    left = n * (k - 1) - chi_square
    agree = bool((ranks == ranks[0]).all()) and within > 0
    statistic = math.inf if agree else (n - 1) * chi_square / left
    p = float(f_distribution.sf(statistic, k - 1, (k - 1) * (n - 1)))
    smallest = math.exp(-(n - 1) * math.lgamma(k + 1))
    quantile = float(studentized_range.ppf(1 - alpha, k, np.inf)) / math.sqrt(2)
    return Friedman(ranks.mean(axis=0), n, chi_square, statistic, max(p, smallest), quantile * math.sqrt(k * (k + 1) / (6 * n)))
