"""The model on which rules of architectures are checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from optbench.core.numerics import Array, Vector
from optbench.core.seeding import stream
from optbench.kit.problems import batch, start

INPUTS, ROWS = 9, 12


def model_of(architecture: Any, dtype: str = "float64", inputs: int = INPUTS) -> Any:
    """Return a model near its initial weights: at weights that are all 0 the gradient may rightly be 0."""
    layout = architecture.layout(inputs)
    model = architecture.bind(layout, dtype)
    model.w[:] = architecture.initial(layout, stream(3, "init")) + 0.1 * start(layout, np.float64)
    return model


def model_and_batch(architecture: Any, dtype: str = "float64") -> tuple[Any, Array, Vector]:
    """Return a model, its inputs, shape (12, 9), and labels, shape (12,)."""
    return model_of(architecture, dtype), *batch(ROWS, INPUTS, dtype)


def equal(before: list[Array], after: tuple[Array, ...]) -> bool:
    """Whether all arrays are what they were."""
    return all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
