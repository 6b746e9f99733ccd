"""Sophia-G."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import Objective, Oracle, State, Vector, log_uniform, positive
from optbench_frontier.sophia import Sophia


@dataclass(frozen=True, kw_only=True)
class SophiaG(Sophia):
    """Sophia with the Gauss-Newton-Bartlett estimate of h. Liu et al. 2024, ICLR, arXiv:2305.14342, Algorithms 2 and 3.

    The estimate is B g^ * g^, where g^ is the gradient on B rows whose labels are drawn from the distribution that the network
    predicts; the loss says which one. Only then is the mean of the estimate the Gauss-Newton diagonal. gamma is the authors'
    code's `rho`. Deviations, both as in optax: m is bias-corrected, and h is updated after it is used.
    """

    name: ClassVar[str] = "sophia-g"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("optax.contrib.sophia (with the same labels)"),)
    gamma: float = positive(0.04, space=log_uniform(1e-3, 1.0))

    def estimate(self, g: Vector, s: State, at: Objective) -> None:
        """Estimate B g^ * g^."""
        np.copyto(s.scratch, g)
        labels = at.sample_labels()
        resampled = at.gradient(labels)
        np.multiply(resampled, resampled, out=s.estimate)
        s.estimate *= len(labels)
        np.copyto(g, s.scratch)  # the objective uses one buffer for both gradients
