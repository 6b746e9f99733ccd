"""The network of the built-in architectures, written by hand: hidden tanh layers and a linear last one, without biases.

The last column of the inputs is 1, which is the only bias. What follows the last layer, the output's activation included, is
the loss's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from optbench import Architecture, Array, Layout, Loss, Operator, Vector, product


class TanhNetwork(Architecture):
    """An architecture of hidden tanh layers; a subclass defines their widths."""

    provides: ClassVar[frozenset[str]] = frozenset({"hvp", "operator"})

    def widths(self) -> tuple[int, ...]:
        """Return the number of units of each hidden layer, from input to output."""
        raise NotImplementedError

    def layout(self, inputs: int, outputs: int) -> Layout:
        """Return one (in, out) matrix per layer."""
        sizes = (inputs, *self.widths(), outputs)
        return Layout({f"layer{i}": shape for i, shape in enumerate(pairwise(sizes), start=1)})

    def initial(self, layout: Layout, rng: np.random.Generator) -> Vector:
        """Draw each layer from U(-a, a), a = sqrt(6 / (in + out)). Glorot & Bengio 2010, AISTATS, equation 16."""
        w = rng.random(layout.size) * 2.0 - 1.0
        for layer in layout.views(w).values():
            np.multiply(layer, math.sqrt(6.0 / sum(layer.shape)), out=layer)
        return w

    def bind(self, layout: Layout, loss: Loss, dtype: npt.DTypeLike) -> Network:
        """Return a network with its own weights, gradient and workspace."""
        return Network(layout, loss, dtype)


@dataclass(frozen=True)
class Workspace:
    """Buffers for batches of one number of rows: for each layer its output h, the slope tanh' there, and dE/dh.

    The last layer's output is z, and it has no slope.
    """

    h: tuple[Array, ...]
    slope: tuple[Array, ...]
    dh: tuple[Array, ...]


@dataclass(frozen=True)
class Tangents:
    """Buffers for a Hessian-vector product: every quantity and its derivative R{.} along v.

    The two are rows of one array, h above R{h} but R{dh} above dh, so that h^T R{d} + R{h}^T d is one product.
    """

    h: tuple[Array, ...]
    dh: tuple[Array, ...]
    slope: tuple[Array, ...]
    scratch: tuple[Array, ...]


class Network:
    """A bound `TanhNetwork`."""

    def __init__(self, layout: Layout, loss: Loss, dtype: npt.DTypeLike) -> None:
        self.layout = layout
        self.w = np.zeros(layout.size, dtype)
        self.g = np.zeros(layout.size, dtype)
        self.z: Array = np.empty((0, 0), dtype)
        self._loss = loss
        self._value = math.nan
        self._layers = tuple(layout.views(self.w).values())
        self._gradients = tuple(layout.views(self.g).values())
        self._workspaces: dict[int, Workspace] = {}
        self._tangents: dict[int, Tangents] = {}
        self._forward: dict[int, tuple[Array, ...]] = {}

    def loss_and_grad(self, x: Array, y: Array) -> float:
        """Return the loss at `w`; write its gradient to `g`, and the outputs before their activation to `z`."""
        work = self._workspace(len(x))
        self._descend(x, y, 0, work)
        self.z = work.h[-1]
        return self._value

    def hvp(self, x: Array, y: Array, v: Vector, out: Vector) -> None:
        """Write the Hessian of the loss, times `v`, to `out`. Pearlmutter 1994, Neural Computation 6(1), 147-160."""
        pairs = tuple(zip(self.layout.views(v).values(), self.layout.views(out).values(), strict=True))
        self._descend_along(x, y, 0, pairs, self._tangent_space(len(x)))

    def forward(self, x: Operator, w: Vector | None = None) -> Array:
        """Return z, shape (rows, outputs), for `x` at the weights `w`."""
        layers = self._layers if w is None or w is self.w else tuple(self.layout.views(w).values())
        rows = x.shape[0]
        if rows not in self._forward:
            self._forward[rows] = self._buffers(rows)
        return self._ascend(x, layers, self._forward[rows])

    def _ascend(self, x: Operator, layers: tuple[Array, ...], h: tuple[Array, ...]) -> Array:
        """Forward pass: tanh(x W), recursively, to the last layer, which is linear."""
        product(x, layers[0], h[0])
        if not layers[1:]:
            return h[0]
        np.tanh(h[0], out=h[0])
        return self._ascend(h[0], layers[1:], h[1:])

    def _descend(self, x: Array, y: Array, layer: int, work: Workspace) -> None:
        """Forward pass before the recursive call, backward pass after it.

        h = tanh(x W) is the input of the next layer, whose call writes dE/dh to `work`; then dE/dW = x^T (dE/dh (1 - h^2)) and,
        for the layer before, dE/dx = (dE/dh (1 - h^2)) W^T. The last layer has no tanh, and its dE/dh is the loss's dE/dz.
        """
        weights, h, dh = self._layers[layer], work.h[layer], work.dh[layer]
        product(x, weights, h)
        if layer + 1 == len(self._layers):
            self._value = self._loss.value_and_gradient(h, y, dh)
        else:
            np.tanh(h, out=h)
            self._descend(h, y, layer + 1, work)
            slope = work.slope[layer]
            np.multiply(h, h, out=slope)
            np.subtract(1.0, slope, out=slope)
            dh *= slope
        product(x.T, dh, self._gradients[layer])
        if layer:
            product(dh, weights.T, work.dh[layer - 1])

    def _descend_along(self, x: Array, y: Array, layer: int, pairs: tuple[tuple[Array, Array], ...], work: Tangents) -> None:
        """As `_descend`, with the derivative R{.} along v of each of its lines. `x` has R{x} below it, except for the inputs.

        With a = x W, V the layer's part of v and d = dE/dh (1 - h^2): R{a} = R{x} W + x V, R{h} = (1 - h^2) R{a}, and in the
        backward pass R{d} = R{dE/dh} (1 - h^2) - 2 h R{h} dE/dh, R{dE/dW} = x^T R{d} + R{x}^T d, R{dE/dx} = R{d} W^T + d V^T.
        """
        rows, weights, (v, product) = len(y), self._layers[layer], pairs[layer]
        both = work.h[layer]
        h, r_h = both[:rows], both[rows:]
        r_dh, dh = work.dh[layer][:rows], work.dh[layer][rows:]
        if layer:
            np.matmul(x, weights, out=both)
            r_h += np.matmul(x[:rows], v, out=work.scratch[layer])
        else:
            np.matmul(x, weights, out=h)
            np.matmul(x, v, out=r_h)
        if layer + 1 == len(self._layers):
            self._loss.value_and_gradient(h, y, dh)
            self._loss.second(h, y, r_h, r_dh)
        else:
            slope = work.slope[layer]
            np.tanh(h, out=h)
            np.multiply(h, h, out=slope)
            np.subtract(1.0, slope, out=slope)
            r_h *= slope
            self._descend_along(both, y, layer + 1, pairs, work)
            r_dh *= slope
            h *= r_h  # neither is needed again
            h *= dh
            h *= 2.0
            r_dh -= h
            dh *= slope
        if layer:
            np.matmul(x.T, work.dh[layer], out=product)
            np.matmul(work.dh[layer], weights.T, out=work.dh[layer - 1])
            work.dh[layer - 1][:rows] += np.matmul(dh, v.T, out=work.scratch[layer - 1])
        else:
            np.matmul(x.T, r_dh, out=product)

    def _workspace(self, rows: int) -> Workspace:
        if rows not in self._workspaces:
            self._workspaces[rows] = Workspace(self._buffers(rows), self._buffers(rows)[:-1], self._buffers(rows))
        return self._workspaces[rows]

    def _tangent_space(self, rows: int) -> Tangents:
        if rows not in self._tangents:
            both = self._buffers(2 * rows)
            self._tangents[rows] = Tangents(both, self._buffers(2 * rows), self._buffers(rows)[:-1], self._buffers(rows))
        return self._tangents[rows]

    def _buffers(self, rows: int) -> tuple[Array, ...]:
        """Return one array per layer, shape (rows, units)."""
        return tuple(np.empty((rows, layer.shape[1]), self.w.dtype) for layer in self._layers)
