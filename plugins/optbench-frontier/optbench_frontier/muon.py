"""Muon."""

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
    adam_step,
    axpy,
    count,
    fraction,
    log_uniform,
    non_negative,
    one_minus_log,
    positive,
    scaled,
)
from optbench_frontier.matrices import as_matrix

# f(x) = a x + b x^3 + c x^5 maps singular values in (0, 1] to about 1 in five iterations.
A, B, C = 3.4445, -4.7750, 2.0315


@dataclass(frozen=True, kw_only=True)
class Muon(Optimizer):
    """Muon for matrices, AdamW for the rest: a hybrid. Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/.

    Matrices are updated by their Nesterov momentum, orthogonalised by Newton-Schulz iterations. Layers with a single row or
    column, such as those of one output, and vectors are updated by AdamW, with `adam_lr` and the betas of Jordan's README.
    Deviations: momentum is a bias-corrected average, as in optax; the iteration uses the Gram matrix of the smaller side, which
    is the same polynomial in two passes over the weights instead of ten; a layer (in, out) is scaled by sqrt(max(1, out / in)),
    as in optax. In float32 the iteration on the Gram matrix is less precise: the error of a step is 6e-4, between the 6e-6 of
    ten passes and that of the bfloat16 in Jordan's code.
    """

    name: ClassVar[str] = "muon"
    oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("optax.contrib.muon (matrices)"), Oracle("optax.adamw (other layers)"))
    rates: ClassVar[tuple[str, ...]] = ("lr", "adam_lr")
    lr: float = positive(0.02, space=scaled(1e-3, 1e3))
    beta: float = fraction(0.95, space=one_minus_log(0.0, 0.999), neutral=Neutral(0.0, "no momentum"))
    rounds: int = count(5)
    weight_decay: float = non_negative(0.0, neutral=Neutral(0.0, "no weight decay"))
    adam_lr: float = positive(3e-4, space=scaled(1e-3, 1e3))
    adam_beta1: float = fraction(0.9)
    adam_beta2: float = fraction(0.95, space=one_minus_log(0.9, 0.9999))
    eps: float = positive(1e-8, space=log_uniform(1e-10, 1.0))

    def init(self, w: Vector, layout: Layout) -> State:
        """Return moments of 0."""
        return State(layout=layout, layers=[_start(as_matrix(layer)) for layer in layout.views(w).values()])

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """Update each layer."""
        for layer, weights, gradient in zip(s.layers, s.layout.views(w).values(), s.layout.views(g).values(), strict=True):
            kind = self._adamw if 1 in as_matrix(weights).shape else self._muon
            kind(weights.reshape(-1), gradient.reshape(-1), layer)

    def _muon(self, w: Vector, g: Vector, s: State) -> None:
        """u_t = beta m_t / (1 - beta^{t+1}) + (1 - beta) g_t / (1 - beta^t); w_t = w_{t-1} - lr (scale NS(u_t) + decay w)."""
        s.m.add(g, self.beta)
        g *= (1.0 - self.beta) / (1.0 - s.m.beta_power)
        axpy(self.beta * s.m.factor / (1.0 - s.m.beta_power * self.beta), s.m.array, g)
        norm = math.sqrt(float(np.dot(g, g))) + self.eps
        u = g.reshape(s.turned.shape)
        rows, columns = u.shape
        if rows > columns:
            np.matmul(u.T, u, out=s.gram)
            np.matmul(u, self._newton_schulz(s, norm), out=s.turned)
        else:
            np.matmul(u, u.T, out=s.gram)
            np.matmul(self._newton_schulz(s, norm), u, out=s.turned)
        if self.weight_decay:
            w *= 1.0 - self.lr * self.weight_decay
        axpy(-self.lr * math.sqrt(max(1.0, columns / rows)) / norm, s.turned.reshape(-1), w)

    def _newton_schulz(self, s: State, norm: float) -> Array:
        """Return P with X P (or P X) = f(f(...f(X))), f(X) = a X + b X A + c X A^2, from A = X^T X (or X X^T) of X = u / norm.

        An iteration multiplies X by Q = a I + b A + c A^2, so P is the product of all Q, and A becomes Q A Q = A Q^2.
        """
        gram, q, product, square = s.gram, s.q, s.product, s.square
        gram *= 1.0 / (norm * norm)  # infinite for a huge norm, for which ** would raise
        for number in range(self.rounds):
            np.matmul(gram, gram, out=q)
            q *= C
            np.multiply(gram, B, out=square)
            q += square
            q.flat[:: len(q) + 1] += A
            if number:
                np.matmul(product, q, out=square)
                np.copyto(product, square)
            else:
                np.copyto(product, q)
            if number + 1 < self.rounds:
                np.matmul(q, gram, out=square)
                np.matmul(square, q, out=gram)
        return product  # type: ignore[no-any-return]  # a state's attributes are of any type

    def _adamw(self, w: Vector, g: Vector, s: State) -> None:
        """w_t = w_{t-1} - adam_lr (m^_t / (sqrt(v^_t) + eps) + weight_decay w_{t-1})."""
        if self.weight_decay:
            w *= 1.0 - self.adam_lr * self.weight_decay
        adam_step(w, g, s.m, s.v, lr=self.adam_lr, beta1=self.adam_beta1, beta2=self.adam_beta2, eps=self.eps)


def _start(layer: Array) -> State:
    flat = layer.reshape(-1)
    small = min(layer.shape)
    if small == 1:
        return State(m=Average(flat), v=Average(flat))
    gram, q, product, square = (np.empty((small, small), layer.dtype) for _ in range(4))
    return State(m=Average(flat), turned=np.empty_like(layer), gram=gram, q=q, product=product, square=square)
