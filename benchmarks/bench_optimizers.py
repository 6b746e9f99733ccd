"""A step of each optimizer, given the gradient; an epoch of the whole loop; the kernels that optimizers share."""

from __future__ import annotations

import numpy as np

from optbench.core.numerics import Average, Layout, add_square, axpy
from optbench.core.seeding import stream
from optbench.training.loop import train

from .common import BUILT_IN, INPUTS, Gradient, rows

OPTIMIZERS = ["adagrad", "adam", "gd", "rmsprop", "sgd"]
WEIGHTS = [2_049, 131_200]


class Step:
    repeat = (20, 100, 2.0)  # many samples: on a busy machine few do not tell a factor of two from noise
    params = [OPTIMIZERS, ["single-layer", "two-layer-mlp"]]
    param_names = ["optimizer", "architecture"]

    def setup(self, optimizer, architecture):
        network = BUILT_IN.find("architecture", architecture).cls()
        layout = network.layout(INPUTS)
        self.optimizer = BUILT_IN.find("optimizer", optimizer).cls()
        self.w = network.initial(layout, stream(0, "init")).astype(np.float32)
        self.state = self.optimizer.init(self.w, layout)
        self.at = Gradient(layout.size)
        self.time_step(optimizer, architecture)  # what is imported on use is not timed

    def time_step(self, optimizer, architecture):
        self.optimizer.step(self.w, self.state, 2, self.at)


class Wrapped:
    repeat = Step.repeat
    params = [["clip", "cosine"], [2_049, 131_200]]
    param_names = ["wrapper", "weights"]

    def setup(self, wrapper, weights):
        given = {"norm": 1.0} if wrapper == "clip" else {}
        inner = BUILT_IN.find("optimizer", "adam").cls()
        self.optimizer = BUILT_IN.find("wrapper", wrapper).cls(inner=inner, **given)
        self.at = Gradient(weights)
        self.w = self.at.gradient().copy()
        self.state = self.optimizer.init(self.w, Layout({"layer1": (weights, 1)}))
        self.time_step(wrapper, weights)

    def time_step(self, wrapper, weights):
        self.optimizer.step(self.w, self.state, 2, self.at)


class Epoch:
    params = [["adam", "gd", "sgd"], ["single-layer", "two-layer-mlp", "recursive-mlp"]]
    param_names = ["optimizer", "architecture"]

    def setup(self, optimizer, architecture):
        network = BUILT_IN.find("architecture", architecture).cls()
        self.optimizer = BUILT_IN.find("optimizer", optimizer).cls()
        self.model = network.bind(network.layout(INPUTS), "float32")
        self.model.w[:] = network.initial(self.model.layout, stream(0, "init"))
        self.x, self.y = rows(600)
        self.options = {"epochs": 1, "batch_size": 32, "rng": stream(0, "batches"), "noise": stream(0, "noise")}
        self.options |= {"clock": lambda: 0.0, "monitor": lambda *_: True}
        self.time_train(optimizer, architecture)

    def time_train(self, optimizer, architecture):
        train(self.optimizer, self.model, self.x, self.y, **self.options)


class Kernels:
    params = [WEIGHTS]
    param_names = ["weights"]

    def setup(self, weights):
        self.x = np.random.default_rng(0).normal(size=weights).astype(np.float32)
        self.y, self.scratch, self.average = self.x.copy(), self.x.copy(), Average(self.x)
        self.time_axpy(weights)

    def time_axpy(self, weights):
        axpy(1e-9, self.x, self.y)

    def time_add_square(self, weights):
        add_square(self.y, self.x, self.scratch)

    def time_average(self, weights):
        self.average.add(self.x, 0.9)
