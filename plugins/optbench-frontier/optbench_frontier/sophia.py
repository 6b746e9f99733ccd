"""The common part of the Sophia methods: everything except the estimate of the Hessian's diagonal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optbench import (
    Average,
    Layout,
    Neutral,
    Objective,
    Optimizer,
    State,
    Vector,
    axpy,
    count,
    fraction,
    log_uniform,
    non_negative,
    one_minus_log,
    positive,
    scaled,
)


@dataclass(frozen=True, kw_only=True)
class Sophia(Optimizer):
    """Sophia. Liu et al. 2024, ICLR, arXiv:2305.14342, Algorithm 3; a subclass defines the estimate of the diagonal h.

    `every` is the paper's k. Deviations, both as in optax: m is bias-corrected, and h is updated after it is used, so that the
    first step (h = 0) uses signs only. lr, betas and weight decay are the defaults of the authors' code, eps is the paper's.
    """

    lr: float = positive(1e-4, space=scaled(1e-3, 1e3))
    beta1: float = fraction(0.965, space=one_minus_log(0.0, 0.999), neutral=Neutral(0.0, "no momentum"))
    beta2: float = fraction(0.99, space=one_minus_log(0.9, 0.9999))
    gamma: float = positive(0.01, space=log_uniform(1e-3, 1.0))
    eps: float = positive(1e-12)
    weight_decay: float = non_negative(0.1, space=log_uniform(1e-5, 1.0), neutral=Neutral(0.0, "no weight decay"))
    every: int = count(10)

    def init(self, w: Vector, layout: Layout) -> State:
        """Return a momentum and a curvature of 0."""
        return State(m=Average(w), h=np.zeros_like(w), estimate=np.empty_like(w), scratch=np.empty_like(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """m_t averages g_t; w_t = (1 - lr weight_decay) w_{t-1} - lr clip(m^_t / max(gamma h, eps), -1, 1)."""
        s.m.add(g, self.beta1)
        np.multiply(s.h, self.gamma / s.m.correction, out=g)
        np.maximum(g, self.eps / s.m.correction, out=g)
        np.divide(s.m.array, g, out=g)
        np.clip(g, -1.0, 1.0, out=g)
        if self.weight_decay:
            w *= 1.0 - self.lr * self.weight_decay
        axpy(-self.lr, g, w)

    def step(self, w: Vector, s: State, t: int, at: Objective) -> None:
        """Take a step; in every k-th, update h with an estimate at the weights before the step."""
        g = at.gradient()
        due = (t - 1) % self.every == 0
        if due:
            self.estimate(g, s, at)
        self.update(w, g, s, t)
        if due:
            s.h *= self.beta2
            axpy(1.0 - self.beta2, s.estimate, s.h)

    def estimate(self, g: Vector, s: State, at: Objective) -> None:
        """Write an estimate of the Hessian's diagonal to `s.estimate`, with `s.scratch` as a buffer; do not change `g`."""
        raise NotImplementedError
