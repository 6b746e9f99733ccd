"""LARS."""

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
    trust_ratio,
)


@dataclass(frozen=True, kw_only=True)
class LARS(Optimizer):
    """Layer-wise adaptive rate scaling. You, Gitman & Ginsburg 2017, arXiv:1708.03888, Algorithm 1.

    Deviations: the trust ratio divides by |g + weight_decay w|, as in optax; the paper divides by |g| + weight_decay |w|. It is
    1 where a layer's weights or update are all 0. The default rate is 0.1, the default weight decay 0.
    """

    name: ClassVar[str] = "lars"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("optax.lars"),)
    lr: float = positive(0.1, space=scaled(1e-3, 1e3))
    momentum: float = fraction(0.9, space=one_minus_log(0.0, 0.999), neutral=Neutral(0.0, "no momentum"))
    trust: float = positive(0.001)
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return a velocity of 0."""
        return State(b=Average(w), layout=layout)

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """For each layer, b_t = momentum b_{t-1} + lr trust |w_{t-1}| / |u_t| u_t; w_t = w_{t-1} - b_t.

        u_t = g_t + weight_decay w_{t-1}.
        """
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        weights, updates = s.layout.views(w), s.layout.views(g)
        for layer, theta in weights.items():
            updates[layer] *= self.lr * trust_ratio(theta, updates[layer], self.trust)
        s.b.add(g, self.momentum, weight=1.0)
        axpy(-s.b.factor, s.b.array, w)
