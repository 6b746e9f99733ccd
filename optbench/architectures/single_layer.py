"""A single layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optbench.architectures.network import TanhNetwork


@dataclass(frozen=True, kw_only=True)
class SingleLayer(TanhNetwork):
    """A single layer (n-k): z = x W.

    Widrow & Hoff 1960, IRE WESCON Convention Record 4, 96-104; the loss adds the activation of its output.
    """

    name: ClassVar[str] = "single-layer"

    def widths(self) -> tuple[int, ...]:
        """Return no hidden layer."""
        return ()
