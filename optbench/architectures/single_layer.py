"""A single layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optbench.architectures.network import TanhNetwork


@dataclass(frozen=True, kw_only=True)
class SingleLayer(TanhNetwork):
    """A single tanh unit (n-1): o = tanh(x w).

    Widrow & Hoff 1960, IRE WESCON Convention Record 4, 96-104, with tanh for their linear unit.
    """

    name: ClassVar[str] = "single-layer"

    def widths(self) -> tuple[int, ...]:
        """Return no hidden layer."""
        return ()
