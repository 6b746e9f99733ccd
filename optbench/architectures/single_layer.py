"""A single layer: logistic regression's cousin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optbench.architectures.network import TanhNetwork


@dataclass(frozen=True, kw_only=True)
class SingleLayer(TanhNetwork):
    """One tanh unit on the inputs (n-1): o = tanh(x w).

    Widrow & Hoff 1960, IRE WESCON Convention Record 4, 96-104, with tanh for their linear unit.
    """

    name: ClassVar[str] = "single-layer"

    def widths(self) -> tuple[int, ...]:
        """No hidden layer."""
        return ()
