"""Adam."""

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
    adam_step,
    axpy,
    fraction,
    log_uniform,
    non_negative,
    one_minus_log,
    option,
    positive,
    scaled,
)


@dataclass(frozen=True, kw_only=True)
class Adam(Optimizer):
    """Adam. Kingma & Ba 2015, ICLR, arXiv:1412.6980, Algorithm 1.

    Deviation: the paper has no weight decay; here it is L2, as in torch.
    """

    name: ClassVar[str] = "adam"
    contains: ClassVar[tuple[str, ...]] = ("momentum",)
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("torch.optim.Adam"), Oracle("optax.adam"))
    lr: float = positive(0.001, space=scaled(1e-3, 1e3))
    beta1: float = fraction(0.9, space=one_minus_log(0.0, 0.999), neutral=Neutral(0.0, "no momentum"))
    beta2: float = fraction(0.999, space=one_minus_log(0.9, 0.9999))
    eps: float = positive(1e-8, space=log_uniform(1e-10, 1.0))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))
    bias_correction: bool = option(True, neutral=Neutral(False, "no bias correction"))
    second_moment: bool = option(True, neutral=Neutral(False, "no second moment"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return moments of 0."""
        return State(m=Average(w), v=Average(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """m_t, v_t = averages of g_t, g_t^2; w_t = w_{t-1} - lr m^_t / (sqrt(v^_t) + eps), hats as m_t / (1 - beta1^t)."""
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        adam_step(
            w,
            g,
            s.m,
            s.v,
            lr=self.lr,
            beta1=self.beta1,
            beta2=self.beta2,
            eps=self.eps,
            bias_correction=self.bias_correction,
            second_moment=self.second_moment,
        )
