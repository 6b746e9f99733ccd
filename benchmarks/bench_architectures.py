"""Gradients and predictions of each network, and the product that they are made of."""

from __future__ import annotations

import numpy as np

from optbench.core.numerics import product
from optbench.core.seeding import stream

from .common import BUILT_IN, INPUTS, rows


class Network:
    params = [["single-layer", "two-layer-mlp", "recursive-mlp"], [32, 600]]
    param_names = ["architecture", "rows"]

    def setup(self, architecture, n):
        network = BUILT_IN.find("architecture", architecture).cls()
        self.model = network.bind(network.layout(INPUTS), "float32")
        self.model.w[:] = network.initial(self.model.layout, stream(0, "init"))
        self.x, self.y = rows(n)
        self.time_loss_and_grad(architecture, n)  # what is imported on use is not timed

    def time_loss_and_grad(self, architecture, n):
        self.model.loss_and_grad(self.x, self.y)

    def time_predict(self, architecture, n):
        self.model.predict(self.x)


class Operator:
    params = [["dense", "repeated", "sparse"]]
    param_names = ["inputs"]

    def setup(self, inputs):
        try:
            from optbench.data.operators import operator
        except ImportError:  # at a commit before there were any
            raise NotImplementedError from None
        x, _ = rows(1_200)
        if inputs == "repeated":
            x[:] = np.repeat(x[:600], 2, axis=0)
        elif inputs == "sparse":
            x *= stream(0, "init").random(x.shape) < 0.01  # noqa: PLR2004  # one in a hundred stays
        self.x = operator(x)
        self.w = np.ones((INPUTS, 64), np.float32)
        self.out = np.empty((1_200, 64), np.float32)

    def time_product(self, inputs):
        product(self.x, self.w, self.out)


class Product:
    params = [[(32, 2_049, 64), (32, 2_049, 128), (2_049, 32, 64), (600, 2_049, 64), (32, 1, 64)]]
    param_names = ["shape"]

    def setup(self, shape):
        m, k, n = shape
        rng = np.random.default_rng(0)
        self.a, self.b = rng.normal(size=(m, k)).astype(np.float32), rng.normal(size=(k, n)).astype(np.float32)
        self.out = np.empty((m, n), np.float32)
        self.time_product(shape)

    def time_product(self, shape):
        product(self.a, self.b, self.out)
