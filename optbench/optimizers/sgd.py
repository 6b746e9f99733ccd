"""Stochastic gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from optbench import Neutral, Optimizer, Oracle, Vector, axpy, non_negative, positive, scaled


@dataclass(frozen=True, kw_only=True)
class SGD(Optimizer):
    """Stochastic gradient descent on mini-batches. Robbins & Monro 1951, Annals of Mathematical Statistics 22(3), 400-407.

    The rate is constant, while that of the paper decreases; its default is that of the experiment from which optbench
    originated. The weight decay is L2, as in torch.
    """

    name: ClassVar[str] = "sgd"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("torch.optim.SGD"), Oracle("optax.sgd"))
    lr: float = positive(0.1, space=scaled(1e-3, 1e3))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        """w_t = w_{t-1} - lr g_t."""
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        axpy(-self.lr, g, w)
