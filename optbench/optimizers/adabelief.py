"""AdaBelief."""

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
class AdaBelief(Optimizer):
    """AdaBelief. Zhuang et al. 2020, NeurIPS, arXiv:2010.07468, Algorithm 2.

    Deviations: eps = 1e-16 and the decoupled weight decay are those of the authors' code; the paper has 1e-8 and no decay.
    """

    name: ClassVar[str] = "adabelief"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("pytorch_optimizer.AdaBelief"), Oracle("optax.adabelief"))
    lr: float = positive(0.001, space=scaled(1e-3, 1e3))
    beta1: float = fraction(0.9, space=one_minus_log(0.0, 0.999))  # 0 is not neutral: g - m would be 0
    beta2: float = fraction(0.999, space=one_minus_log(0.9, 0.9999))
    eps: float = positive(1e-16, space=log_uniform(1e-18, 1e-2))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return moments of 0."""
        return State(m=Average(w), v=Average(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """w_t = (1 - lr weight_decay) w_{t-1} - lr m^_t / (sqrt(v^_t) + eps), with Adam's m^_t.

        v_t = beta2 v_{t-1} + (1 - beta2) (g_t - m_t)^2 + eps; v^_t = v_t / (1 - beta2^t).
        """
        if self.weight_decay:
            w *= 1.0 - self.lr * self.weight_decay
        s.m.add(g, self.beta1)
        axpy(-s.m.factor, s.m.array, g)
        np.multiply(g, g, out=g)
        s.v.add(g, self.beta2)
        s.v.array += self.eps / s.v.factor
        root = math.sqrt(s.v.correction)
        over_root(s.m.array, s.v.array, self.eps / root, out=g)
        axpy(-self.lr * s.m.correction / root, g, w)
