"""Clipping of gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from optbench import Objective, Vector, Wrapper, norm, positive


@dataclass(frozen=True, kw_only=True)
class Clip(Wrapper):
    """Clipping of gradients by their norm or by value. Pascanu, Mikolov & Bengio 2013, ICML, arXiv:1211.5063.

    `norm` bounds the Euclidean norm of the whole gradient, as in the paper; `value` bounds each of its elements, which the
    paper attributes to Mikolov's thesis of 2012. With both, values are clipped first. Weight decay that a method adds to the
    gradient is not clipped. torch divides by the norm + 1e-6; the paper, optax and this implementation do not.
    """

    name: ClassVar[str] = "clip"
    norm: float | None = positive(None)
    value: float | None = positive(None)

    def incompatibility(self) -> str:
        """Return the reason if neither `norm` nor `value` is set."""
        return "has no limit: set norm, value or both" if self.norm is None and self.value is None else ""

    def step(self, w: Vector, s: Any, t: int, at: Objective) -> None:
        """Take one step with clipped gradients."""
        self.inner.step(w, s, t, at.after(self.clip))

    def clip(self, g: Vector) -> None:
        """g_i = min(max(g_i, -value), value); g = g norm / |g| where |g| > norm."""
        if self.value is not None:
            np.clip(g, -self.value, self.value, out=g)
        if self.norm is not None:
            length = norm(g)
            if length > self.norm:
                g *= self.norm / length
