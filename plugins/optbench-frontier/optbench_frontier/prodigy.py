"""Prodigy."""

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
class Prodigy(Optimizer):
    """Prodigy: Adam with a rate from an estimated distance. Mishchenko & Defazio 2024, ICML, arXiv:2306.06101, Algorithm 4.

    The rate is d lr, d being a growing estimate of the distance to the solution; the authors recommend lr = 1 with a cosine
    schedule. Weight decay is decoupled. Defaults are those of the authors' package `prodigyopt`. Deviations: m and v are
    divided by d0 and d0^2, which changes no ratio and avoids underflow in float32; the package's options `use_bias_correction`,
    `safeguard_warmup` and `growth_rate`, off by default, are omitted.
    """

    name: ClassVar[str] = "prodigy"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("prodigyopt.Prodigy"),)
    lr: float = positive(1.0)
    beta1: float = fraction(0.9, space=one_minus_log(0.0, 0.999), neutral=Neutral(0.0, "no momentum"))
    beta2: float = fraction(0.999, space=one_minus_log(0.9, 0.9999))
    eps: float = positive(1e-8, space=log_uniform(1e-10, 1.0))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))
    d0: float = positive(1e-6)
    d_coef: float = positive(1.0, space=scaled(1e-2, 1e2))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return moments of 0 and a copy of the initial weights."""
        zeros = np.zeros_like(w)
        return State(m=Average(w), v=Average(w), s=zeros, first=w.copy(), scratch=np.empty_like(w), d=self.d0, r=0.0)

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """Adam's step with rate d lr; d = max(d, d_coef r_t / |s_t|_1), r and s being decaying sums of <g, w_0 - w> and g."""
        if not self.lr:  # the end of a schedule: the estimate is not updated, as in the authors' package
            return
        d, rate, beta3 = s.d, s.d * self.lr, math.sqrt(self.beta2)
        np.subtract(s.first, w, out=s.scratch)
        s.r = beta3 * s.r + d / self.d0 * rate * float(np.dot(g, s.scratch))
        s.s *= beta3
        axpy(d / self.d0 * rate, g, s.s)
        g *= d / self.d0
        s.m.add(g, self.beta1)
        np.multiply(g, g, out=g)
        s.v.add(g, self.beta2)
        np.abs(s.s, out=s.scratch)
        norm = float(np.sum(s.scratch))
        if not norm:  # every gradient so far was 0
            return
        s.d = max(d, self.d_coef * s.r / norm)
        root = math.sqrt(s.v.factor)
        over_root(s.m.array, s.v.array, s.d / self.d0 * self.eps / root, out=g)  # sqrt(v_t) / d0 = root sqrt(v.array)
        if self.weight_decay:
            w *= 1.0 - rate * self.weight_decay
        axpy(-rate * s.m.factor / root, g, w)
