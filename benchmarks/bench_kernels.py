"""The kernels that optimizers share, and the products that networks are made of."""

from __future__ import annotations

from functools import partial

import numpy as np

from . import reference
from .common import INPUTS, aligned, found, rows
from .ratios import placements, ratio

D = INPUTS // 2
"""Features of a question, and of an answer."""


class Kernel:
    unit = "ratio"
    params = [["add_square", "axpy", "norm", "over_root", "sign", "trust_ratio"], [2_049, 131_200]]
    param_names = ["kernel", "weights"]

    def setup(self, kernel, weights):
        self.pairs = placements(lambda: _kernel(kernel, weights))

    def track_kernel(self, kernel, weights):
        return ratio(self.pairs)


class Averages:
    unit = "ratio"
    params = [["Average.add", "adam_step"], [2_049, 131_200]]
    param_names = ["kernel", "weights"]

    def setup(self, kernel, weights):
        self.pairs = placements(lambda: _average(weights) if kernel == "Average.add" else _adam_step(weights))

    def track_kernel(self, kernel, weights):
        return ratio(self.pairs)


class Product:
    unit = "ratio"
    params = [[(32, 2_049, 64), (32, 2_049, 128), (2_049, 32, 64), (600, 2_049, 64), (32, 1, 64)]]
    param_names = ["shape"]

    def setup(self, shape):
        self.pairs = placements(lambda: _product(*shape))

    def track_product(self, shape):
        return ratio(self.pairs)


class Operator:
    unit = "ratio"
    params = [["repeated", "sparse"]]
    param_names = ["inputs"]

    def setup(self, inputs):
        self.pairs = placements(_repeated if inputs == "repeated" else _sparse)

    def track_product(self, inputs):
        return ratio(self.pairs)


def _kernel(kernel, weights):
    x, y, out = aligned(weights), aligned(weights + 1)[:-1], aligned(weights)
    v = np.square(y)
    own, plain = {
        "add_square": ((v, x, out), (v, x, out)),
        "axpy": ((reference.A, x, y), (x, y)),
        "norm": ((x,), (x,)),
        "over_root": ((x, v, reference.EPS, out), (x, v, out)),
        "sign": ((x, out), (x, out)),
        "trust_ratio": ((x, y), (x, y)),
    }[kernel]
    return partial(found(f"optbench:{kernel}"), *own), partial(getattr(reference, kernel), *plain)


def _average(weights):
    x = aligned(weights)
    average = found("optbench:Average")(x)
    return partial(average.add, x, 0.9), partial(reference.Average(average.array).add, x, 0.9)


def _adam_step(weights):
    w, g, copy = aligned(weights), aligned(weights), aligned(weights)
    m, v = found("optbench:Average")(w), found("optbench:Average")(w)
    step = partial(found("optbench:adam_step"), w, g, m, v, lr=0.001, beta1=0.9, beta2=0.999, eps=reference.EPS)
    return step, partial(reference.adam, w, copy, m.array, v.array)


def _product(m, k, n):
    operands = aligned(m, k), aligned(k, n), aligned(m, n)
    return partial(found("optbench:product"), *operands), partial(reference.product, *operands)


def _repeated():
    x, _ = rows(1_200)
    x[:] = np.repeat(x[:600], 2, axis=0)
    w, out, of = aligned(INPUTS, 64), aligned(1_200, 64), np.arange(1_200) // 2
    questions, answers = np.ascontiguousarray(x[::2, :D]), np.ascontiguousarray(x[::2, D:-1])

    def plain():
        np.copyto(out, np.take(questions @ w[:D], of, axis=0) + np.take(answers @ w[D:-1], of, axis=0) + w[-1])

    return partial(found("optbench:product"), found("optbench.data.operators:operator")(x), w, out), plain


def _sparse():
    from scipy.sparse import csr_array

    x, _ = rows(1_200)
    x *= np.random.default_rng(0).random(x.shape) < 0.01  # noqa: PLR2004  # one in a hundred stays
    w, out, sparse = aligned(INPUTS, 64), aligned(1_200, 64), csr_array(x)
    multiply = partial(found("optbench:product"), found("optbench.data.operators:operator")(x), w, out)
    return multiply, lambda: np.copyto(out, sparse @ w)
