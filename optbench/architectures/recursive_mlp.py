"""A network of any depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optbench import count
from optbench.architectures.network import TanhNetwork


@dataclass(frozen=True, kw_only=True)
class RecursiveMLP(TanhNetwork):
    """Any number of hidden tanh layers (n-128-64-32-k by default), forward and backward by recursion.

    Rumelhart, Hinton & Williams 1986, Nature 323, 533-536, with tanh for their logistic units.
    """

    name: ClassVar[str] = "recursive-mlp"
    hidden: tuple[int, ...] = count((128, 64, 32))

    def widths(self) -> tuple[int, ...]:
        """Return `hidden`."""
        return self.hidden
