"""Rows of words, of which the rare ones decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

import numpy as np

from optbench import GeneratedDataset, Split, TableRows, Task, data_stream
from optbench.datasets.drawing import ROWS, divided, linear, normals

_WORDS = 3000
_LENGTH = 60
_COMMON = 60
_STREAM = 2


@dataclass(frozen=True, kw_only=True)
class SparseZipf(GeneratedDataset):
    """Bags of words: 3,000 features of 0 and 1 that say which words occur in a text of 60 words, and two classes.

    Words have Zipf's frequencies: the r-th has one in proportion to 1 / r (Zipf 1935, The Psycho-Biology of Language).
    The 60 most frequent ones, a bit more than half of a text, say nothing about the class; every other word has a
    weight, and the class is the sign of the sum of the weights. A rare word therefore says as much as one that occurs
    fifty times as often, and has a gradient that is almost always 0 (Duchi, Hazan & Singer 2011, JMLR 12, 2121-2159).
    """

    name: ClassVar[str] = "sparse-zipf"
    title: ClassVar[str] = "Bags of words with Zipf's frequencies, whose rare words decide"
    licence: ClassVar[str] = "CC-BY-4.0"
    citation: ClassVar[str] = "Duchi, Hazan & Singer 2011, Journal of Machine Learning Research 12, 2121-2159"
    difficulty: ClassVar[str] = (
        "Sparsity: the features that decide are almost always 0, and a rate that suits them is too high for the frequent ones."
    )

    @property
    def task(self) -> Task:
        """Two classes."""
        return Task(("negative", "positive"))

    def generate(self) -> Mapping[Split, TableRows]:
        """Return texts with the sign of the sum of their words' weights."""
        rng = data_stream(_STREAM)
        shares = np.array(list(accumulate(1.0 / rank for rank in range(1, _WORDS + 1))))
        words = np.searchsorted(shares, rng.random((ROWS, _LENGTH)) * shares[-1])
        features = np.zeros((ROWS, _WORDS))
        features[np.arange(ROWS)[:, None], words] = 1.0
        weights = normals(rng, _WORDS, 1)
        weights[:_COMMON] = 0.0
        return divided(features, np.where(linear(features, weights) > 0.0, 1.0, 0.0))
