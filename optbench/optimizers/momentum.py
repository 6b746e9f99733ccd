"""Gradient descent with momentum."""

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
class Momentum(Optimizer):
    """Stochastic gradient descent with momentum (heavy ball). Polyak 1964, USSR Comp. Math. and Math. Phys. 4(5), 1-17.

    Deviations, both as in torch: the rate multiplies the whole velocity, not the gradient that is added to it, which makes a
    difference where a schedule changes the rate; an L2 weight decay.
    """

    name: ClassVar[str] = "momentum"
    contains: ClassVar[tuple[str, ...]] = ("sgd",)
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("torch.optim.SGD"), Oracle("optax.sgd"))
    lr: float = positive(0.1, space=scaled(1e-3, 1e3))
    momentum: float = fraction(0.9, space=one_minus_log(0.0, 0.999), neutral=Neutral(0.0, "no momentum"))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return a velocity of 0."""
        return State(b=Average(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """b_t = momentum b_{t-1} + g_t; w_t = w_{t-1} - lr b_t."""
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        s.b.add(g, self.momentum, weight=1.0)
        axpy(-self.lr * s.b.factor, s.b.array, w)
