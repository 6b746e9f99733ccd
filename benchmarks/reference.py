"""The reference operations: what the kernels and loops compute, by means of NumPy and BLAS alone and without any checks.

They are as they were when the ratios began, and stay so: a change here changes all ratios of the past. Where a kernel becomes
faster than its reference, its ratio falls below 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from scipy.linalg.blas import saxpy

A = 1e-9
"""Factor of all sums in place, so that numbers stay as they are over any number of calls."""
EPS = 1e-8


def axpy(x: np.ndarray, y: np.ndarray) -> None:
    """Y += A x."""
    saxpy(x, y, a=A)


def add_square(v: np.ndarray, g: np.ndarray, scratch: np.ndarray) -> None:
    """V += g^2."""
    np.multiply(g, g, out=scratch)
    np.add(v, scratch, out=v)


def norm(x: np.ndarray) -> float:
    """Return |x|."""
    return math.sqrt(np.dot(x, x))


def over_root(x: np.ndarray, v: np.ndarray, out: np.ndarray) -> None:
    """Out = x / (sqrt(v) + EPS)."""
    np.sqrt(v, out=out)
    np.add(out, EPS, out=out)
    np.divide(x, out, out=out)


def sign(x: np.ndarray, out: np.ndarray) -> None:
    """Write the signs of `x` to `out`."""
    with np.errstate(over="ignore"):
        np.multiply(x, 1e38, out=out)
        np.multiply(out, 1e38, out=out)
    np.clip(out, -1.0, 1.0, out=out)


def trust_ratio(w: np.ndarray, u: np.ndarray) -> float:
    """Return |w| / |u|."""
    return norm(w) / norm(u)


def product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """Out = a b, in equal parts of some rows where each can be so small that BLAS need not pack it."""
    most = 1_000_000 // b.size
    if most >= len(a) or most < 6 or len(a) > 10 * most:  # noqa: PLR2004  # as `product` had it when the ratios began
        np.dot(a, b, out=out)
        return
    part = math.ceil(len(a) / math.ceil(len(a) / most))
    for first in range(0, len(a), part):
        np.matmul(a[first : first + part], b, out=out[first : first + part])


class Average:
    """A sum in one array, with the scalars of a lazily scaled average."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.factor = self.power = 1.0

    def add(self, x: np.ndarray, beta: float) -> None:
        """Take in `x`."""
        self.factor = 1.0 if self.factor * beta < 1e-12 else self.factor * beta  # noqa: PLR2004  # as in `optbench.Average`
        self.power *= beta
        axpy(x, self.array)


def adam(w: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray) -> None:
    """Take the passes of Adam's step."""
    axpy(g, m)
    np.multiply(g, g, out=g)
    axpy(g, v)
    over_root(m, v, g)
    axpy(g, w)


def adagrad(w: np.ndarray, g: np.ndarray, v: np.ndarray, scratch: np.ndarray) -> None:
    """Take the passes of AdaGrad's step."""
    add_square(v, g, scratch)
    over_root(g, v, scratch)
    axpy(scratch, w)


def rmsprop(w: np.ndarray, g: np.ndarray, v: np.ndarray, scratch: np.ndarray) -> None:
    """Take the passes of RMSProp's step."""
    np.multiply(g, g, out=scratch)
    axpy(scratch, v)
    over_root(g, v, scratch)
    axpy(scratch, w)


def gd(w: np.ndarray, g: np.ndarray) -> None:
    """Take the pass of gradient descent."""
    axpy(g, w)


UPDATES: dict[str, tuple[Callable[..., None], int]] = {
    "adagrad": (adagrad, 2),
    "adam": (adam, 2),
    "gd": (gd, 0),
    "rmsprop": (rmsprop, 2),
    "sgd": (gd, 0),
}
"""The step of each optimizer, and how many arrays it keeps."""


class Network:
    """Tanh layers without biases, to one output, on a fixed number of rows."""

    def __init__(self, widths: Sequence[int], w: np.ndarray, rows: int) -> None:
        empty = partial(np.empty, dtype=np.float32)
        shapes = list(pairwise(widths))
        ends = np.cumsum([m * n for m, n in shapes])
        self.g = np.zeros_like(w)
        self.layers, self.gradients = (
            [part.reshape(shape) for part, shape in zip(np.split(flat, ends[:-1]), shapes, strict=True)] for flat in (w, self.g)
        )
        self.h, self.slope, self.dh = ([empty((rows, width)) for width in widths[1:]] for _ in range(3))

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs, (rows,)."""
        for layer, h in zip(self.layers, self.h, strict=True):
            product(x, layer, h)
            np.tanh(h, out=h)
            x = h
        return x[:, 0]

    def loss_and_grad(self, x: np.ndarray, y: np.ndarray) -> float:
        """Write the gradient of half the mean squared error to `g`; return the error."""
        error = np.subtract(self.predict(x), y, out=self.dh[-1][:, 0])
        loss = float(np.dot(error, error)) / len(y)
        self.dh[-1] *= 1.0 / len(y)
        for i in reversed(range(len(self.layers))):
            h, slope, dh = self.h[i], self.slope[i], self.dh[i]
            np.multiply(h, h, out=slope)
            np.subtract(1.0, slope, out=slope)
            np.multiply(dh, slope, out=dh)
            product((self.h[i - 1] if i else x).T, dh, self.gradients[i])
            if i:
                product(dh, self.layers[i].T, self.dh[i - 1])
        return loss
