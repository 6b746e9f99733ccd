"""The optimizers of this distribution on networks with each built-in loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import optbench_frontier
import pytest
from optbench_frontier import SophiaG

from optbench import Loss, Objective, Task
from optbench.architectures.two_layer_mlp import TwoLayerMLP
from optbench.core.seeding import stream
from optbench.losses.cross_entropy import CrossEntropy
from optbench.losses.squared import Squared
from optbench.losses.squared_tanh import SquaredTanh
from optbench.training.loop import Batch

ROWS, INPUTS = 12, 4
LOSSES: list[tuple[Loss, Task]] = [
    (CrossEntropy(), Task(("a", "b"))),
    (CrossEntropy(), Task(("a", "b", "c", "d"))),
    (Squared(), Task()),
    (Squared(), Task(columns=3)),
    (SquaredTanh(), Task(("a", "b"))),
]
every_loss = pytest.mark.parametrize(("loss", "task"), LOSSES, ids=lambda value: getattr(value, "name", ""))


def begin(loss: Loss, task: Task, dtype: str = "float64") -> tuple[Any, Objective, np.ndarray, np.ndarray]:
    """Return a model, the objective of a few rows, their inputs and their targets."""
    rng = stream(2, "batches")
    x = rng.standard_normal((ROWS, INPUTS)).astype(dtype)
    y = rng.integers(len(task.classes), size=(ROWS, 1)) if task.classes else rng.standard_normal((ROWS, task.columns))
    targets = loss.targets(y.astype(dtype), task)
    layout = TwoLayerMLP(hidden=3).layout(INPUTS, targets.shape[1])
    model = TwoLayerMLP(hidden=3).bind(layout, loss, dtype)
    model.w[:] = TwoLayerMLP(hidden=3).initial(layout, stream(2, "init"))
    return model, Batch(model, loss, stream(2, "noise"), 200, (x, targets)), x, targets


@every_loss
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cls", optbench_frontier.optbench_optimizers(), ids=lambda cls: cls.name)
def test_the_loss_falls(cls: Any, loss: Loss, task: Task, dtype: str) -> None:
    # Methods that estimate a distance must find their own rates; SGD's is larger than those of the others.
    rate = {"schedule-free-sgd": 1.0}.get(cls.name, 0.05)
    opt = cls(d0=1e-3) if cls.name in ("prodigy", "dadapt-adam") else cls(**dict.fromkeys(cls.rates, rate))
    model, at, x, y = begin(loss, task, dtype)
    s, losses = opt.init(model.w, model.layout), [at.value()]
    for t in range(1, 201):
        opt.step(model.w, s, t, at)
        z = model.forward(x, opt.eval_weights(model.w, s))
        losses.append(loss.value(z, y))
    assert np.isfinite(losses).all()
    assert min(losses) < 0.9 * losses[0]  # D-Adaptation rises again with squared-tanh: its first long steps saturate the output


@every_loss
def test_estimates_of_sophia_g_have_the_gauss_newton_diagonal_as_mean(loss: Loss, task: Task) -> None:
    """The expected Hessian at labels from the predicted distribution, from differences of outputs, is what they average to."""
    draws, opt = 3000, SophiaG()
    model, at, x, _ = begin(loss, task)
    s = opt.init(model.w, model.layout)
    estimates = np.empty((draws, model.w.size))
    for estimate in estimates:
        g = at.gradient()
        opt.estimate(g, s, at)
        estimate[:] = s.estimate
    expected = fisher_diagonal(loss, model, x)
    error = estimates.std(axis=0) / np.sqrt(draws)
    assert np.all(np.abs(estimates.mean(axis=0) - expected) <= 5.0 * error + 1e-9)
    assert error.sum() < 0.1 * expected.sum()


def fisher_diagonal(loss: Loss, model: Any, x: np.ndarray) -> np.ndarray:
    """Return the diagonal of the mean over the rows of J^T F J, where F is I for a normal distribution and 1 / p for shares."""

    def outputs(w: np.ndarray) -> np.ndarray:
        z = model.forward(x, w).copy()
        loss.predict(z, z)
        return z

    h, p = 1e-6, outputs(model.w)
    information = 1.0 / p if loss.name == "cross-entropy" else np.ones_like(p)
    steps = h * np.eye(model.w.size)
    slopes = np.array([(outputs(model.w + step) - outputs(model.w - step)) / (2.0 * h) for step in steps])
    return np.asarray((slopes**2 * information).sum(axis=2).mean(axis=1))
