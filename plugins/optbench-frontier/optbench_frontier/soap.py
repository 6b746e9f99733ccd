"""SOAP."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import (
    Array,
    Average,
    Layout,
    Neutral,
    Optimizer,
    Oracle,
    State,
    Vector,
    axpy,
    count,
    fraction,
    log_uniform,
    non_negative,
    one_minus_log,
    positive,
    scaled,
)


@dataclass(frozen=True, kw_only=True)
class SOAP(Optimizer):
    """SOAP: Adam in the eigenbasis of Shampoo's preconditioner. Vyas et al. 2025, ICLR, arXiv:2409.11321, Algorithm 3.

    Defaults and details are those of the authors' code: the first step only initialises the statistics and changes no weight,
    the bases are updated by one QR decomposition in every `every`-th step, vectors are updated by Adam, weight decay is
    decoupled. Deviation: `max_dim`, the length beyond which a side keeps its own basis, is 1024 instead of 10000. The
    decompositions allocate a few matrices of a side's length.
    """

    name: ClassVar[str] = "soap"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("pytorch_optimizer.SOAP (with its QR in float64)"),)
    lr: float = positive(0.003, space=scaled(1e-3, 1e3))
    beta1: float = fraction(0.95, space=one_minus_log(0.0, 0.999), neutral=Neutral(0.0, "no momentum"))
    beta2: float = fraction(0.95, space=one_minus_log(0.9, 0.9999))
    eps: float = positive(1e-8, space=log_uniform(1e-10, 1.0))
    weight_decay: float = non_negative(0.01, space=log_uniform(1e-5, 1.0), neutral=Neutral(0.0, "no weight decay"))
    every: int = count(10)
    max_dim: int = count(1024)

    def init(self, w: Vector, layout: Layout) -> State:
        """Return moments and statistics of 0."""
        layers = [self._sides(layer) for layer in layout.views(w).values()]
        return State(layout=layout, layers=layers, m=Average(w), v=Average(w), scratch=np.empty_like(w))

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """W_t = W_{t-1} - lr Q_L N_t Q_R^T, where N_t is Adam's step of Q_L^T G_t Q_R."""
        self._observe(g, s)
        if t == 1:
            _decompose(s)
            return
        s.m.add(g, self.beta1)
        _turn(g, s)
        np.multiply(g, g, out=g)
        s.v.add(g, self.beta2)
        np.copyto(g, s.m.array)
        _turn(g, s)
        root = math.sqrt(s.v.factor)
        # sqrt(v_t) = root * scratch; as in the authors' code, eps comes before the correction.
        np.sqrt(s.v.array, out=s.scratch)
        s.scratch += self.eps / root
        g /= s.scratch
        _turn(g, s, back=True)
        axpy(-self.lr * s.m.correction * math.sqrt(1.0 - s.v.beta_power) / root, g, w)
        if self.weight_decay:
            w *= 1.0 - self.lr * self.weight_decay
        if (t - 1) % self.every == 0:
            _renew(s)

    def _sides(self, layer: Array) -> list[State | None]:
        def side(length: int) -> State | None:
            if layer.ndim == 1 or length == 1 or length > self.max_dim:
                return None
            gg, q, scratch = (np.zeros((length, length), layer.dtype) for _ in range(3))
            return State(gg=gg, q=q, scratch=scratch)

        return [side(length) for length in layer.shape]

    def _observe(self, g: Vector, s: State) -> None:
        """Update the statistics of each side, averages of G G^T and G^T G."""
        for sides, layer in zip(s.layers, s.layout.views(g).values(), strict=True):
            for axis, side in _used(sides):
                across = layer.T if axis == 0 else layer
                np.matmul(across.T, across, out=side.scratch)
                side.scratch *= 1.0 - self.beta2
                side.gg *= self.beta2
                side.gg += side.scratch


def _used(sides: list[State | None]) -> list[tuple[int, State]]:
    return [(axis, side) for axis, side in enumerate(sides) if side is not None]


def _turn(x: Vector, s: State, *, back: bool = False) -> None:
    """X = Q_L^T X Q_R in place, or Q_L X Q_R^T."""
    for sides, layer, scratch in zip(s.layers, s.layout.views(x).values(), s.layout.views(s.scratch).values(), strict=True):
        turned, spare = layer, scratch
        for axis, side in _used(sides):
            q = side.q.T if back else side.q
            one, other = (q.T, turned) if axis == 0 else (turned, q)
            np.matmul(one, other, out=spare)
            turned, spare = spare, turned
        if turned is not layer:
            np.copyto(layer, turned)


def _decompose(s: State) -> None:
    """Compute the eigenvectors of each side's statistics, the largest eigenvalue first."""
    for side in (side for sides in s.layers for _, side in _used(sides)):
        # LAPACK raises for NaN, but a run that has diverged must end as diverged.
        side.q[:] = np.linalg.eigh(side.gg)[1][:, ::-1] if np.isfinite(side.gg).all() else np.nan


def _renew(s: State) -> None:
    """Take one step of power iteration from each basis, and sort it by eigenvalue, and v with it; m is not in the basis."""
    for sides, v, scratch in zip(s.layers, s.layout.views(s.v.array).values(), s.layout.views(s.scratch).values(), strict=True):
        for axis, side in _used(sides):
            np.matmul(side.gg, side.q, out=side.scratch)
            side.q *= side.scratch
            order = np.argsort(-np.sum(side.q, axis=0), kind="stable")  # of estimated eigenvalues
            np.copyto(v, np.take(v, order, axis=axis, out=scratch, mode="clip"))
            side.q[:] = np.linalg.qr(side.scratch[:, order])[0]
