"""Rank intervals: between which places an optimizer is, given which differences are sure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def rank_intervals(better: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return the best and the worst rank that each optimizer may have.

    The rank is between 1 + the number that are surely better and k - the number that are surely worse.

    Args:
        better: shape (k, k), boolean: whether the row is surely better than the column (the verdict "better", by less than the
            margin or not).

    Returns:
        Shape (k, 2). With family-wise error 5 % over all pairs all intervals are right together with probability 95 %.

    Raises:
        ValueError: not square, or two are better than each other.

    Source: Al Mohamad et al., Simultaneous confidence intervals for ranks (2022), for pairwise tests.
    """
    matrix = np.asarray(better, bool)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:  # noqa: PLR2004 - a matrix
        raise ValueError(f"a matrix of verdicts has the shape (k, k), not {matrix.shape}")
    if (matrix & matrix.T).any():
        raise ValueError("of two optimizers at most one is better than the other")
    return np.stack([1 + matrix.sum(axis=0), len(matrix) - matrix.sum(axis=1)], axis=1).astype(np.int64)
