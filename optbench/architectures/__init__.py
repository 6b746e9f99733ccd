"""The built-in architectures, registered through the same entry-point group as those of plugins."""

from __future__ import annotations

from optbench import Architecture, hookimpl
from optbench.architectures.recursive_mlp import RecursiveMLP
from optbench.architectures.single_layer import SingleLayer
from optbench.architectures.two_layer_mlp import TwoLayerMLP


@hookimpl
def optbench_architectures() -> list[type[Architecture]]:
    """Return the built-in architectures."""
    return [RecursiveMLP, SingleLayer, TwoLayerMLP]
