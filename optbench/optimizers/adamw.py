"""AdamW."""

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
    fraction,
    log_uniform,
    non_negative,
    one_minus_log,
    option,
    positive,
    scaled,
)


@dataclass(frozen=True, kw_only=True)
class AdamW(Optimizer):
    """Adam with decoupled weight decay. Loshchilov & Hutter 2019, ICLR, arXiv:1711.05101, Algorithm 2.

    Deviation: the weights decay by lr weight_decay, as in torch; in the paper a schedule multiplies both, but lr only the step.
    """

    name: ClassVar[str] = "adamw"
    contains: ClassVar[tuple[str, ...]] = ("adam",)
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("torch.optim.AdamW"), Oracle("optax.adamw"))
    lr: float = positive(0.001, space=scaled(1e-3, 1e3))
    beta1: float = fraction(0.9, space=one_minus_log(0.0, 0.999), neutral=Neutral(0.0, "no momentum"))
    beta2: float = fraction(0.999, space=one_minus_log(0.9, 0.9999))
    eps: float = positive(1e-8, space=log_uniform(1e-10, 1.0))
    weight_decay: float = non_negative(0.01, space=log_uniform(1e-5, 1.0), neutral=Neutral(0.0, "no weight decay"))
    bias_correction: bool = option(True, neutral=Neutral(False, "no bias correction"))
    second_moment: bool = option(True, neutral=Neutral(False, "no second moment"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return moments of 0."""
        return State(m=Average(w), v=Average(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """w_t = (1 - lr weight_decay) w_{t-1} - lr m^_t / (sqrt(v^_t) + eps), with Adam's m^_t and v^_t."""
        if self.weight_decay:
            w *= 1.0 - self.lr * self.weight_decay
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
