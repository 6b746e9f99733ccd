"""Holm's adjustment of p-values for several comparisons."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optbench.core.numerics import Vector


def holm(p_values: npt.ArrayLike, comparisons: int) -> Vector:
    """Return p-values adjusted for a family of fixed size: at most alpha is the chance of any wrong one at or below alpha.

    With p_(1) <= p_(2) <= ..., the adjusted p_(i) is max over j <= i of (m - j + 1) p_(j), at most 1.

    Args:
        p_values: shape (r,), of the comparisons that have one.
        comparisons: m, all comparisons that were asked for, fixed when the family is built. Those without a p-value count as
            1, so a comparison that is hidden or cannot be made changes nothing for the others.

    Returns:
        Shape (r,), in the order given.

    Raises:
        ValueError: more p-values than comparisons, or one outside [0, 1].

    Source: Holm, A simple sequentially rejective multiple test procedure (1979).
    """
    p = np.asarray(p_values, np.float64)
    if p.size > comparisons:
        raise ValueError(f"{p.size} p-values in a family of {comparisons} comparisons: count every comparison that is made")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p-values are between 0 and 1")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate((comparisons - np.arange(p.size)) * p[order])
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
