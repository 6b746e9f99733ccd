"""RMSProp."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import Average, Layout, Optimizer, State, Vector, axpy, fraction, positive


@dataclass(frozen=True, kw_only=True)
class RMSProp(Optimizer):
    """RMSProp. Tieleman & Hinton 2012, Coursera: Neural Networks for Machine Learning, lecture 6.5.

    Deviation: alpha = 0.99, and eps outside the root, as in torch; the lecture averages with 0.9 and has no eps.
    """

    name: ClassVar[str] = "rmsprop"
    lr: float = positive(0.01)
    alpha: float = fraction(0.99)
    eps: float = positive(1e-8)

    def init(self, w: Vector, layout: Layout) -> State:
        """Start from no squares."""
        return State(v=Average(w), scratch=np.empty_like(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """v_t = alpha v_{t-1} + (1 - alpha) g_t^2; w_t = w_{t-1} - lr g_t / (sqrt(v_t) + eps)."""
        np.multiply(g, g, out=s.scratch)
        s.v.add(s.scratch, self.alpha)
        root = math.sqrt(s.v.factor)
        np.sqrt(s.v.array, out=s.scratch)  # sqrt(v_t) = root * scratch
        s.scratch += self.eps / root
        g /= s.scratch
        axpy(-self.lr / root, g, w)
