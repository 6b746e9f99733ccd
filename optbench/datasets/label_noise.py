"""Two classes with wrong labels among the training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import GeneratedDataset, Split, TableRows, Task, between, data_stream
from optbench.datasets.drawing import ROWS, SIZES, divided, normals, order

_FEATURES = 10
_STREAM = 4


@dataclass(frozen=True, kw_only=True)
class LabelNoise(GeneratedDataset):
    """10 features and two classes, the sign of x1 x2 + x3 x4; 20 % of the training labels are wrong.

    Angluin & Laird 1988, Machine Learning 2, 343-370. `share` is the share of the training rows whose label is changed
    to the other class. Validation and test labels are all right, so that learning wrong labels by heart costs. A linear
    model learns nothing here.
    """

    name: ClassVar[str] = "label-noise"
    title: ClassVar[str] = "Signs of a sum of products, partly wrong among the training rows, right in the others"
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
        """Return rows with the sign of the sum, changed for a share of the training rows."""
        rng = data_stream(_STREAM)
        features = normals(rng, ROWS, _FEATURES)
        total = features[:, 0] * features[:, 1] + features[:, 2] * features[:, 3]
        targets = np.where(total > 0.0, 1.0, 0.0)
        wrong = order(rng, SIZES["train"])[: round(self.share * SIZES["train"])]
        targets[wrong] = 1.0 - targets[wrong]
        return divided(features, targets)
