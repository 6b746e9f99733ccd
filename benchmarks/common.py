"""What several benchmarks need: rows, a stand-in for a batch's objective, a small dataset on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from optbench.core.contracts import Change, ChangedObjective, Objective
from optbench.curation.importing import write
from optbench.data.loader import FrozenDataset
from optbench.data.rows import Row
from optbench.registry import Registry

BUILT_IN = Registry(autoload=False)
INPUTS = 2_049


def rows(n: int, inputs: int = INPUTS) -> tuple[np.ndarray, np.ndarray]:
    """Return x, (n, inputs), and labels, (n,), float32."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, inputs)).astype(np.float32) / np.float32(32)
    return x, np.where(rng.random(n) < 0.5, -1, 1).astype(np.float32)  # noqa: PLR2004  # a fair coin


def texts(n: int) -> list[str]:
    """Return sentences of ten words out of a thousand."""
    rng = np.random.default_rng(0)
    letters = np.array(list("abcçdefgğhıijklmnoöprsştuüvyz"))
    words = ["".join(rng.choice(letters, rng.integers(2, 10))) for _ in range(1_000)]
    return [" ".join(rng.choice(words, 10)) for _ in range(n)]


def dataset(folder: Path) -> FrozenDataset:
    """Write a dataset of a few rows."""
    splits = {
        name: [Row(f"{name} {i}?", f"{i}.", 1 - 2 * (i % 2)) for i in range(8)] for name in ("train", "validation", "test")
    }
    return write(folder, splits, {"name": "small"})


class Gradient:
    """An objective that gives the same gradient at every step: updates use theirs up."""

    loss = 1.0
    evaluations = rows = 0
    steps = 1_000

    def __init__(self, size: int) -> None:
        self.noise = np.random.default_rng(1)
        self._fresh = np.random.default_rng(0).normal(size=size).astype(np.float32)
        self._g = np.empty_like(self._fresh)

    def gradient(self, y: np.ndarray | None = None) -> np.ndarray:
        """Return a copy, in one reused buffer."""
        np.copyto(self._g, self._fresh)
        return self._g

    def outputs(self) -> np.ndarray:
        """Return outputs for methods that ask for some."""
        return np.zeros(32, np.float32)

    def after(self, change: Change) -> Objective:
        """Return this with a change."""
        return ChangedObjective(self, change)
