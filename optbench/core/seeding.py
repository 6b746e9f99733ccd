"""The only source of randomness: one independent stream for each seed and purpose."""

from __future__ import annotations

from typing import Literal

import numpy as np

Purpose = Literal["init", "batches", "noise", "sketch", "bootstrap", "tune", "data", "twin"]

# Spawn keys are integers. Stored runs depend on them, so a number is never changed or reused.
_PURPOSES: dict[Purpose, int] = {
    "init": 0,
    "batches": 1,
    "noise": 2,
    "sketch": 3,
    "bootstrap": 4,
    "tune": 5,
    "data": 6,
    "twin": 7,
}

TUNING = 1_000_000
"""The first seed of tuning; each study has a thousand."""
TARGETS = 2_000_000
"""The first seed of targets."""
RESERVED = range(TUNING, 3_000_000)
"""Seeds that are not for evaluation: what was chosen with them would be compared on the runs that chose it."""


def stream(seed: int, purpose: Purpose) -> np.random.Generator:
    """Return the generator of `purpose` under `seed`.

    Streams of different purposes are independent, and so are those of different seeds. `init` and `batches` are the same for
    every optimizer (common random numbers), so comparisons are paired. `default_rng([seed, purpose])` is not an alternative,
    because `default_rng([3, 0])` equals `default_rng(3)`.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(_PURPOSES[purpose],))
    return np.random.Generator(np.random.PCG64(sequence))


def data_stream(seed: int) -> np.random.Generator:
    """Return the generator for the rows of a generated dataset, which has a fixed `seed` of its own."""
    return stream(seed, "data")
