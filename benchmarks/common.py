"""What several benchmarks need: rows, a stand-in for a batch's objective, a small dataset on disk."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

INPUTS = 2_049
PAGE = 4_096


def found(*places: str) -> Any:
    """Return what the first of `places`, each a module and a name as in "optbench:axpy", has.

    Raises:
        NotImplementedError: none has it, as at a commit before it was written: asv skips the benchmark.
    """
    for place in places:
        module, name = place.split(":")
        with suppress(ImportError, AttributeError):
            return getattr(import_module(module), name)
    raise NotImplementedError(f"there is no {' or '.join(places)}")


def built_in(kind: str, name: str) -> Any:
    """Return the class of a method."""
    return found("optbench.registry:Registry")(autoload=False).find(kind, name).cls


def aligned(*shape: int) -> np.ndarray:
    """Return float32 numbers from a normal distribution that begin at a page: alignment is the same in all processes."""
    size = int(np.prod(shape))
    buffer = np.empty(4 * size + PAGE, np.uint8)
    first = -buffer.ctypes.data % PAGE
    numbers = buffer[first : first + 4 * size].view(np.float32).reshape(shape)
    numbers[...] = np.random.default_rng(size).normal(size=shape)
    return numbers


def initial(architecture: str) -> tuple[Any, Any]:
    """Return a network and its initial weights, float64."""
    network = built_in("architecture", architecture)()
    return network, network.initial(bound(network)[0].layout, np.random.default_rng(0))


def bound(network: Any) -> tuple[Any, Any]:
    """Return a float32 model with one tanh output, and its loss; None at a commit before losses were components."""
    try:
        loss = found("optbench.losses.squared_tanh:SquaredTanh")()
    except NotImplementedError:
        return network.bind(network.layout(INPUTS), "float32"), None
    return network.bind(network.layout(INPUTS, 1), loss, "float32"), loss


def rows(n: int, inputs: int = INPUTS) -> tuple[np.ndarray, np.ndarray]:
    """Return x, (n, inputs), and labels, (n,), float32."""
    x = aligned(n, inputs)
    x /= np.float32(32)
    return x, np.where(np.random.default_rng(0).random(n) < 0.5, -1, 1).astype(np.float32)  # noqa: PLR2004  # a fair coin


def dataset(folder: Path) -> Any:
    """Write a dataset of a few rows."""
    row = found("optbench.data.rows:Row")
    splits = {
        name: [row(f"{name} {i}?", f"{i}.", 1 - 2 * (i % 2)) for i in range(8)] for name in ("train", "validation", "test")
    }
    return found("optbench.curation.importing:write", "optbench.data.importer:write")(folder, splits, {"name": "small"})


class Gradient:
    """An objective that gives the same gradient at every step: updates use theirs up."""

    loss = 1.0
    evaluations = rows = 0
    steps = 1_000

    def __init__(self, size: int) -> None:
        self.noise = np.random.default_rng(1)
        self._fresh = aligned(size)
        self._g = aligned(size)

    def gradient(self, y: np.ndarray | None = None) -> np.ndarray:
        """Return a copy, in one reused buffer."""
        np.copyto(self._g, self._fresh)
        return self._g

    def outputs(self) -> np.ndarray:
        """Return outputs for methods that ask for some."""
        return np.zeros((32, 1), np.float32)

    def after(self, change: Any) -> Any:
        """Return this with a change."""
        places = "optbench.core.contracts:ChangedObjective", "optbench.training.loop:Changed", "optbench.train:Changed"
        return found(*places)(self, change)
