"""The two-layer network of the original experiment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optbench import count
from optbench.architectures.network import TanhNetwork


@dataclass(frozen=True, kw_only=True)
class TwoLayerMLP(TanhNetwork):
    """One hidden layer of tanh units (n-64-k): z = tanh(x W1) W2; the loss adds the activation of its output.

    Rumelhart, Hinton & Williams 1986, Nature 323, 533-536, with tanh for their logistic units.
    """

    name: ClassVar[str] = "two-layer-mlp"
    hidden: int = count(64)

    def widths(self) -> tuple[int, ...]:
        """Return one hidden layer."""
        return (self.hidden,)
