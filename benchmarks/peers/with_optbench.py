"""optbench, through the loop that its harness runs."""

from __future__ import annotations

from time import perf_counter

import numpy as np
from problem import BATCH, RATES, TRAIN, Curves, Job, Run, arrays, generator, initial

from optbench.architectures import RecursiveMLP, SingleLayer, TwoLayerMLP
from optbench.core.numerics import Operator, Vector
from optbench.data.operators import operator
from optbench.losses.squared_tanh import SquaredTanh
from optbench.optimizers import GD, SGD, AdaGrad, Adam, RMSProp
from optbench.training.loop import Batch, train

VARIANTS = {"optbench": {"sparse": True}, "optbench, dense": {"sparse": False}}
OPTIMIZERS = {cls.name: cls for cls in (AdaGrad, Adam, GD, RMSProp, SGD)}
ARCHITECTURES = {cls.name: cls for cls in (RecursiveMLP, SingleLayer, TwoLayerMLP)}


def prepare(job: Job, *, sparse: bool) -> Run:
    x, y = arrays(job.dtype)
    inputs = operator(x, paired=True) if sparse else x  # sparse as in the harness, dense as for rows without zeros
    return lambda: _train(job, x, y, inputs)


def _train(job: Job, x: np.ndarray, y: np.ndarray, inputs: Operator) -> Curves:
    architecture = ARCHITECTURES[job.architecture]()
    loss, targets = SquaredTanh(), y[:TRAIN, None]
    model = architecture.bind(architecture.layout(x.shape[1], 1), loss, job.dtype)
    model.w[:] = np.concatenate([layer.ravel() for layer in initial(job.architecture)])
    losses, accuracies = [], []

    def monitor(epoch: int, weights: Vector, at: Batch, seconds: float) -> bool:
        if epoch:
            z = model.forward(inputs, weights)
            losses.append(loss.reported * loss.value(z[:TRAIN], targets))
            accuracies.append(loss.quality(z[TRAIN:], y[TRAIN:, None]))
        return True

    train(
        OPTIMIZERS[job.optimizer](lr=RATES[job.optimizer]),
        model,
        loss,
        x[:TRAIN],
        targets,
        epochs=job.epochs,
        batch_size=BATCH,
        rng=generator(0, 1),
        noise=generator(0, 2),
        clock=perf_counter,
        monitor=monitor,
    )
    return losses, accuracies
