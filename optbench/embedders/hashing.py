"""Hashed character n-grams, which need neither fitting nor a download."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from optbench import Embedder, Role, count, turkish_lower


@dataclass(frozen=True, kw_only=True)
class Hashing(Embedder):
    """Character n-grams within words, hashed with signs to 1024 features and scaled to unit length.

    Weinberger et al. 2009, arXiv:0902.2206, with scikit-learn's MurmurHash3. Question, answer and bias make 2049 inputs.
    """

    name: ClassVar[str] = "hashing"
    features: int = count(1024)
    shortest: int = count(2)
    longest: int = count(4)

    def encode(self, texts: Sequence[str], role: Role, fitted: Any) -> npt.NDArray[np.float32]:
        """Return unit vectors, shape (len(texts), features); the role has no effect."""
        from sklearn.feature_extraction.text import HashingVectorizer  # takes a second to import

        vectorizer = HashingVectorizer(
            analyzer="char_wb",
            ngram_range=(self.shortest, self.longest),
            n_features=self.features,
            preprocessor=turkish_lower,
            dtype=np.float32,
        )
        dense: npt.NDArray[np.float32] = vectorizer.transform(texts).toarray()
        return dense
