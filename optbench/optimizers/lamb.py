"""LAMB."""

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
    trust_ratio,
)


@dataclass(frozen=True, kw_only=True)
class LAMB(Optimizer):
    """Layer-wise adaptive moments. You et al. 2020, ICLR, arXiv:1904.00962, Algorithm 2, with the identity as phi.

    Deviation: the trust ratio of a layer whose weights or update are all 0 is 1, as in optax.
    """

    name: ClassVar[str] = "lamb"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("optax.lamb"),)
    lr: float = positive(0.001, space=scaled(1e-3, 1e3))
    beta1: float = fraction(0.9, space=one_minus_log(0.0, 0.999), neutral=Neutral(0.0, "no momentum"))
    beta2: float = fraction(0.999, space=one_minus_log(0.9, 0.9999))
    eps: float = positive(1e-6, space=log_uniform(1e-10, 1.0))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return moments of 0."""
        return State(m=Average(w), v=Average(w), layout=layout)

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """For each layer, w_t = w_{t-1} - lr |w_{t-1}| / |u_t| u_t.

        u_t = m^_t / (sqrt(v^_t) + eps) + weight_decay w_{t-1}, with Adam's m^_t and v^_t.
        """
        s.m.add(g, self.beta1)
        np.multiply(g, g, out=g)
        s.v.add(g, self.beta2)
        root = math.sqrt(s.v.correction)
        over_root(s.m.array, s.v.array, self.eps / root, out=g)
        g *= s.m.correction / root
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        weights, updates = s.layout.views(w), s.layout.views(g)
        for layer, theta in weights.items():
            updates[layer] *= trust_ratio(theta, updates[layer])
        axpy(-self.lr, g, w)
