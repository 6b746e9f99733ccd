"""Wins, losses and ties; the probability that A beats B; win counts of all against all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optbench.analysis.statistics.available import NotAvailable


@dataclass(frozen=True)
class Wins:
    """In how many pairs A was better, B was better, and neither."""

    wins: int
    losses: int
    ties: int

    @property
    def beats(self) -> float | NotAvailable:
        """P(A beats B): the mean of 1[A before B] + 1/2 1[tie]. A pair in which both missed is a tie.

        Source: the probability of improvement of Agarwal et al., Deep reinforcement learning at the edge of the statistical
        precipice (2021). Deviation: of pairs that share a seed, not of all pairs of runs.
        """
        pairs = self.wins + self.losses + self.ties
        return (self.wins + self.ties / 2) / pairs if pairs else NotAvailable("no seed in common")


def wins(differences: npt.ArrayLike) -> Wins:
    """Return the numbers of differences below 0 (A is better), above 0, and of 0.

    Raises:
        ValueError: a difference is NaN.
    """
    values = np.asarray(differences, np.float64)
    if np.isnan(values).any():
        raise ValueError("a difference is NaN; a pair in which both missed the target has 0")
    below, above = int(np.count_nonzero(values < 0)), int(np.count_nonzero(values > 0))
    return Wins(below, above, values.size - below - above)


def win_counts(values: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return in how many places each optimizer has a lower value than each other one.

    Args:
        values: shape (k, ...), times or losses of k optimizers; the places are the points of a grid of learning rates, seeds,
            workloads. Infinity is a miss, or divergence; two infinities are a tie.

    Returns:
        Shape (k, k): row before column. Ties are what is left of the number of places: places - counts - counts.T.

    Raises:
        ValueError: a value is NaN.
    """
    table = np.asarray(values, np.float64)
    if np.isnan(table).any():
        raise ValueError("a value is NaN; a run that missed the target, or diverged, has infinity")
    flat = table.reshape(len(table), -1)
    return np.stack([np.count_nonzero(row < flat, axis=1) for row in flat]).astype(np.int64)
