"""The built-in optimizers, registered through the same entry-point group as those of plugins."""

from __future__ import annotations

from optbench import Optimizer, hookimpl
from optbench.optimizers.adabelief import AdaBelief
from optbench.optimizers.adadelta import AdaDelta
from optbench.optimizers.adafactor import Adafactor
from optbench.optimizers.adagrad import AdaGrad
from optbench.optimizers.adam import Adam
from optbench.optimizers.adamax import AdaMax
from optbench.optimizers.adamw import AdamW
from optbench.optimizers.adan import Adan
from optbench.optimizers.amsgrad import AMSGrad
from optbench.optimizers.gd import GD
from optbench.optimizers.lamb import LAMB
from optbench.optimizers.lars import LARS
from optbench.optimizers.lbfgs import LBFGS
from optbench.optimizers.momentum import Momentum
from optbench.optimizers.nadam import NAdam
from optbench.optimizers.nesterov import Nesterov
from optbench.optimizers.radam import RAdam
from optbench.optimizers.rmsprop import RMSProp
from optbench.optimizers.rprop import Rprop
from optbench.optimizers.sgd import SGD
from optbench.optimizers.signsgd import SignSGD
from optbench.optimizers.signum import Signum


@hookimpl
def optbench_optimizers() -> list[type[Optimizer]]:
    """Return the built-in optimizers."""
    return [
        AdaBelief,
        AdaDelta,
        Adafactor,
        AdaGrad,
        Adam,
        AdaMax,
        AdamW,
        Adan,
        AMSGrad,
        GD,
        LAMB,
        LARS,
        LBFGS,
        Momentum,
        NAdam,
        Nesterov,
        RAdam,
        RMSProp,
        Rprop,
        SGD,
        SignSGD,
        Signum,
    ]
