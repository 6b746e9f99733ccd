"""Sophia-G."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import Objective, State, Vector, positive
from optbench_frontier.sophia import Sophia


@dataclass(frozen=True, kw_only=True)
class SophiaG(Sophia):
    """Sophia with the Gauss-Newton-Bartlett estimate of h. Liu et al. 2024, ICLR, arXiv:2305.14342, Algorithms 2 and 3.

    The estimate is B g^ * g^, g^ being the gradient on B rows whose labels are drawn from the model. Half a squared error is
    the negative log-likelihood of a Gaussian around the output with variance 1, so labels are drawn as o + N(0, 1), o the
    tanh output: they leave [-1, 1], but only so is the estimate's mean the Gauss-Newton diagonal. gamma is the authors'
    code's `rho`. Deviations, both as in optax: m is corrected for its start, and h is refreshed after its use.
    """

    name: ClassVar[str] = "sophia-g"
    gamma: float = positive(0.04)

    def estimate(self, g: Vector, s: State, at: Objective) -> None:
        """Estimate B g^ * g^."""
        np.copyto(s.scratch, g)
        outputs = at.outputs()
        resampled = at.gradient(outputs + at.noise.standard_normal(len(outputs), dtype=outputs.dtype))
        np.multiply(resampled, resampled, out=s.estimate)
        s.estimate *= len(outputs)
        np.copyto(g, s.scratch)  # the objective has one buffer for both gradients
