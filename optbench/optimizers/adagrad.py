"""AdaGrad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import (
    Layout,
    Neutral,
    Optimizer,
    Oracle,
    State,
    Vector,
    add_square,
    axpy,
    log_uniform,
    non_negative,
    over_root,
    positive,
    scaled,
)


@dataclass(frozen=True, kw_only=True)
class AdaGrad(Optimizer):
    """AdaGrad with a diagonal matrix. Duchi, Hazan & Singer 2011, JMLR 12, 2121-2159, Figure 1.

    Deviations: eps is outside the root, as in torch; the paper adds it to the diagonal as delta. The weight decay is L2, as in
    torch.
    """

    name: ClassVar[str] = "adagrad"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("torch.optim.Adagrad"),)
    lr: float = positive(0.01, space=scaled(1e-3, 1e3))
    eps: float = positive(1e-10, space=log_uniform(1e-12, 1.0))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return averages of 0."""
        return State(v=np.zeros_like(w), scratch=np.empty_like(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """v_t = v_{t-1} + g_t^2; w_t = w_{t-1} - lr g_t / (sqrt(v_t) + eps)."""
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        add_square(s.v, g, s.scratch)
        over_root(g, s.v, self.eps, out=s.scratch)
        axpy(-self.lr, s.scratch, w)
