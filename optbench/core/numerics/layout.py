"""Array types, and the layout of a network's layers in its one weight vector."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating[Any]]
"""An array of float32 or float64."""
Vector: TypeAlias = Array
"""An array of shape (P,): all weights of a network, or a quantity of the same shape."""


class Operator(Protocol):
    """A matrix of which only products are needed: an array, a sparse matrix, or one with repeated rows."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""

    def __matmul__(self, other: Array, /) -> Array:
        """Return the product with an array of two dimensions."""


@dataclass(frozen=True)
class Layout:
    """The names and shapes of a network's layers, in their order in its weight vector, without gaps."""

    shapes: Mapping[str, tuple[int, ...]]

    @cached_property
    def size(self) -> int:
        """P, the number of weights."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def views(self, w: Vector) -> dict[str, Array]:
        """Return each layer of `w`, shape (P,), as a view in its own shape."""
        views, start = {}, 0
        for name, shape in self.shapes.items():
            stop = start + math.prod(shape)
            views[name] = w[start:stop].reshape(shape)
            start = stop
        return views
