"""The built-in losses, each with tasks of its kind and small problems."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from optbench import Array, Loss, Task
from optbench.registry import Registry

LOSSES: Mapping[str, type[Loss]] = {m.name: m.cls for m in Registry(autoload=False).components("loss")}

TASKS = (Task(("no", "yes")), Task(("red", "green", "blue")), Task(columns=1), Task(columns=3))
"""Two classes, three classes, one number, three numbers."""

PAIRS: tuple[tuple[Loss, Task], ...] = tuple(
    (cls(), task) for cls in LOSSES.values() for task in TASKS if not cls().incompatibility(task)
)
"""Each built-in loss with each task that it is for."""


def named(pair: object) -> str:
    """Return a label for a test's parameter."""
    if isinstance(pair, Loss):
        return pair.name
    assert isinstance(pair, Task)
    return f"{len(pair.classes)} classes" if pair.classes else f"{pair.columns} numbers"


def raw_targets(task: Task, rows: int, dtype: npt.DTypeLike = "float64") -> Array:
    """Return what a dataset of this task has, shape (rows, columns): all classes in turn, or numbers."""
    if task.classes:
        return (np.arange(rows) % len(task.classes)).astype(dtype)[:, None]
    return np.random.default_rng(3).normal(size=(rows, task.columns)).astype(dtype)


def problem(loss: Loss, task: Task, rows: int, dtype: npt.DTypeLike = "float64") -> tuple[Array, Array]:
    """Return random z and targets, both of shape (rows, outputs)."""
    z = np.random.default_rng(4).normal(size=(rows, loss.outputs(task)))
    return z.astype(dtype), loss.targets(raw_targets(task, rows, dtype), task)
