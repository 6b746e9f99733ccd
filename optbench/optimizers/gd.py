"""Gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from optbench import Optimizer, Oracle, Vector, axpy, non_negative, positive


@dataclass(frozen=True, kw_only=True)
class GD(Optimizer):
    """Gradient descent on the whole training set, one step per epoch. Cauchy 1847, Comptes Rendus 25, 536-538.

    The default rate is that of the experiment from which optbench originated; the weight decay is L2, as in torch.
    """

    name: ClassVar[str] = "gd"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("torch.optim.SGD"), Oracle("optax.sgd"))
    batch: ClassVar[Literal["mini", "full"]] = "full"
    lr: float = positive(0.01)
    weight_decay: float = non_negative(0.0)

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        """w_t = w_{t-1} - lr g_t."""
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        axpy(-self.lr, g, w)
