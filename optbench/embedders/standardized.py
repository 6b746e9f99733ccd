"""The numbers of a table, each column with mean 0 and variance 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from optbench import Array, Embedder


@dataclass(frozen=True, kw_only=True)
class Standardized(Embedder):
    """Each column of a table less its mean, over its standard deviation, both of the training rows.

    LeCun, Bottou, Orr & Mueller 1998, Efficient BackProp, section 4.3. A column that is constant there becomes 0.
    """

    name: ClassVar[str] = "standardized"
    takes: ClassVar[Literal["texts", "table"]] = "table"

    def fit_table(self, features: Array) -> tuple[Array, Array]:
        """Return the mean and the standard deviation of each column; infinity instead of a deviation of 0."""
        mean, deviation = features.mean(axis=0), features.std(axis=0)
        constant = features.min(axis=0) == features.max(axis=0)  # whose deviation may be a rounding error
        return mean, np.where(constant, np.inf, deviation)

    def encode_table(self, features: Array, fitted: Any) -> Array:
        """Return (x - mean) / deviation."""
        mean, deviation = fitted
        scaled: Array = (features - mean) / deviation
        return scaled
