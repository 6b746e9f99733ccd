"""Other people's implementations that the built-in optimizers are held against, as data for the tests and each method's page.

`tests/oracle` runs both for 60 steps in float64 and compares the weights after each, relative to the largest of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Oracle:
    """Another implementation of a method, and how closely ours follows it."""

    implementation: str
    """Its import path: the first part is the library."""
    tolerance: float = 1e-10
    reason: str = ""
    """Why the tolerance is looser than 1e-10, where it is."""


ORACLES: Mapping[str, tuple[Oracle, ...]] = {
    "adabelief": (Oracle("pytorch_optimizer.AdaBelief"), Oracle("optax.adabelief")),
    "adadelta": (Oracle("torch.optim.Adadelta"), Oracle("optax.adadelta")),
    "adafactor": (Oracle("torch.optim.Adafactor"),),
    "adagrad": (Oracle("torch.optim.Adagrad"),),
    "adam": (Oracle("torch.optim.Adam"), Oracle("optax.adam")),
    "adamax": (Oracle("torch.optim.Adamax"), Oracle("optax.adamax")),
    "adamw": (Oracle("torch.optim.AdamW"), Oracle("optax.adamw")),
    "adan": (Oracle("pytorch_optimizer.Adan"),),
    "amsgrad": (Oracle("torch.optim.Adam(amsgrad=True)"),),
    "gd": (Oracle("torch.optim.SGD"), Oracle("optax.sgd")),
    "lamb": (Oracle("optax.lamb"),),
    "lars": (Oracle("optax.lars"),),
    "lbfgs": (
        Oracle(
            "torch.optim.LBFGS(max_iter=1)",
            tolerance=1e-8,
            reason="noisy gradients make it multiply rounding: torch, started one last bit off, ends 6e-10 from itself",
        ),
    ),
    "momentum": (Oracle("torch.optim.SGD"), Oracle("optax.sgd")),
    "nadam": (Oracle("torch.optim.NAdam"),),
    "nesterov": (Oracle("torch.optim.SGD(nesterov=True)"), Oracle("optax.sgd(nesterov=True)")),
    "radam": (Oracle("torch.optim.RAdam"),),
    "rmsprop": (Oracle("torch.optim.RMSprop"), Oracle("optax.rmsprop(eps_in_sqrt=False)")),
    "rprop": (Oracle("torch.optim.Rprop"),),
    "sgd": (Oracle("torch.optim.SGD"), Oracle("optax.sgd")),
    "signsgd": (Oracle("pytorch_optimizer.SignSGD(momentum=0)"), Oracle("optax.sign_sgd")),
    "signum": (Oracle("pytorch_optimizer.SignSGD"), Oracle("optax.signum")),
}
"""The oracles of each method; the first is the one whose form we take."""
