"""Words weighted by their rarity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from optbench import Embedder, Role, count, turkish_lower


@dataclass(frozen=True, kw_only=True)
class TfIdf(Embedder):
    """TF-IDF of the 1024 most frequent words of the training texts. Spaerck Jones 1972, Journal of Documentation 28(1), 11-21.

    scikit-learn's smoothed form, ln((1 + n) / (1 + df)) + 1, scaled to unit length. There are fewer columns if there are
    fewer words.
    """

    name: ClassVar[str] = "tfidf"
    features: int = count(1024)

    def fit(self, texts: Sequence[str]) -> Any:
        """Fit the vocabulary and the weights of its words to the training texts."""
        from sklearn.feature_extraction.text import TfidfVectorizer  # takes a second to import

        return TfidfVectorizer(max_features=self.features, preprocessor=turkish_lower, dtype=np.float32).fit(texts)

    def encode(self, texts: Sequence[str], role: Role, fitted: Any) -> npt.NDArray[np.float32]:
        """Return unit vectors, shape (len(texts), d), zero for a text without a known word; the role has no effect."""
        dense: npt.NDArray[np.float32] = fitted.transform(texts).toarray()
        return dense
