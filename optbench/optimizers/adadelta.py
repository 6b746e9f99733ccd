"""AdaDelta."""

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
    positive,
    scaled,
)


@dataclass(frozen=True, kw_only=True)
class AdaDelta(Optimizer):
    """AdaDelta. Zeiler 2012, arXiv:1212.5701, Algorithm 1.

    Deviations, all as in torch: a rate, by default 1; rho = 0.9 where the paper takes 0.95; an L2 weight decay.
    """

    name: ClassVar[str] = "adadelta"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("torch.optim.Adadelta"), Oracle("optax.adadelta"))
    lr: float = positive(1.0, space=scaled(1e-3, 1e3))
    rho: float = fraction(0.9, space=one_minus_log(0.5, 0.9999))
    eps: float = positive(1e-6, space=log_uniform(1e-10, 1.0))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return averages of 0."""
        return State(v=Average(w), x=Average(w), scratch=np.empty_like(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """d_t = g_t sqrt(x_{t-1} + eps) / sqrt(v_t + eps); w_t = w_{t-1} - lr d_t; v_t, x_t = averages of g_t^2, d_t^2."""
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        np.multiply(g, g, out=s.scratch)
        s.v.add(s.scratch, self.rho)
        np.add(s.v.array, self.eps / s.v.factor, out=s.scratch)  # (v_t + eps) / factor, and so for x
        np.sqrt(s.scratch, out=s.scratch)
        g /= s.scratch
        np.add(s.x.array, self.eps / s.x.factor, out=s.scratch)
        np.sqrt(s.scratch, out=s.scratch)
        g *= s.scratch
        g *= math.sqrt(s.x.factor / s.v.factor)
        np.multiply(g, g, out=s.scratch)
        s.x.add(s.scratch, self.rho)
        axpy(-self.lr, g, w)
