"""Rows of words, of which the rare ones decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

import numpy as np

from optbench import GeneratedDataset, Split, TableRows, Task, data_stream
from optbench.datasets.drawing import ROWS, divided

_WORDS = 3000
_LENGTH = 100
_COMMON = 100
_PREFERRED = 0.64
_STREAM = 2


@dataclass(frozen=True, kw_only=True)
class SparseZipf(GeneratedDataset):
    """Bags of words: how often each of 3,000 words occurs in a text of 100 words; two classes of texts.

    Words have Zipf's frequencies: the r-th has one in proportion to 1 / r (Zipf 1935, The Psycho-Biology of Language).
    The 100 most frequent ones, 60 % of a text, say nothing about the class. The others are pairs of words, in the order of
    their frequencies: where a text has a word of a pair, it is the first with probability 0.64 in texts of one class, and
    the second in those of the other. A rare word therefore says as much as one that occurs thirty times as often, but
    almost all of its gradients are 0 (Duchi, Hazan & Singer 2011, JMLR 12, 2121-2159).
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
        """Return texts of alternating classes."""
        rng = data_stream(_STREAM)
        shares = np.array(list(accumulate(1.0 / rank for rank in range(1, _WORDS + 1))))
        words = np.searchsorted(shares, rng.random((ROWS, _LENGTH)) * shares[-1])
        targets = np.arange(ROWS) % 2
        preferred = np.where(rng.random((ROWS, _LENGTH)) < _PREFERRED, targets[:, None], 1 - targets[:, None])
        words = np.where(words < _COMMON, words, words - words % 2 + preferred)
        features = np.zeros((ROWS, _WORDS))
        for place in range(_LENGTH):
            features[np.arange(ROWS), words[:, place]] += 1.0
        return divided(features, targets.astype(np.float64))
