"""Adafactor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import (
    Array,
    Layout,
    Neutral,
    Optimizer,
    Oracle,
    State,
    Vector,
    log_uniform,
    non_negative,
    norm,
    positive,
    scaled,
)


@dataclass(frozen=True, kw_only=True)
class Adafactor(Optimizer):
    """Adafactor without momentum. Shazeer & Stern 2018, ICML, arXiv:1804.04235, Algorithms 4 (matrices) and 5 (vectors).

    Deviations, all as in torch: eps_1 = 1e-30 is not added to squares, but their estimates are bounded below by eps_1^2, with
    the machine epsilon for eps_1; the step is proportional to min(lr, 1 / sqrt(t)); a decoupled weight decay.
    """

    name: ClassVar[str] = "adafactor"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("torch.optim.Adafactor"),)
    lr: float = positive(0.01, space=scaled(1e-3, 1e3))
    decay: float = positive(0.8)
    eps: float = positive(1e-3, space=log_uniform(1e-6, 1.0))
    clip: float = positive(1.0)
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return averages of 0: of the means over rows and columns for a matrix, of all squares for a vector."""
        moments = {}
        for layer, view in layout.views(w).items():
            sizes = view.shape if view.ndim == 2 else (view.size,)  # noqa: PLR2004  # a matrix
            moments[layer] = tuple(np.zeros(size, w.dtype) for size in sizes)
        return State(moments=moments, layout=layout, scratch=np.empty_like(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """For each layer, w_t = w_{t-1} - a_t u_t / max(1, RMS(u_t) / clip), with u_t = g_t / sqrt(v_t).

        a_t = max(eps, RMS(w_{t-1})) min(lr, 1 / sqrt(t)). For a vector, v_t = (1 - b_t) v_{t-1} + b_t g_t^2, b_t = t^-decay;
        for a matrix, v_t = r_t c_t^T / mean(r_t), with r_t and c_t such averages of the means of g_t^2 over each row and
        column.
        """
        weights, gradients, scratch = (s.layout.views(x) for x in (w, g, s.scratch))
        for layer, moments in s.moments.items():
            self._update_layer(weights[layer], gradients[layer], moments, t, scratch[layer])

    def _update_layer(self, w: Array, g: Array, moments: tuple[Array, ...], t: int, scratch: Array) -> None:
        root = math.sqrt(w.size)
        step = max(self.eps, norm(w) / root) * min(self.lr, 1.0 / math.sqrt(t))
        if self.weight_decay:
            w *= 1.0 - self.lr * self.weight_decay
        _estimate(moments, g, t**-self.decay, out=scratch)
        np.sqrt(scratch, out=scratch)
        g /= scratch
        g *= step / max(1.0, norm(g) / (root * self.clip))
        w -= g


def _estimate(moments: tuple[Array, ...], g: Array, weight: float, out: Array) -> None:
    """Add g^2 to its averages with `weight`, and write the second moment that they represent to `out`."""
    eps = float(np.finfo(g.dtype).eps)
    for moment in moments:
        np.multiply(moment, 1.0 - weight, out=moment)
    if len(moments) == 1:
        flat = out.reshape(-1)
        np.multiply(g, g, out=out)
        flat *= weight
        flat += moments[0]
        moments[0][:] = flat
    else:
        rows, columns = moments
        for moment, squares in ((rows, "ij,ij->i"), (columns, "ij,ij->j")):
            sums = out.reshape(-1)[: moment.size]
            np.einsum(squares, g, g, out=sums)
            sums *= weight * moment.size / g.size
            np.add(moment, sums, out=moment)
        np.multiply(rows[:, None], columns, out=out)
        out /= max(float(rows.mean()), eps)
    np.maximum(out, eps * eps, out=out)
