"""Layers as matrices."""

from __future__ import annotations

from optbench import Array


def as_matrix(layer: Array) -> Array:
    """Return a view of the layer with two dimensions; a vector becomes one column."""
    return layer.reshape(len(layer), -1)
