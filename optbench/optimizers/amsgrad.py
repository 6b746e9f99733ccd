"""AMSGrad."""

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
class AMSGrad(Optimizer):
    """AMSGrad. Reddi, Kale & Kumar 2018, ICLR, arXiv:1904.09237, Algorithm 2.

    Deviations, all as in torch: both moments are bias-corrected, which the paper omits, v only after the maximum (optax takes
    the maximum of the corrected v); eps; an L2 weight decay.
    """

    name: ClassVar[str] = "amsgrad"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("torch.optim.Adam(amsgrad=True)"),)
    lr: float = positive(0.001, space=scaled(1e-3, 1e3))
    beta1: float = fraction(0.9, space=one_minus_log(0.0, 0.999), neutral=Neutral(0.0, "no momentum"))
    beta2: float = fraction(0.999, space=one_minus_log(0.9, 0.9999))
    eps: float = positive(1e-8, space=log_uniform(1e-10, 1.0))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return moments of 0."""
        return State(m=Average(w), v=Average(w), highest=np.zeros_like(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """u_t = max(u_{t-1}, v_t); w_t = w_{t-1} - lr m^_t / (sqrt(u_t / (1 - beta2^t)) + eps), with Adam's m^_t and v_t."""
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        s.m.add(g, self.beta1)
        np.multiply(g, g, out=g)
        s.v.add(g, self.beta2)
        np.multiply(s.v.array, s.v.factor, out=g)
        np.maximum(s.highest, g, out=s.highest)
        root = math.sqrt(1.0 - s.v.beta_power)
        over_root(s.m.array, s.highest, self.eps * root, out=g)
        axpy(-self.lr * s.m.correction * root, g, w)
