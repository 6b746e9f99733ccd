"""Schedule-Free AdamW."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import (
    Average,
    Layout,
    Neutral,
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
from optbench_frontier.schedule_free import ScheduleFree


@dataclass(frozen=True, kw_only=True)
class ScheduleFreeAdamW(ScheduleFree):
    """Schedule-Free AdamW. Defazio et al. 2024, NeurIPS, arXiv:2405.15682, Algorithm 1.

    Gradients are taken at y (the run's w), steps are made on z, and x, the average of all z, is evaluated. Weight decay acts at
    y. Defaults are those of the authors' package `schedulefree`. Deviations: warm-up is left to a schedule; as in the authors'
    package, v is divided by 1 - beta2^t, where the paper multiplies the rate.
    """

    name: ClassVar[str] = "schedule-free-adamw"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("schedulefree.AdamWScheduleFree"),)
    lr: float = positive(0.0025, space=scaled(1e-3, 1e3))
    beta1: float = fraction(0.9, space=one_minus_log(0.0, 0.999))
    beta2: float = fraction(0.999, space=one_minus_log(0.9, 0.9999))
    eps: float = positive(1e-8, space=log_uniform(1e-10, 1.0))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return x = y = z, and averages of 0."""
        return State(x=w.copy(), z=w.copy(), v=Average(w), scratch=np.empty_like(w), largest_rate=0.0, weights=0.0)

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """z_t = z_{t-1} - lr (g_t / (sqrt(v^_t) + eps) + weight_decay y); x_t averages z_t; y = (1 - beta1) z_t + beta1 x_t."""
        np.multiply(g, g, out=s.scratch)
        s.v.add(s.scratch, self.beta2)
        root = math.sqrt(s.v.correction)
        over_root(g, s.v.array, self.eps / root, out=s.scratch)  # sqrt(v^_t) = root sqrt(v.array)
        if self.weight_decay:
            axpy(-self.lr * self.weight_decay, w, s.z)
        axpy(-self.lr / root, s.scratch, s.z)
        self.average(w, g, s, self.beta1)
