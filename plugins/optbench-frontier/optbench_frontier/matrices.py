"""Layers as matrices."""

from __future__ import annotations

from optbench import Array


def as_matrix(layer: Array) -> Array:
    """Return the layer as a view of two dimensions; a vector is one column."""
    return layer.reshape(len(layer), -1)
