"""Two classes, one of them rare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import GeneratedDataset, Split, TableRows, Task, data_stream
from optbench.datasets.drawing import ROWS, divided, normals

_FEATURES = 20
_CLUSTERS = 4
_SPREAD = 0.6
_EVERY = 20
_STREAM = 3


@dataclass(frozen=True, kw_only=True)
class Imbalanced(GeneratedDataset):
    """20 features and two classes, of which the positive one has 5 % of the rows of each split.

    Negative rows are spread around 0 with variance 1 in each feature; positive ones lie in four narrower clusters, whose
    centres are drawn from the same distribution. Networks are scored by the balanced accuracy (Brodersen et al. 2010,
    ICPR, 3121-3124), as always predicting "negative" is 95 % accurate.
    """

    name: ClassVar[str] = "imbalanced"
    title: ClassVar[str] = "Four small clusters of positive rows, 5 % of all"
    licence: ClassVar[str] = "CC-BY-4.0"
    citation: ClassVar[str] = "He & Garcia 2009, IEEE Transactions on Knowledge and Data Engineering 21, 1263-1284"
    difficulty: ClassVar[str] = (
        "Imbalance: most batches of 32 have one or two positive rows, and predicting the share of the classes is a plateau."
    )
    loss: ClassVar[str] = "cross-entropy[report=balanced-accuracy]"

    @property
    def task(self) -> Task:
        """Two classes."""
        return Task(("negative", "positive"))

    def generate(self) -> Mapping[Split, TableRows]:
        """Return rows of which every twentieth is positive."""
        rng = data_stream(_STREAM)
        features = normals(rng, ROWS, _FEATURES)
        centres = normals(rng, _CLUSTERS, _FEATURES)
        positive = np.arange(0, ROWS, _EVERY)
        features[positive] = features[positive] * _SPREAD + centres[np.arange(len(positive)) % _CLUSTERS]
        targets = np.zeros(ROWS)
        targets[positive] = 1.0
        return divided(features, targets)
