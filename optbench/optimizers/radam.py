"""RAdam."""

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
class RAdam(Optimizer):
    """Rectified Adam. Liu et al. 2020, ICLR, arXiv:1908.03265, Algorithm 2.

    Deviations, all as in torch: rectified where rho_t > 5 (4 in the paper); eps, added to the root of the uncorrected v_t; an
    L2 weight decay.
    """

    name: ClassVar[str] = "radam"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("torch.optim.RAdam"),)
    lr: float = positive(0.001, space=scaled(1e-3, 1e3))
    beta1: float = fraction(0.9, space=one_minus_log(0.0, 0.999), neutral=Neutral(0.0, "no momentum"))
    beta2: float = fraction(0.999, space=one_minus_log(0.9, 0.9999))
    eps: float = positive(1e-8, space=log_uniform(1e-10, 1.0))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return moments of 0."""
        return State(m=Average(w), v=Average(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """w_t = w_{t-1} - lr r_t m^_t sqrt(1 - beta2^t) / (sqrt(v_t) + eps), or w_{t-1} - lr m^_t while rho_t <= 5.

        With Adam's m^_t and v_t, rho = 2 / (1 - beta2) - 1, rho_t = rho - 2 t beta2^t / (1 - beta2^t) and
        r_t^2 = (rho_t - 4) (rho_t - 2) rho / ((rho - 4) (rho - 2) rho_t).
        """
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        s.m.add(g, self.beta1)
        np.multiply(g, g, out=g)
        s.v.add(g, self.beta2)
        power = self.beta2**t  # not the average's running product, whose rounding errors the difference below would amplify
        rho = 2.0 / (1.0 - self.beta2) - 1.0
        rho_t = rho - 2.0 * t * power / (1.0 - power)
        if rho_t <= 5.0:  # noqa: PLR2004  # the variance of 1 / sqrt(v^_t) is not yet tractable
            axpy(-self.lr * s.m.correction, s.m.array, w)
            return
        rectification = math.sqrt((rho_t - 4.0) * (rho_t - 2.0) * rho / ((rho - 4.0) * (rho - 2.0) * rho_t))
        root = math.sqrt(s.v.factor)
        over_root(s.m.array, s.v.array, self.eps / root, out=g)
        axpy(-self.lr * s.m.correction * rectification * math.sqrt(1.0 - power) / root, g, w)
