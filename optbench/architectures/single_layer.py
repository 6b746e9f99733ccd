"""A single layer: logistic regression's cousin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optbench.architectures.network import TanhNetwork


@dataclass(frozen=True, kw_only=True)
class SingleLayer(TanhNetwork):
    """One tanh unit on the inputs (n-1): o = tanh(x w)."""

    name: ClassVar[str] = "single-layer"

    def widths(self) -> tuple[int, ...]:
        """No hidden layer."""
        return ()
