"""signSGD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from optbench import Neutral, Optimizer, Oracle, Vector, axpy, non_negative, positive, scaled, sign


@dataclass(frozen=True, kw_only=True)
class SignSGD(Optimizer):
    """Descent along the signs of the gradient. Bernstein et al. 2018, ICML, arXiv:1802.04434, Algorithm 1.

    Deviation: the decoupled weight decay and the rate of 1e-3, as in pytorch_optimizer; the paper has no default.
    """

    name: ClassVar[str] = "signsgd"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("pytorch_optimizer.SignSGD(momentum=0)"), Oracle("optax.sign_sgd"))
    lr: float = positive(0.001, space=scaled(1e-3, 1e3))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        """w_t = (1 - lr weight_decay) w_{t-1} - lr sign(g_t), sign(0) = 0."""
        if self.weight_decay:
            w *= 1.0 - self.lr * self.weight_decay
        sign(g, out=g)
        axpy(-self.lr, g, w)
