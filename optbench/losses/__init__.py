"""The built-in losses, registered through the same entry-point group as those of plugins."""

from __future__ import annotations

from optbench import Loss, hookimpl
from optbench.losses.cross_entropy import CrossEntropy
from optbench.losses.squared import Squared
from optbench.losses.squared_tanh import SquaredTanh


@hookimpl
def optbench_losses() -> list[type[Loss]]:
    """Return the built-in losses."""
    return [CrossEntropy, Squared, SquaredTanh]
