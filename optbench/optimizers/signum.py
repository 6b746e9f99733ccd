"""Signum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

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
    non_negative,
    one_minus_log,
    positive,
    scaled,
    sign,
)


@dataclass(frozen=True, kw_only=True)
class Signum(Optimizer):
    """signSGD with momentum. Bernstein et al. 2018, ICML, arXiv:1802.04434, Algorithm 2.

    Deviation: the decoupled weight decay and the rate of 1e-3, as in pytorch_optimizer; the paper has no default.
    """

    name: ClassVar[str] = "signum"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("pytorch_optimizer.SignSGD"), Oracle("optax.signum"))
    lr: float = positive(0.001, space=scaled(1e-3, 1e3))
    momentum: float = fraction(0.9, space=one_minus_log(0.0, 0.999), neutral=Neutral(0.0, "no momentum"))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return a moment of 0."""
        return State(m=Average(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """m_t = momentum m_{t-1} + (1 - momentum) g_t; w_t = (1 - lr weight_decay) w_{t-1} - lr sign(m_t)."""
        if self.weight_decay:
            w *= 1.0 - self.lr * self.weight_decay
        s.m.add(g, self.momentum)
        sign(s.m.array, out=g)  # the average's factor is positive
        axpy(-self.lr, g, w)
