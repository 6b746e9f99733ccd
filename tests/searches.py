"""Small networks on which line searches are tested: full-batch objectives of each loss, at weights of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from optbench import Array, Loss, Model, Task
from optbench.architectures.two_layer_mlp import TwoLayerMLP
from optbench.core.seeding import stream
from optbench.losses.cross_entropy import CrossEntropy
from optbench.losses.squared import Squared
from optbench.losses.squared_tanh import SquaredTanh
from optbench.training.loop import Batch

ROWS, INPUTS = 40, 6
CLASSES = ("a", "b", "c")
PROBLEMS: dict[str, tuple[Loss, Task]] = {
    "cross-entropy": (CrossEntropy(), Task(CLASSES)),
    "squared": (Squared(), Task(columns=2)),
    "squared-tanh": (SquaredTanh(), Task(CLASSES[:2])),
}


def data(name: str, rows: int = ROWS) -> tuple[Array, Array]:
    """Return inputs, the last column ones, and targets."""
    loss, task = PROBLEMS[name]
    rng = stream(3, "batches")
    x = rng.standard_normal((rows, INPUTS))
    x[:, -1] = 1.0
    noise = rng.standard_normal((rows, 1))
    if task.classes:
        y: Array = np.digitize(x[:, :1] * x[:, 1:2] + 0.5 * noise, [0.0, 1.0][: len(task.classes) - 1]).astype(float)
    else:
        y = np.column_stack([np.sin(2.0 * x[:, 0]), x[:, 1] * x[:, 2]]) + 0.1 * noise
    return x, loss.targets(y, task)


def objective(name: str, dtype: str = "float64", steps: int = 40) -> tuple[Any, Batch]:
    """Return a model at its initial weights and the objective of all rows."""
    loss, _ = PROBLEMS[name]
    x, y = (part.astype(dtype) for part in data(name))
    architecture = TwoLayerMLP(hidden=5)
    layout = architecture.layout(INPUTS, y.shape[1])
    model: Model = architecture.bind(layout, loss, dtype)
    model.w[:] = architecture.initial(layout, stream(1, "init"))
    return model, Batch(model, loss, stream(1, "noise"), steps, (x, y))
