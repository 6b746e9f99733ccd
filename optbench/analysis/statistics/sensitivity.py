"""Sensitivity to the learning rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

TOLERANCE = 0.05
"""A learning rate is near the best if its loss is at most 5 % above the best loss."""


@dataclass(frozen=True)
class Sensitivity:
    """How much depends on the learning rate.

    Attributes:
        mean_excess: S, the mean over the grid of min(loss, first loss) minus the lowest of them; 0 for no sensitivity.
        decades: the length, in decades of the learning rate, where the loss is within 5 % of the lowest.
        best: the learning rate with the lowest loss, the smallest of equals.
    """

    mean_excess: float
    decades: float
    best: float


def lr_sensitivity(rates: npt.ArrayLike, losses: npt.ArrayLike, first_loss: float) -> Sensitivity:
    """Return the sensitivity to the learning rate over a grid.

    For `decades` the loss is taken as linear in log lr between neighbours of the grid, so that the number changes evenly with
    the losses and does not depend much on how fine the grid is.

    Args:
        rates: shape (n,), learning rates, positive and rising; 13 log-spaced ones in the shipped grids, at least 2.
        losses: shape (n,), the loss with each, infinity or NaN if the run diverged.
        first_loss: the finite loss before the first step, which stands for every larger one.

    Raises:
        ValueError: fewer than two rates, rates that do not rise or are not positive, shapes that differ, a first loss that
            is not finite, or a loss of -infinity.

    Source: Wortsman et al., Small-scale proxies for large-scale Transformer training instabilities (2023), 2.2. Deviation: the
    decades near the best are an addition.
    """
    lr, found = np.asarray(rates, np.float64), np.asarray(losses, np.float64)
    if lr.shape != found.shape or lr.ndim != 1 or len(lr) < 2:  # noqa: PLR2004 - a grid has two points
        raise ValueError(f"a grid has at least two learning rates and one loss for each, not {lr.shape} and {found.shape}")
    if not ((lr > 0).all() and (np.diff(lr) > 0).all() and math.isfinite(first_loss)):
        raise ValueError("learning rates are positive and rising, and the first loss is finite")
    if np.isneginf(found).any():
        raise ValueError("a loss is -infinity; a run that diverged has +infinity")
    clipped = np.fmin(found, first_loss)
    lowest = float(clipped.min())
    limit = lowest + TOLERANCE * abs(lowest)
    return Sensitivity(
        mean_excess=float((clipped - lowest).mean()),
        decades=_length_below(np.log10(lr), clipped, limit),
        best=float(lr[clipped.argmin()]),
    )


def _length_below(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], limit: float) -> float:
    """Return the total length where the piecewise linear function is at or below the limit."""
    low, high = np.minimum(y[:-1], y[1:]), np.maximum(y[:-1], y[1:])
    share = np.where(high <= limit, 1.0, 0.0)
    partly = (low <= limit) & (high > limit)
    share[partly] = (limit - low[partly]) / (high[partly] - low[partly])
    return float((share * np.diff(x)).sum())
