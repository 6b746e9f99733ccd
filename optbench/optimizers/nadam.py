"""NAdam."""

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
class NAdam(Optimizer):
    """Adam with Nesterov momentum. Dozat 2016, ICLR workshop, Algorithm 2, with the momentum schedule of its report.

    Deviation: the weight decay is L2, as in torch. (optax keeps beta1 constant, which is another method.)
    """

    name: ClassVar[str] = "nadam"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("torch.optim.NAdam"),)
    lr: float = positive(0.002, space=scaled(1e-3, 1e3))
    beta1: float = fraction(0.9, space=one_minus_log(0.0, 0.999), neutral=Neutral(0.0, "no momentum"))
    beta2: float = fraction(0.999, space=one_minus_log(0.9, 0.9999))
    eps: float = positive(1e-8, space=log_uniform(1e-10, 1.0))
    momentum_decay: float = non_negative(0.004)
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return moments of 0."""
        return State(m=Average(w), v=Average(w), mu_product=1.0, scratch=np.empty_like(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """w_t = w_{t-1} - lr ((1 - mu_t) g_t / (1 - M_t) + mu_{t+1} m_t / (1 - M_t mu_{t+1})) / (sqrt(v^_t) + eps).

        mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2), M_t = mu_1 ... mu_t, and Adam's m_t and v^_t.
        """
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        mu, mu_next = self._mu(t), self._mu(t + 1)
        s.mu_product *= mu
        s.m.add(g, self.beta1)
        np.multiply(g, g, out=s.scratch)
        s.v.add(s.scratch, self.beta2)
        g *= (1.0 - mu) / (1.0 - s.mu_product)
        axpy(mu_next * s.m.factor / (1.0 - s.mu_product * mu_next), s.m.array, g)
        root = math.sqrt(s.v.correction)
        over_root(g, s.v.array, self.eps / root, out=s.scratch)
        axpy(-self.lr / root, s.scratch, w)

    def _mu(self, t: int) -> float:
        return self.beta1 * (1.0 - 0.5 * math.pow(0.96, t * self.momentum_decay))
