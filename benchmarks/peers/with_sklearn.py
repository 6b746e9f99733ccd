"""scikit-learn's MLPRegressor: a different network (biases, linear output, its own initial weights and order of rows)."""

from __future__ import annotations

import numpy as np
from problem import BATCH, RATES, TRAIN, WIDTHS, Curves, Job, Run, arrays
from sklearn.neural_network import MLPRegressor

VARIANTS = {"scikit-learn": {}}
SOLVERS = {"adam": "adam", "gd": "sgd", "sgd": "sgd"}


def prepare(job: Job) -> Run:
    x, y = arrays(job.dtype)
    return lambda: _train(job, x, y)


def _train(job: Job, x: np.ndarray, y: np.ndarray) -> Curves:
    network = MLPRegressor(
        hidden_layer_sizes=WIDTHS[job.architecture],
        activation="tanh",
        solver=SOLVERS[job.optimizer],
        alpha=0.0,
        batch_size=TRAIN if job.optimizer == "gd" else BATCH,
        learning_rate_init=RATES[job.optimizer],
        momentum=0.0,
        random_state=0,
    )
    losses, accuracies = [], []
    for _ in range(job.epochs):
        network.partial_fit(x[:TRAIN], y[:TRAIN])
        outputs = network.predict(x)
        losses.append(float(np.mean((outputs[:TRAIN] - y[:TRAIN]) ** 2)))
        accuracies.append(float(np.mean((outputs[TRAIN:] > 0) == (y[TRAIN:] > 0))))
    return losses, accuracies
