"""Adam."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import Average, Layout, Optimizer, State, Vector, axpy, fraction, positive


@dataclass(frozen=True, kw_only=True)
class Adam(Optimizer):
    """Adam. Kingma & Ba 2015, ICLR, arXiv:1412.6980, Algorithm 1. No deviation."""

    name: ClassVar[str] = "adam"
    lr: float = positive(0.001)
    beta1: float = fraction(0.9)
    beta2: float = fraction(0.999)
    eps: float = positive(1e-8)

    def init(self, w: Vector, layout: Layout) -> State:
        """Start from no moments."""
        return State(m=Average(w), v=Average(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """m_t, v_t = averages of g_t, g_t^2; w_t = w_{t-1} - lr m^_t / (sqrt(v^_t) + eps), hats as m_t / (1 - beta1^t)."""
        s.m.add(g, self.beta1)
        np.multiply(g, g, out=g)
        s.v.add(g, self.beta2)
        root = math.sqrt(s.v.correction)
        np.sqrt(s.v.array, out=g)  # sqrt(v^_t) = root * g
        g += self.eps / root
        np.divide(s.m.array, g, out=g)
        axpy(-self.lr * s.m.correction / root, g, w)
