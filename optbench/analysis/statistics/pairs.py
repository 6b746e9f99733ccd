"""Paired times to target: the difference that all comparisons of two optimizers are computed from."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from optbench.core.numerics import Array, Vector

DECIMALS = 12
"""Log ratios are rounded to this: 2/1 and 4/2 must be tied, though their logarithms differ in the last bit."""


def checked_times(times: npt.ArrayLike, budget: float = math.inf) -> Array:
    """Return times to target as float64, with those beyond the budget as misses.

    Args:
        times: any shape; infinity is a miss.
        budget: the work at which a run stops; a later hit is a miss.

    Raises:
        ValueError: a time is NaN or negative.
    """
    checked = np.asarray(times, np.float64)
    if np.isnan(checked).any() or (checked < 0).any():
        raise ValueError("times to target are at least 0; a run that missed the target, or diverged, has infinity, not NaN")
    return np.where(checked > budget, np.inf, checked)


def log_ratios(times_a: npt.ArrayLike, times_b: npt.ArrayLike, budget: float = math.inf) -> Vector:
    """Return log(t_A / t_B) of each pair: negative where A was sooner.

    Args:
        times_a: shape (n,), the times to target of A by seed.
        times_b: the times of B with the same seeds.
        budget: the smaller budget of the two optimizers. A time beyond it is a miss for both, or the one that may run longer
            would have more chances.

    Returns:
        Shape (n,): 0 where both missed or both times are equal, -inf where only A reached the target (or had reached it before
        the first step), +inf where only B did. Rounded to 12 decimals.

    Raises:
        ValueError: the lengths differ, or a time is NaN or negative.

    Source: PROTOCOL 2, sections 5 and 6. As a difference of logarithms it is antisymmetric to the bit.
    """
    a, b = checked_times(times_a, budget), checked_times(times_b, budget)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"times of A and B are paired by seed: the shapes {a.shape} and {b.shape} must be equal, (seeds,)")
    different = a != b
    with np.errstate(divide="ignore"):
        log_a, log_b = np.log(a), np.log(b)
    ratios: Vector = np.zeros(a.shape)
    np.subtract(log_a, log_b, out=ratios, where=different)
    return np.round(ratios, DECIMALS) + 0.0  # -0.0 becomes 0.0
