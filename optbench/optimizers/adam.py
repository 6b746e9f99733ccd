"""Adam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optbench import Average, Layout, Optimizer, Oracle, State, Vector, adam_step, axpy, fraction, non_negative, positive


@dataclass(frozen=True, kw_only=True)
class Adam(Optimizer):
    """Adam. Kingma & Ba 2015, ICLR, arXiv:1412.6980, Algorithm 1.

    Deviation: the paper has no weight decay; here it is L2, as in torch.
    """

    name: ClassVar[str] = "adam"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("torch.optim.Adam"), Oracle("optax.adam"))
    lr: float = positive(0.001)
    beta1: float = fraction(0.9)
    beta2: float = fraction(0.999)
    eps: float = positive(1e-8)
    weight_decay: float = non_negative(0.0)

    def init(self, w: Vector, layout: Layout) -> State:
        """Return moments of 0."""
        return State(m=Average(w), v=Average(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """m_t, v_t = averages of g_t, g_t^2; w_t = w_{t-1} - lr m^_t / (sqrt(v^_t) + eps), hats as m_t / (1 - beta1^t)."""
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        adam_step(w, g, s.m, s.v, lr=self.lr, beta1=self.beta1, beta2=self.beta2, eps=self.eps)
