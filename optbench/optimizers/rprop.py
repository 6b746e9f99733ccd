"""Rprop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import Layout, Optimizer, Oracle, State, Vector, axpy, fraction, positive, scaled, sign


@dataclass(frozen=True, kw_only=True)
class Rprop(Optimizer):
    """Resilient backpropagation without backtracking. Riedmiller & Braun 1993, IEEE ICNN, 586-591.

    Deviation: where the sign of a gradient changes, the weight stays for one step, as in torch; Igel & Huesken 2003,
    Neurocomputing 50, 105-123, call this iRprop-. It was designed for full batches; here it gets mini-batches like
    the others.

    `lr` is the initial step size of each weight; the method adapts step sizes itself, so there is no rate for a schedule.
    """

    name: ClassVar[str] = "rprop"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("torch.optim.Rprop"),)
    rates: ClassVar[tuple[str, ...]] = ()
    lr: float = positive(0.01, space=scaled(1e-3, 1e3))
    shrink: float = fraction(0.5)
    grow: float = positive(1.2)
    step_min: float = positive(1e-6)
    step_max: float = positive(50.0)

    def init(self, w: Vector, layout: Layout) -> State:
        """Return equal step sizes and a last gradient of 0."""
        return State(step=np.full_like(w, self.lr), previous=np.zeros_like(w), scratch=np.empty_like(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """step_t = step_{t-1} grow, shrink or 1 as g_t g_{t-1} is > 0, < 0 or 0, within [step_min, step_max].

        g_t = 0 where g_t g_{t-1} < 0; w_t = w_{t-1} - step_t sign(g_t).
        """
        agreement = np.multiply(g, s.previous, out=s.previous)
        sign(agreement, out=agreement)
        # The parabola through (-1, shrink), (0, 1), (1, grow): masks would take ten times as long.
        np.multiply(agreement, 0.5 * (self.grow + self.shrink) - 1.0, out=s.scratch)
        s.scratch += 0.5 * (self.grow - self.shrink)
        s.scratch *= agreement
        s.scratch += 1.0
        s.step *= s.scratch
        np.clip(s.step, self.step_min, self.step_max, out=s.step)
        np.greater_equal(agreement, 0.0, out=s.scratch)
        g *= s.scratch
        s.previous[:] = g
        sign(g, out=g)
        g *= s.step
        axpy(-1.0, g, w)
