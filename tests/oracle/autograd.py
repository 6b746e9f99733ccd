"""The networks and losses of optbench written in torch, as textbooks write them, and the cases in which both are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from optbench import Architecture, Array, Layout, Loss, Model, Task, Vector
from optbench.core.hyperparameters import build
from optbench.core.seeding import stream
from optbench.registry import Registry

_REGISTRY = Registry(autoload=False)
INPUTS = 23
ROWS = (1, 2, 7, 32)


def task_of(outputs: int, *, classes: bool) -> Task:
    """Return a task of so many classes, or of so many numbers."""
    return Task(tuple(map(str, range(outputs)))) if classes else Task(columns=outputs)


TASKS: dict[str, tuple[Task, ...]] = {
    "cross-entropy": (task_of(2, classes=True), task_of(10, classes=True)),
    "squared": (task_of(1, classes=False), task_of(64, classes=False)),
    "squared-tanh": (task_of(2, classes=True),),
}
ARCHITECTURES: dict[str, tuple[dict[str, Any], ...]] = {
    "single-layer": ({},),
    "two-layer-mlp": ({}, {"hidden": 3}),
    "recursive-mlp": ({}, {"hidden": (7, 6, 5, 4, 3)}),
}


def _half_mean_square(h: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return ((h - y) ** 2).sum(dim=1).mean() / 2


LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "cross-entropy": lambda z, y: torch.nn.functional.cross_entropy(z, y.argmax(dim=1)),
    "squared": _half_mean_square,
    "squared-tanh": lambda z, y: _half_mean_square(torch.tanh(z), y),
}
OUTPUTS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "cross-entropy": lambda z: torch.softmax(z, dim=1),
    "squared": lambda z: z,
    "squared-tanh": torch.tanh,
}


@dataclass(frozen=True)
class Case:
    """An architecture and a loss for a task."""

    architecture: Architecture
    loss: Loss
    task: Task

    @property
    def layout(self) -> Layout:
        """The layers for `INPUTS` inputs."""
        return self.architecture.layout(INPUTS, self.loss.outputs(self.task))

    def __str__(self) -> str:
        sizes = "-".join(str(shape[1]) for shape in self.layout.shapes.values())
        return f"{self.architecture.name}-{sizes}-{self.loss.name}"


def cases() -> Iterator[Case]:
    """Yield every built-in architecture with every built-in loss, each for all of its tasks."""
    for architecture in _REGISTRY.components("architecture"):
        for params in ARCHITECTURES[architecture.name]:
            for loss in _REGISTRY.components("loss"):
                for task in TASKS[loss.name]:
                    yield Case(build(architecture.cls, params), build(loss.cls, {}), task)


def targets(loss: Loss, task: Task, rows: int, rng: np.random.Generator) -> Array:
    """Return targets of random classes or numbers."""
    y = rng.integers(len(task.classes), size=(rows, 1)) if task.classes else rng.standard_normal((rows, task.columns))
    return loss.targets(y.astype(np.float64), task)


def problem(case: Case, rows: int) -> tuple[Model, Array, Array]:
    """Return a model at its initial weights, inputs and targets."""
    rng = np.random.default_rng(rows)
    model = case.architecture.bind(case.layout, case.loss, "float64")
    model.w[:] = case.architecture.initial(case.layout, stream(rows, "init"))
    return model, rng.standard_normal((rows, INPUTS)), targets(case.loss, case.task, rows, rng)


def layers(model: Model) -> list[torch.Tensor]:
    """Return the weights as tensors, one per layer."""
    return [torch.tensor(view, requires_grad=True) for view in model.layout.views(model.w).values()]


def forward(weights: list[torch.Tensor], x: Array) -> torch.Tensor:
    """Return z: hidden tanh layers and a linear last one."""
    h = torch.tensor(x)
    for weight in weights[:-1]:
        h = torch.tanh(h @ weight)
    return h @ weights[-1]


def flat(tensors: Any) -> Vector:
    """Return the elements of tensors in one vector."""
    return np.concatenate([tensor.detach().numpy().ravel() for tensor in tensors])
