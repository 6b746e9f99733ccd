"""Two intertwined spirals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import GeneratedDataset, Split, TableRows, Task, between, data_stream
from optbench.datasets.drawing import ROWS, divided, normals, sine

_NOISE = 0.03
_STREAM = 5


@dataclass(frozen=True, kw_only=True)
class Spirals(GeneratedDataset):
    """Points of the plane on two spirals around 0, one class each, where one is the other turned by half a turn.

    Lang & Witbrock 1988, Proceedings of the 1988 Connectionist Models Summer School, 52-59. `turns` is the number of
    turns from the inner end, at radius 0.2, to the outer one, at 1.2; points are shifted by normal noise of 0.03.
    """

    name: ClassVar[str] = "spirals"
    title: ClassVar[str] = "Two intertwined spirals in the plane"
    licence: ClassVar[str] = "CC-BY-4.0"
    citation: ClassVar[str] = "Lang & Witbrock 1988, Proceedings of the 1988 Connectionist Models Summer School, 52-59"
    difficulty: ClassVar[str] = (
        "Non-convexity: the boundary is bent far more than that of small weights, at which a network is almost linear."
    )
    turns: float = between(2.0, 0.25, 3.0)

    @property
    def task(self) -> Task:
        """Two classes."""
        return Task(("first", "second"))

    def generate(self) -> Mapping[Split, TableRows]:
        """Return points with the spiral on which they lie, in turn."""
        rng = data_stream(_STREAM)
        targets = np.arange(ROWS) % 2.0
        along = rng.random(ROWS)
        angle = along * (2.0 * math.pi * self.turns)
        radius = (0.2 + along) * (1.0 - 2.0 * targets)
        features = np.column_stack((sine(angle + 0.5 * math.pi) * radius, sine(angle) * radius))
        return divided(features + normals(rng, ROWS, 2) * _NOISE, targets)
