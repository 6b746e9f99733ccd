"""The models on which rules of architectures are checked, and the tasks on which losses are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from optbench.core.contracts import Loss, Task
from optbench.core.numerics import Array
from optbench.core.seeding import stream
from optbench.kit.problems import batch, class_numbers, start
from optbench.kit.rules import built_in

INPUTS, ROWS = 9, 12
TASKS = (Task(classes=("no", "yes")), Task(classes=("red", "green", "blue")), Task(), Task(columns=3))
"""Two classes, three classes, one number, three numbers."""


@dataclass(frozen=True)
class Case:
    """A loss and a task that it is for."""

    loss: Loss
    task: Task

    @property
    def outputs(self) -> int:
        """The number of outputs of a network."""
        return self.loss.outputs(self.task)

    def targets(self, rows: int, dtype: npt.DTypeLike = "float64") -> Array:
        """Return targets, shape (rows, outputs), in which each class occurs."""
        if self.task.classes:
            numbers = class_numbers(rows, len(self.task.classes), dtype)
        else:
            numbers = stream(6, "batches").standard_normal((rows, self.task.columns)).astype(dtype)
        return self.loss.targets(numbers, self.task)

    def __str__(self) -> str:
        return f"{self.loss.name} with {self.outputs} output{'s' if self.outputs > 1 else ''}"


@cache
def cases() -> tuple[Case, ...]:
    """Return the built-in losses with one output and with three, where they are for so many."""
    losses = [built_in("loss", name)() for name in ("squared-tanh", "cross-entropy", "squared")]
    return tuple(case for loss in losses for case in cases_of(loss) if case.outputs != len(TASKS[0].classes))


def cases_of(loss: Loss) -> Iterator[Case]:
    """Yield a loss with each of the tasks that it is for."""
    for task in TASKS:
        if not loss.incompatibility(task):
            yield Case(loss, task)


def model_of(architecture: Any, dtype: str = "float64", inputs: int = INPUTS, case: Case | None = None) -> Any:
    """Return a model near its initial weights: at weights that are all 0 the gradient may rightly be 0."""
    case = case or cases()[0]
    layout = architecture.layout(inputs, case.outputs)
    model = architecture.bind(layout, case.loss, dtype)
    model.w[:] = architecture.initial(layout, stream(3, "init")) + 0.1 * start(layout, np.float64)
    return model


def model_and_batch(architecture: Any, dtype: str = "float64", case: Case | None = None) -> tuple[Any, Array, Array]:
    """Return a model, its inputs, shape (12, 9), and targets, shape (12, outputs)."""
    case = case or cases()[0]
    x, _ = batch(ROWS, INPUTS, dtype)
    return model_of(architecture, dtype, case=case), x, case.targets(ROWS, dtype)


def equal(before: list[Array], after: tuple[Array, ...]) -> bool:
    """Whether all arrays are what they were."""
    return all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
