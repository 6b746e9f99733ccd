"""Stochastic gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from optbench import Optimizer, Vector, axpy, non_negative, positive


@dataclass(frozen=True, kw_only=True)
class SGD(Optimizer):
    """Stochastic gradient descent on mini-batches. Robbins & Monro 1951, Annals of Mathematical Statistics 22(3), 400-407.

    The rate is constant where the paper lets it fall, and is that of the experiment which optbench grew out of; the weight
    decay is L2, as in torch.
    """

    name: ClassVar[str] = "sgd"
    lr: float = positive(0.1)
    weight_decay: float = non_negative(0.0)

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        """w_t = w_{t-1} - lr g_t."""
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        axpy(-self.lr, g, w)
