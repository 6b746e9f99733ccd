"""The parity of a few bits among others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import GeneratedDataset, Split, TableRows, Task, between, data_stream
from optbench.datasets.drawing import ROWS, divided, signs

_FEATURES = 20
_STREAM = 6


@dataclass(frozen=True, kw_only=True)
class XorParity(GeneratedDataset):
    """20 bits of -1 and +1; the class is whether the product of the first `bits` of them is -1 or +1.

    Minsky & Papert 1969, Perceptrons, chapter 3. The other bits are drawn independently of the class. No smaller set of
    bits says anything about the class, so that all correlations of single inputs with it are 0 but for chance.
    """

    name: ClassVar[str] = "xor-parity"
    title: ClassVar[str] = "The parity of a few bits among 20"
    licence: ClassVar[str] = "CC-BY-4.0"
    citation: ClassVar[str] = "Minsky & Papert 1969, Perceptrons, MIT Press, chapter 3"
    difficulty: ClassVar[str] = (
        "A plateau: no single input is related to the class, so that the first gradients have almost no direction."
    )
    bits: int = between(4, 2, _FEATURES)

    @property
    def task(self) -> Task:
        """Two classes."""
        return Task(("odd", "even"))

    def generate(self) -> Mapping[Split, TableRows]:
        """Return different rows of bits with their parity."""
        rng = data_stream(_STREAM)
        drawn = dict.fromkeys(map(tuple, signs(rng, 2 * ROWS, _FEATURES).tolist()))
        features = np.array(list(drawn)[:ROWS])
        return divided(features, (1.0 + features[:, : self.bits].prod(axis=1)) / 2.0)
