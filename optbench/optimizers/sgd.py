"""Stochastic gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from optbench import Optimizer, Vector, axpy, positive


@dataclass(frozen=True, kw_only=True)
class SGD(Optimizer):
    """Stochastic gradient descent on mini-batches. Robbins & Monro 1951, Annals of Mathematical Statistics 22(3), 400-407.

    The rate is constant where the paper lets it fall, and is that of the experiment which optbench grew out of.
    """

    name: ClassVar[str] = "sgd"
    lr: float = positive(0.1)

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        """w_t = w_{t-1} - lr g_t."""
        axpy(-self.lr, g, w)
