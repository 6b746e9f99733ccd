"""What trajectories cost: the sketch that a run keeps of its weights."""

from __future__ import annotations

import numpy as np

from optbench.sketch import sketch


class Sketch:
    params = [[2_049, 131_200]]
    param_names = ["weights"]

    def setup(self, weights):
        self.w = np.random.default_rng(0).normal(size=weights).astype(np.float32)

    def time_sketch(self, weights):
        sketch(self.w)
