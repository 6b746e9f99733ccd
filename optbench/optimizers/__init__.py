"""The optimizers that come with optbench, registered through the same entry-point group as anyone's."""

from __future__ import annotations

from optbench import Optimizer, hookimpl
from optbench.optimizers.adagrad import AdaGrad
from optbench.optimizers.adam import Adam
from optbench.optimizers.gd import GD
from optbench.optimizers.rmsprop import RMSProp
from optbench.optimizers.sgd import SGD


@hookimpl
def optbench_optimizers() -> list[type[Optimizer]]:
    """Return the built-in optimizers."""
    return [AdaGrad, Adam, GD, RMSProp, SGD]
