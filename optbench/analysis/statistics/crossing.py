"""Time to target, interpolated between the two evaluations around the first crossing."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


def crossing(passes: npt.ArrayLike, losses: npt.ArrayLike, target: float) -> float:
    """Return the work at which the loss was first at or below the target.

    Between the evaluation before, (p0, l0), and the first one at or below the target, (p1, l1), the loss is taken as linear in
    work and logarithmic in loss: p0 + (p1 - p0) (log l0 - log target) / (log l0 - log l1); linear in both where one of l0, l1
    and target is 0 or below.

    Args:
        passes: shape (n,), the work at each evaluation, not decreasing; the first is the one before the first step.
        losses: shape (n,), the validation losses; NaN and infinity are not at or below any target.
        target: the loss to reach.

    Returns:
        Infinity if the target was not reached; p0 = passes[0] if the first evaluation is at or below it. p1 where l0 or l1 is
        not finite, since nothing is known between. A run that diverged has infinity by PROTOCOL 4, which the caller decides.

    Raises:
        ValueError: the lengths differ, or the target is not a finite number.

    Source: PROTOCOL 2, section 5.
    """
    work, curve = np.asarray(passes, np.float64), np.asarray(losses, np.float64)
    if work.shape != curve.shape or work.ndim != 1:
        raise ValueError(f"work and losses are recorded together: the shapes {work.shape} and {curve.shape} must be equal")
    if not math.isfinite(target):
        raise ValueError(f"a target is a finite loss, not {target}")
    reached = np.flatnonzero(curve <= target)
    if not reached.size:
        return math.inf
    at = int(reached[0])
    after, l1 = float(work[at]), float(curve[at])
    if at == 0:
        return after
    before, l0 = float(work[at - 1]), float(curve[at - 1])
    if not (math.isfinite(l0) and math.isfinite(l1)):
        return after
    if min(l1, target) > 0:  # l0 is above the target
        share = (math.log(l0) - math.log(target)) / (math.log(l0) - math.log(l1)) if math.log(l0) > math.log(l1) else 1.0
    else:
        share = (l0 - target) / (l0 - l1)
    return min(before + (after - before) * share, after)
