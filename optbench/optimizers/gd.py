"""Gradient descent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from optbench import Layout, Neutral, Objective, Optimizer, Oracle, State, Vector, axpy, non_negative, positive, scaled
from optbench.optimizers.line_search import armijo


@dataclass(frozen=True, kw_only=True)
class GD(Optimizer):
    """Gradient descent on the whole training set, one step per epoch. Cauchy 1847, Comptes Rendus 25, 536-538.

    The default rate is that of the experiment from which optbench originated; the weight decay is L2, as in torch.

    With `line_search=armijo` each step halves its rate until the loss, with the L2 term of the weight decay, falls by 1e-4 of
    what the gradient predicts (Armijo 1966, Pacific Journal of Mathematics 16(1), 1-3). The first search starts at lr, each
    further one at twice the last rate. After 20 halvings the weights stay as they are. A trial costs half a gradient. There is
    no rate left for a schedule to multiply.
    """

    name: ClassVar[str] = "gd"
    oracles: ClassVar[tuple[Oracle, ...]] = (
        Oracle("torch.optim.SGD"),
        Oracle("optax.sgd"),
        Oracle("optax.scale_by_backtracking_linesearch (line_search=armijo)"),
    )
    batch: ClassVar[Literal["mini", "full"]] = "full"
    lr: float = positive(0.01, space=scaled(1e-3, 1e3))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))
    line_search: Literal["none", "armijo"] = "none"

    @property
    def rates(self) -> tuple[str, ...]:  # type: ignore[override]  # a class attribute elsewhere; here it depends on a field
        """The rate, unless a line search sets it."""
        return ("lr",) if self.line_search == "none" else ()

    def init(self, w: Vector, layout: Layout) -> State:
        """Return nothing or, for a line search, the last rate and a buffer for the weights at which it starts."""
        return State() if self.line_search == "none" else State(rate=0.5 * self.lr, start=np.empty_like(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """w_t = w_{t-1} - lr g_t."""
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        axpy(-self.lr, g, w)

    def step(self, w: Vector, s: State, t: int, at: Objective) -> None:
        """Take a step at the rate lr, or at the one that a line search finds."""
        g = at.gradient()
        if self.line_search == "none":
            self.update(w, g, s, t)
            return
        loss = at.loss + self._penalty(w)
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        slope = -float(np.dot(g, g))
        if not (math.isfinite(loss) and math.isfinite(slope)):  # nothing to compare with: let the run diverge
            axpy(-self.lr, g, w)
            return
        s.start[:] = w

        def loss_at(rate: float) -> float:
            np.multiply(g, -rate, out=w)
            np.add(w, s.start, out=w)
            return at.value() + self._penalty(w)

        s.rate, falls = armijo(loss_at, 2.0 * s.rate, loss, slope)
        if not falls:
            w[:] = s.start

    def _penalty(self, w: Vector) -> float:
        """The term of the loss whose gradient is the weight decay."""
        return 0.5 * self.weight_decay * float(np.dot(w, w)) if self.weight_decay else 0.0
