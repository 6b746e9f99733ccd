"""D-Adapt Adam."""

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
class DAdaptAdam(Optimizer):
    """Adam with a rate from D-Adaptation. Defazio & Mishchenko 2023, ICML, arXiv:2301.07733, its Adam variant.

    The rate is d lr, d being a growing lower bound on the distance to the solution. Defaults are those of the authors' package
    `dadaptation`. Deviations: weight decay is decoupled, an option there; its option `growth_rate`, off by default, is omitted.
    """

    name: ClassVar[str] = "dadapt-adam"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("pytorch_optimizer.DAdaptAdam"),)
    lr: float = positive(1.0, space=scaled(1e-3, 1e3))
    beta1: float = fraction(0.9, space=one_minus_log(0.0, 0.999), neutral=Neutral(0.0, "no momentum"))
    beta2: float = fraction(0.999, space=one_minus_log(0.9, 0.9999))
    eps: float = positive(1e-8, space=log_uniform(1e-10, 1.0))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))
    d0: float = positive(1e-6)

    def init(self, w: Vector, layout: Layout) -> State:
        """Return moments of 0."""
        return State(m=Average(w), v=Average(w), s=Average(w), scratch=np.empty_like(w), d=self.d0, r=0.0)

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """w_t = w_{t-1} - m_t / (sqrt(v_t) + eps); m and s average d lr g; d = max(d, r_t / ((1 - beta3) |s_t|_1))."""
        rate, beta3 = s.d * self.lr, math.sqrt(self.beta2)
        root = self._divide(s.s.array, s)  # s_{t-1} / (sqrt(v_{t-1}) + eps)
        s.r = beta3 * s.r + (1.0 - beta3) * rate * s.s.factor / root * float(np.dot(g, s.scratch))
        np.multiply(g, g, out=s.scratch)
        s.v.add(s.scratch, self.beta2)
        g *= rate
        s.m.add(g, self.beta1)
        s.s.add(g, beta3)
        np.abs(s.s.array, out=s.scratch)
        norm = s.s.factor * float(np.sum(s.scratch))
        if not norm:  # every gradient so far was 0
            return
        if self.lr:  # at the end of a schedule, a rate of 0 gives no information on d
            s.d = max(s.d, s.r / ((1.0 - beta3) * norm))
        root = self._divide(s.m.array, s)
        if self.weight_decay:
            w *= 1.0 - rate * self.weight_decay
        axpy(-s.m.factor / root, s.scratch, w)

    def _divide(self, x: Vector, s: State) -> float:
        """Write x / (sqrt(v) + eps), times the number that is returned, to the scratch buffer."""
        root = math.sqrt(s.v.factor)
        over_root(x, s.v.array, self.eps / root, out=s.scratch)  # sqrt(v) = root sqrt(v.array)
        return root
