"""AdaMax."""

from __future__ import annotations

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
class AdaMax(Optimizer):
    """Adam with the infinity norm. Kingma & Ba 2015, ICLR, arXiv:1412.6980, Algorithm 2.

    Deviations: eps, which the paper does not need, and an L2 weight decay, both as in torch.
    """

    name: ClassVar[str] = "adamax"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("torch.optim.Adamax"), Oracle("optax.adamax"))
    lr: float = positive(0.002, space=scaled(1e-3, 1e3))
    beta1: float = fraction(0.9, space=one_minus_log(0.0, 0.999), neutral=Neutral(0.0, "no momentum"))
    beta2: float = fraction(0.999, space=one_minus_log(0.9, 0.9999))
    eps: float = positive(1e-8, space=log_uniform(1e-10, 1.0))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return a moment and a norm of 0."""
        return State(m=Average(w), u=np.zeros_like(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """u_t = max(beta2 u_{t-1}, |g_t| + eps); w_t = w_{t-1} - lr m^_t / u_t, with Adam's m^_t."""
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        s.m.add(g, self.beta1)
        np.abs(g, out=g)
        g += self.eps
        s.u *= self.beta2
        np.maximum(s.u, g, out=s.u)
        np.divide(s.m.array, s.u, out=g)
        axpy(-self.lr * s.m.correction, g, w)
