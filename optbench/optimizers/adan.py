"""Adan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import (
    Average,
    Layout,
    Neutral,
    Optimizer,
    Oracle,
    State,
    Vector,
    axpy,
    fraction,
    log_uniform,
    non_negative,
    one_minus_log,
    over_root,
    positive,
    scaled,
)


@dataclass(frozen=True, kw_only=True)
class Adan(Optimizer):
    """Adaptive Nesterov momentum. Xie et al. 2022, arXiv:2208.06677, Algorithm 1.

    The betas are the weights of the old averages, as in the authors' code; in the paper they are those of the new terms (its
    beta1 = 0.02 is 0.98 here). Deviation: the averages are bias-corrected, and the rate is 1e-3, as in that code.
    """

    name: ClassVar[str] = "adan"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("pytorch_optimizer.Adan"),)
    lr: float = positive(0.001, space=scaled(1e-3, 1e3))
    beta1: float = fraction(0.98, space=one_minus_log(0.0, 0.999), neutral=Neutral(0.0, "no momentum"))
    beta2: float = fraction(0.92, space=one_minus_log(0.5, 0.999))
    beta3: float = fraction(0.99, space=one_minus_log(0.5, 0.999))
    eps: float = positive(1e-8, space=log_uniform(1e-10, 1.0))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return moments of 0."""
        return State(m=Average(w), v=Average(w), n=Average(w), previous=np.zeros_like(w), scratch=np.empty_like(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """m_t, v_t, n_t = averages of g_t, d_t = g_t - g_{t-1} (d_1 = 0) and (g_t + beta2 d_t)^2, with hats as in Adam.

        w_t = (w_{t-1} - lr (m^_t + beta2 v^_t) / (sqrt(n^_t) + eps)) / (1 + lr weight_decay).
        """
        if t == 1:
            s.previous[:] = g
        difference = np.subtract(g, s.previous, out=s.previous)
        s.m.add(g, self.beta1)
        s.v.add(difference, self.beta2)
        ahead = np.multiply(difference, self.beta2, out=s.scratch)
        ahead += g
        np.multiply(ahead, ahead, out=ahead)
        s.n.add(ahead, self.beta3)
        s.previous[:] = g
        np.multiply(s.m.array, s.m.correction, out=g)
        axpy(self.beta2 * s.v.correction, s.v.array, g)
        root = math.sqrt(s.n.correction)
        over_root(g, s.n.array, self.eps / root, out=s.scratch)
        axpy(-self.lr / root, s.scratch, w)
        if self.weight_decay:
            w *= 1.0 / (1.0 + self.lr * self.weight_decay)
