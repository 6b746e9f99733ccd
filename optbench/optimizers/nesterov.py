"""Nesterov's accelerated gradient."""

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
)


@dataclass(frozen=True, kw_only=True)
class Nesterov(Optimizer):
    """Nesterov's accelerated gradient. Nesterov 1983, Soviet Mathematics Doklady 27(2), 372-376.

    In the form of Sutskever et al. 2013, ICML, equations 3 and 4.

    Deviations, both as in torch: w is the look-ahead point, at which the gradient is taken; an L2 weight decay.
    """

    name: ClassVar[str] = "nesterov"
    contains: ClassVar[tuple[str, ...]] = ("sgd",)
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("torch.optim.SGD(nesterov=True)"), Oracle("optax.sgd(nesterov=True)"))
    lr: float = positive(0.1, space=scaled(1e-3, 1e3))
    momentum: float = fraction(0.9, space=one_minus_log(0.0, 0.999), neutral=Neutral(0.0, "no momentum"))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return a velocity of 0."""
        return State(b=Average(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """b_t = momentum b_{t-1} + g_t; w_t = w_{t-1} - lr (g_t + momentum b_t)."""
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        s.b.add(g, self.momentum, weight=1.0)
        axpy(-self.lr, g, w)
        axpy(-self.lr * self.momentum * s.b.factor, s.b.array, w)
