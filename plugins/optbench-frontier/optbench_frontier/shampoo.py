"""Shampoo."""

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
    count,
    log_uniform,
    non_negative,
    positive,
    scaled,
)
from optbench_frontier.matrices import as_matrix

_LARGE = 10.0


@dataclass(frozen=True, kw_only=True)
class Shampoo(Optimizer):
    """Shampoo. Gupta, Koren & Singer 2018, ICML, arXiv:1802.09568, Algorithm 1; for vectors, its full-matrix form.

    lr is the default of torch_optimizer, eps (the paper's epsilon) that of pytorch_optimizer; the paper gives none. Weight
    decay is added to the gradient. Deviations: a side longer than `max_dim` is not preconditioned, and the exponents of the
    others still sum to -1/2, so that the update does not depend on the scale of the gradient. Roots are recomputed in every
    `every`-th step, and at once where a gradient is large relative to the accumulated ones, tr(L^{-1} G G^T) > 10, since old
    roots would amplify its new components a thousandfold. Eigenvalues below the rounding error of the largest are set to that
    error. The decompositions allocate a few matrices of a side's length.
    """

    name: ClassVar[str] = "shampoo"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("pytorch_optimizer.Shampoo"),)
    lr: float = positive(0.1, space=scaled(1e-3, 1e3))
    eps: float = positive(1e-6, space=log_uniform(1e-10, 1.0))
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))
    every: int = count(10)
    max_dim: int = count(1024)

    def init(self, w: Vector, layout: Layout) -> State:
        """Return eps I for each side."""
        layers = [[self._side(length, w) for length in layer.shape] for layer in layout.views(w).values()]
        return State(layout=layout, layers=layers, scratch=np.empty_like(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """L_t = L_{t-1} + G_t G_t^T; R_t = R_{t-1} + G_t^T G_t; W_t = W_{t-1} - lr L_t^{-1/4} G_t R_t^{-1/4}."""
        if self.weight_decay:
            axpy(self.weight_decay, w, g)
        views = (s.layout.views(x).values() for x in (w, g, s.scratch))
        for sides, weights, gradient, scratch in zip(s.layers, *views, strict=True):
            used = [(axis, side) for axis, side in enumerate(sides) if side is not None]
            turned, spare = as_matrix(gradient), as_matrix(scratch)
            for axis, side in used:
                across = turned.T if axis == 0 else turned
                np.matmul(across.T, across, out=side.scratch)
                large = float(np.vdot(side.inverse, side.scratch)) > _LARGE
                side.sum += side.scratch
                if large or t % self.every == 0:
                    self._renew(side, -0.5 / len(used))
            for axis, side in used:
                one, other = (side.root, turned) if axis == 0 else (turned, side.root)
                np.matmul(one, other, out=spare)
                turned, spare = spare, turned
            axpy(-self.lr, turned.reshape(-1), weights.reshape(-1))

    def _side(self, length: int, like: Vector) -> State | None:
        if length > self.max_dim:
            return None
        identity = np.eye(length, dtype=like.dtype)
        return State(sum=self.eps * identity, inverse=identity / self.eps, root=identity, scratch=np.empty_like(identity))

    def _renew(self, side: State, exponent: float) -> None:
        """Compute the inverse and the root of the sum; its eigenvalues are at least eps, up to rounding."""
        try:
            values, vectors = np.linalg.eigh(side.sum)
        except np.linalg.LinAlgError:  # not finite, like the weights: the run ends as diverged
            return
        rounding = float(values[-1]) * len(values) * float(np.finfo(values.dtype).eps)
        np.maximum(values, max(self.eps, rounding), out=values)
        for power, out in ((-1.0, side.inverse), (exponent, side.root)):
            np.multiply(vectors, values**power, out=side.scratch)
            np.matmul(side.scratch, vectors.T, out=out)
