"""Two classes with wrong labels among the training rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import GeneratedDataset, Split, TableRows, Task, between, data_stream
from optbench.datasets.drawing import ROWS, SIZES, divided, linear, normals, order, tanh

_FEATURES = 20
_UNITS = 6
_GAIN = 2.0
_STREAM = 4


@dataclass(frozen=True, kw_only=True)
class LabelNoise(GeneratedDataset):
    """20 features and two classes, the sign of a fixed random network's output; 20 % of the training labels are wrong.

    Angluin & Laird 1988, Machine Learning 2, 343-370. `share` is the share of the training rows whose label is changed
    to the other class. Validation and test labels are all right, so that learning wrong labels by heart costs.
    """

    name: ClassVar[str] = "label-noise"
    title: ClassVar[str] = "Signs of a random network's output, partly wrong among the training rows, right in the others"
    licence: ClassVar[str] = "CC-BY-4.0"
    citation: ClassVar[str] = "Angluin & Laird 1988, Machine Learning 2, 343-370"
    difficulty: ClassVar[str] = (
        "Noise: the gradients of wrong labels are the largest, and a low training loss is a high validation loss."
    )
    share: float = between(0.2, 0.0, 0.5)

    @property
    def task(self) -> Task:
        """Two classes."""
        return Task(("negative", "positive"))

    def generate(self) -> Mapping[Split, TableRows]:
        """Return rows with the sign of a network's output, changed for a share of the training rows."""
        rng = data_stream(_STREAM)
        features = normals(rng, ROWS, _FEATURES)
        hidden = tanh(linear(features, normals(rng, _FEATURES, _UNITS) * (_GAIN / math.sqrt(_FEATURES))))
        targets = np.where(linear(hidden, normals(rng, _UNITS, 1))[:, 0] > 0.0, 1.0, 0.0)
        wrong = order(rng, SIZES["train"])[: round(self.share * SIZES["train"])]
        targets[wrong] = 1.0 - targets[wrong]
        return divided(features, targets)
