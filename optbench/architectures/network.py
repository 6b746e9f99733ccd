"""The network of the built-in architectures, written by hand: tanh layers without biases, and one output.

The last column of the inputs is 1, which is the only bias. The training loss is the mean squared error against labels of -1 and
+1; the gradient is that of half of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from optbench import Architecture, Array, Layout, Operator, Vector, product


class TanhNetwork(Architecture):
    """An architecture of tanh layers; a subclass defines the widths of the hidden ones."""

    provides: ClassVar[frozenset[str]] = frozenset({"hvp", "operator"})

    def widths(self) -> tuple[int, ...]:
        """Return the number of units of each hidden layer, from input to output."""
        raise NotImplementedError

    def layout(self, inputs: int) -> Layout:
        """Return one (in, out) matrix per layer."""
        sizes = (inputs, *self.widths(), 1)
        return Layout({f"layer{i}": shape for i, shape in enumerate(pairwise(sizes), start=1)})

    def initial(self, layout: Layout, rng: np.random.Generator) -> Vector:
        """Draw each layer from U(-a, a), a = sqrt(6 / (in + out)). Glorot & Bengio 2010, AISTATS, equation 16."""
        w = rng.random(layout.size) * 2.0 - 1.0
        for layer in layout.views(w).values():
            np.multiply(layer, math.sqrt(6.0 / sum(layer.shape)), out=layer)
        return w

    def bind(self, layout: Layout, dtype: npt.DTypeLike) -> Network:
        """Return a network with its own weights, gradient and workspace."""
        return Network(layout, dtype)


@dataclass(frozen=True)
class Workspace:
    """Buffers for batches of one number of rows: for each layer its output h, the slope tanh' there, and dE/dh."""

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

    def __init__(self, layout: Layout, dtype: npt.DTypeLike) -> None:
        self.layout = layout
        self.w = np.zeros(layout.size, dtype)
        self.g = np.zeros(layout.size, dtype)
        self._layers = tuple(layout.views(self.w).values())
        self._gradients = tuple(layout.views(self.g).values())
        self._workspaces: dict[int, Workspace] = {}
        self._tangents: dict[int, Tangents] = {}
        self._out: Vector = np.empty(0, dtype)
        self._loss = math.nan

    def loss_and_grad(self, x: Array, y: Vector) -> float:
        """Write the gradient of half the mean squared error into `g`; return the mean squared error."""
        self._descend(x, y, 0, self._workspace(len(x)))
        return self._loss

    def hvp(self, x: Array, y: Vector, v: Vector, out: Vector) -> None:
        """Write the Hessian of half the mean squared error, times `v`, to `out`. Pearlmutter 1994, Neural Computation 6(1)."""
        pairs = tuple(zip(self.layout.views(v).values(), self.layout.views(out).values(), strict=True))
        self._descend_along(x, y, 0, pairs, self._tangent_space(len(x)))

    def outputs(self) -> Vector:
        """Return the outputs, shape (rows,), of the last `loss_and_grad`, in a buffer that the next call overwrites."""
        return self._out

    def predict(self, x: Operator, w: Vector | None = None) -> Vector:
        """Return the outputs, shape (rows,), for `x` at the weights `w`."""
        layers = self._layers if w is None or w is self.w else tuple(self.layout.views(w).values())
        return self._ascend(x, layers, self._workspace(x.shape[0]).h)[:, 0]

    def _ascend(self, x: Operator, layers: tuple[Array, ...], h: tuple[Array, ...]) -> Array:
        """Forward pass: tanh(x W), recursively, to the last layer."""
        product(x, layers[0], h[0])
        np.tanh(h[0], out=h[0])
        return self._ascend(h[0], layers[1:], h[1:]) if layers[1:] else h[0]

    def _descend(self, x: Array, y: Vector, layer: int, work: Workspace) -> None:
        """Forward pass before the recursive call, backward pass after it.

        h = tanh(x W) is the input of the next layer, whose call writes dE/dh to `work`; then dE/dW = x^T (dE/dh (1 - h^2)) and,
        for the layer before, dE/dx = (dE/dh (1 - h^2)) W^T.
        """
        weights, h, slope, dh = self._layers[layer], work.h[layer], work.slope[layer], work.dh[layer]
        product(x, weights, h)
        np.tanh(h, out=h)
        if layer + 1 < len(self._layers):
            self._descend(h, y, layer + 1, work)
        else:
            self._output_error(h, y, dh)
        np.multiply(h, h, out=slope)
        np.subtract(1.0, slope, out=slope)
        dh *= slope
        product(x.T, dh, self._gradients[layer])
        if layer:
            product(dh, weights.T, work.dh[layer - 1])

    def _descend_along(self, x: Array, y: Vector, layer: int, pairs: tuple[tuple[Array, Array], ...], work: Tangents) -> None:
        """As `_descend`, with the derivative R{.} along v of each of its lines. `x` has R{x} below it, except for the inputs.

        With a = x W, V the layer's part of v and d = dE/dh (1 - h^2): R{a} = R{x} W + x V, R{h} = (1 - h^2) R{a}, and in the
        backward pass R{d} = R{dE/dh} (1 - h^2) - 2 h R{h} dE/dh, R{dE/dW} = x^T R{d} + R{x}^T d, R{dE/dx} = R{d} W^T + d V^T.
        """
        rows, weights, (v, product) = len(y), self._layers[layer], pairs[layer]
        both, slope, scratch = work.h[layer], work.slope[layer], work.scratch[layer]
        h, r_h = both[:rows], both[rows:]
        r_dh, dh = work.dh[layer][:rows], work.dh[layer][rows:]
        if layer:
            np.matmul(x, weights, out=both)
            r_h += np.matmul(x[:rows], v, out=scratch)
        else:
            np.matmul(x, weights, out=h)
            np.matmul(x, v, out=r_h)
        np.tanh(h, out=h)
        np.multiply(h, h, out=slope)
        np.subtract(1.0, slope, out=slope)
        r_h *= slope
        if layer + 1 < len(self._layers):
            self._descend_along(both, y, layer + 1, pairs, work)
        else:  # E = |h - y|^2 / 2n
            np.subtract(h[:, 0], y, out=dh[:, 0])
            dh *= 1.0 / rows
            np.multiply(r_h, 1.0 / rows, out=r_dh)
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

    def _output_error(self, h: Array, y: Vector, dh: Array) -> None:
        """E = |h - y|^2 / 2n: write dE/dh to `dh`, and keep the loss 2E."""
        self._out = h[:, 0]
        error = np.subtract(self._out, y, out=dh[:, 0])
        self._loss = float(np.dot(error, error)) / len(y)
        dh *= 1.0 / len(y)

    def _workspace(self, rows: int) -> Workspace:
        if rows not in self._workspaces:
            widths: list[Any] = [layer.shape[1] for layer in self._layers]
            h, slope, dh = (tuple(np.empty((rows, width), self.w.dtype) for width in widths) for _ in range(3))
            self._workspaces[rows] = Workspace(h, slope, dh)
        return self._workspaces[rows]

    def _tangent_space(self, rows: int) -> Tangents:
        if rows not in self._tangents:
            widths: list[Any] = [layer.shape[1] for layer in self._layers]
            h, dh, slope, scratch = (
                tuple(np.empty((times * rows, width), self.w.dtype) for width in widths) for times in (2, 2, 1, 1)
            )
            self._tangents[rows] = Tangents(h, dh, slope, scratch)
        return self._tangents[rows]
