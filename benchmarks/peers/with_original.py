"""The work as the original experiment did it: NumPy, float64 whatever was asked for, a new array for every intermediate."""

from __future__ import annotations

import numpy as np
from problem import BATCH, RATES, TRAIN, Curves, Job, Run, arrays, initial, orders

VARIANTS = {"original's way": {}}


def prepare(job: Job) -> Run:
    x, y = arrays("float64")
    return lambda: _train(job, x, y.reshape(-1, 1))


def _train(job: Job, x: np.ndarray, y: np.ndarray) -> Curves:
    weights = initial(job.architecture)
    state = [(np.zeros_like(w), np.zeros_like(w)) for w in weights]
    size, t = (TRAIN if job.optimizer == "gd" else BATCH), 0
    losses, accuracies = [], []
    for order in orders(job.epochs):
        x_epoch, y_epoch = (x[:TRAIN], y[:TRAIN]) if size == TRAIN else (x[order], y[order])
        for first in range(0, TRAIN, size):
            t += 1
            gradients = _gradients(weights, x_epoch[first : first + size], y_epoch[first : first + size])
            for i, g in enumerate(gradients):
                weights[i], state[i] = _update(job.optimizer, weights[i], g, *state[i], t)
        losses.append(float(np.mean((_forward(weights, x[:TRAIN])[-1] - y[:TRAIN]) ** 2)))
        accuracies.append(float(np.mean((_forward(weights, x[TRAIN:])[-1] > 0) == (y[TRAIN:] > 0))))
    return losses, accuracies


def _forward(weights: list[np.ndarray], x: np.ndarray) -> list[np.ndarray]:
    h = [x]
    for w in weights:
        h.append(np.tanh(h[-1] @ w))
    return h


def _gradients(weights: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    h = _forward(weights, x)
    gradients = []
    delta = (h[-1] - y) / len(y) * (1 - h[-1] ** 2)
    for i in range(len(weights) - 1, -1, -1):
        gradients.append(h[i].T @ delta)
        if i:
            delta = delta @ weights[i].T * (1 - h[i] ** 2)
    return gradients[::-1]


def _update(
    optimizer: str,
    w: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    t: int,
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    lr = RATES[optimizer]
    if optimizer == "adam":
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        return w - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), (m, v)
    if optimizer == "rmsprop":
        v = 0.99 * v + 0.01 * g**2
        return w - lr * g / (np.sqrt(v) + 1e-8), (m, v)
    if optimizer == "adagrad":
        v = v + g**2
        return w - lr * g / (np.sqrt(v) + 1e-10), (m, v)
    return w - lr * g, (m, v)
