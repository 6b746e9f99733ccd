"""Lion for optbench, an example of a plugin."""

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
    axpy,
    fraction,
    hookimpl,
    non_negative,
    one_minus_log,
    positive,
    scaled,
    sign,
)

OPTBENCH_CONTRACT = 2


@dataclass(frozen=True, kw_only=True)
class Lion(Optimizer):
    """Lion. Chen et al. 2023, Symbolic Discovery of Optimization Algorithms, arXiv:2302.06675, Algorithm 2. No deviation."""

    name: ClassVar[str] = "lion"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("optax.lion"),)
    lr: float = positive(1e-4, space=scaled(1e-3, 1e3))
    beta1: float = fraction(0.9, space=one_minus_log(0.0, 0.999))
    beta2: float = fraction(0.99, space=one_minus_log(0.9, 0.9999))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return a momentum of 0."""
        return State(m=np.zeros_like(w), c=np.empty_like(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """C = beta1 m + (1 - beta1) g; w -= lr (sign(c) + weight_decay w); m = beta2 m + (1 - beta2) g."""
        np.multiply(s.m, self.beta1, out=s.c)
        axpy(1 - self.beta1, g, s.c)
        sign(s.c, out=s.c)
        w *= 1 - self.lr * self.weight_decay
        axpy(-self.lr, s.c, w)
        s.m *= self.beta2
        axpy(1 - self.beta2, g, s.m)


@hookimpl
def optbench_optimizers() -> list[type[Optimizer]]:
    """Return the optimizers of this plugin."""
    return [Lion]
