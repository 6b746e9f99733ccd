"""The common part of the Schedule-Free methods: everything except the step of z."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optbench import Optimizer, State, Vector, axpy, positive, scaled


@dataclass(frozen=True, kw_only=True)
class ScheduleFree(Optimizer):
    """Schedule-Free. Defazio et al. 2024, NeurIPS, arXiv:2405.15682; a subclass defines the step of z.

    Gradients are taken at y (the run's w), steps are made on z, and x, the average of all z, is evaluated. As in the authors'
    package, the weight of z in the average is the square of the largest rate so far.
    """

    lr: float = positive(1.0, space=scaled(1e-3, 1e3))

    def average(self, w: Vector, g: Vector, s: State, beta: float) -> None:
        """x_t = (1 - c) x_{t-1} + c z_t; y = (1 - beta) z_t + beta x_t; `g` is overwritten."""
        s.largest_rate = max(s.largest_rate, self.lr)
        weight = s.largest_rate * s.largest_rate  # infinity for a huge rate, for which ** would raise
        s.weights += weight
        if s.weights:  # 0 as long as a schedule keeps the rate at 0
            np.subtract(s.z, s.x, out=g)
            axpy(weight / s.weights, g, s.x)
        np.multiply(s.x, beta, out=w)
        axpy(1.0 - beta, s.z, w)

    def eval_weights(self, w: Vector, s: State) -> Vector:
        """Return x, the average."""
        x: Vector = s.x
        return x
