"""What trajectories cost: the sketch that a run keeps of its weights, and the joint embedding of a task's runs."""

from __future__ import annotations

import numpy as np

from optbench.training.sketch import sketch
from optbench.trajectories import fit


class Sketch:
    params = [[2_049, 131_200]]
    param_names = ["weights"]

    def setup(self, weights):
        self.w = np.random.default_rng(0).normal(size=weights).astype(np.float32)

    def time_sketch(self, weights):
        sketch(self.w)


class Joint:
    params = [[165, 825]]  # one and five seeds of five optimizers
    param_names = ["points"]
    timeout = 300

    def setup(self, points):
        steps = np.random.default_rng(0).normal(size=(points // 33, 33, 512)).astype(np.float32)
        self.points = steps.cumsum(axis=1).reshape(points, 512)
        self.ends = list(range(32, points, 33))

    def time_fit(self, points):
        fit(self.points, self.ends)
