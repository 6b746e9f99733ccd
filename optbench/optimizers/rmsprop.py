"""RMSProp."""

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
class RMSProp(Optimizer):
    """RMSProp, plain or centered. Tieleman & Hinton 2012, Coursera: Neural Networks for Machine Learning, lecture 6.5.

    The centered form is that of Graves 2013, arXiv:1308.0850, equations 38 to 41, without its momentum.

    Deviations: alpha = 0.99, eps outside the root and an L2 weight decay, as in torch; the lecture averages with 0.9 and has no
    eps. A variance that rounding makes negative counts as 0; torch would return NaN.
    """

    name: ClassVar[str] = "rmsprop"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("torch.optim.RMSprop"), Oracle("optax.rmsprop(eps_in_sqrt=False)"))
    lr: float = positive(0.01, space=scaled(1e-3, 1e3))
    alpha: float = fraction(0.99, space=one_minus_log(0.9, 0.9999))
    eps: float = positive(1e-8, space=log_uniform(1e-10, 1.0))
    centered: bool = False
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return averages of 0."""
        return State(v=Average(w), m=Average(w) if self.centered else None, scratch=np.empty_like(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """v_t = alpha v_{t-1} + (1 - alpha) g_t^2; w_t = w_{t-1} - lr g_t / (sqrt(v_t) + eps).

        If centered, v_t - m_t^2 is under the root, where m_t is the average of g_t.
        """
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        np.multiply(g, g, out=s.scratch)
        s.v.add(s.scratch, self.alpha)
        root = math.sqrt(s.v.factor)  # sqrt(v_t) = root sqrt(v.array)
        if s.m is None:
            over_root(g, s.v.array, self.eps / root, out=s.scratch)
            axpy(-self.lr / root, s.scratch, w)
            return
        s.m.add(g, self.alpha)
        np.multiply(s.m.array, s.m.array, out=s.scratch)
        s.scratch *= -s.m.factor * s.m.factor / s.v.factor
        s.scratch += s.v.array
        np.maximum(s.scratch, 0.0, out=s.scratch)
        np.sqrt(s.scratch, out=s.scratch)
        s.scratch += self.eps / root
        g /= s.scratch
        axpy(-self.lr / root, g, w)
