"""The built-in optimizers and wrappers, and the hyper-parameters that they are tested with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from optbench import Optimizer, Wrapper
from optbench.core.hyperparameters import build
from optbench.registry import Registry

_REGISTRY = Registry(autoload=False)
BUILT_IN: Mapping[str, type[Optimizer]] = {m.name: m.cls for m in _REGISTRY.components("optimizer")}
WRAPPERS: Mapping[str, type[Wrapper]] = {m.name: m.cls for m in _REGISTRY.components("wrapper")}

_ADAM = (
    {"lr": 0.05, "weight_decay": 0.1},
    {"lr": 0.01, "beta1": 0.0, "beta2": 0.9},
    {"lr": 0.1, "beta1": 0.999, "beta2": 0.99999},
    {"lr": 0.02, "beta1": 0.5, "beta2": 0.0, "eps": 0.1, "weight_decay": 0.01},
    {"lr": 0.3, "beta1": 0.95, "beta2": 0.95, "eps": 1e-3},
)
_MOMENTUM = (
    {"lr": 0.02, "momentum": 0.99},
    {"lr": 0.5, "momentum": 0.0},
    {"lr": 0.05, "momentum": 0.5, "weight_decay": 0.1},
    {"lr": 0.001, "momentum": 0.9999, "weight_decay": 0.01},
    {"lr": 0.2, "momentum": 1e-13},
)
_DESCENT = ({"lr": 0.5}, {"lr": 1e-4}, {"lr": 0.1, "weight_decay": 0.1}, {"lr": 0.01, "weight_decay": 3.0}, {"lr": 1.5})
_LAYERS = (
    {"lr": 0.05, "weight_decay": 0.1},
    {"lr": 1.0, "weight_decay": 1e-3},
)

CHANGES: Mapping[str, tuple[dict[str, Any], ...]] = {
    # With beta1 = 0 the belief g - m is 0 and the step 1 / eps, which cannot be compared.
    "adabelief": ({"lr": 0.01, "beta1": 0.1, "beta2": 0.9}, *(params for params in _ADAM if params.get("beta1") != 0.0)),
    "adadelta": (
        {"lr": 10.0, "weight_decay": 0.1},
        {"lr": 3.0, "rho": 0.0},
        {"lr": 5.0, "rho": 0.9999},
        {"lr": 0.5, "rho": 0.5, "eps": 0.1},
        {"lr": 1.0, "rho": 0.99, "eps": 1e-12, "weight_decay": 0.01},
    ),
    "adafactor": (
        {"lr": 0.1, "weight_decay": 0.1},
        {"lr": 1.0, "decay": 0.1},
        {"lr": 0.05, "decay": 5.0},
        {"lr": 0.3, "eps": 10.0, "clip": 3.0},
        {"lr": 0.01, "clip": 1.5, "decay": 0.5, "weight_decay": 1.0},
    ),
    "adagrad": (
        {"lr": 0.5},
        {"lr": 0.1, "weight_decay": 0.1},
        {"lr": 0.1, "eps": 1.0},
        {"lr": 1e-3, "eps": 1e-3, "weight_decay": 1.0},
        {"lr": 2.0, "eps": 1e-16},
    ),
    "adam": _ADAM,
    "adamax": _ADAM,
    "adamw": (*_ADAM, {"lr": 0.02, "weight_decay": 0.0}),
    "adan": (
        {"lr": 0.05, "weight_decay": 0.1},
        {"lr": 0.01, "beta1": 0.0, "beta2": 0.0, "beta3": 0.9},
        {"lr": 0.1, "beta1": 0.999, "beta2": 0.9999, "beta3": 0.99999},
        {"lr": 0.02, "beta1": 0.5, "beta2": 0.99, "beta3": 0.0, "eps": 0.1},
        {"lr": 0.3, "beta1": 0.9, "beta2": 0.5, "beta3": 0.95, "eps": 1e-3, "weight_decay": 0.01},
    ),
    "amsgrad": _ADAM,
    "gd": _DESCENT,
    "lamb": (*_ADAM, *_LAYERS),
    "lars": (
        *_LAYERS,
        {"lr": 3.0, "momentum": 0.0},
        {"lr": 1.0, "momentum": 0.999, "trust": 0.01},
        {"lr": 10.0, "momentum": 0.5, "trust": 0.1, "weight_decay": 0.01},
    ),
    "lbfgs": (
        {"lr": 0.5},
        {"lr": 0.1, "history": 1},
        {"lr": 0.3, "history": 3},
        {"lr": 0.7, "history": 100},
        {"lr": 0.05, "history": 20},
    ),
    "momentum": _MOMENTUM,
    "nadam": (*_ADAM, {"lr": 0.02, "momentum_decay": 0.5}, {"lr": 0.02, "momentum_decay": 0.0}),
    "nesterov": _MOMENTUM,
    "radam": _ADAM,
    "rmsprop": (
        {"lr": 0.05, "weight_decay": 0.1},
        {"lr": 0.05, "alpha": 0.0, "eps": 0.01},
        {"lr": 0.1, "alpha": 0.99999},
        {"lr": 0.05, "centered": True},
        {"lr": 0.02, "alpha": 0.9, "eps": 1e-3, "centered": True, "weight_decay": 0.1},
    ),
    "rprop": (
        {"lr": 0.1},
        {"lr": 1e-4, "grow": 2.0},
        {"lr": 0.5, "shrink": 0.1, "grow": 1.05},
        {"lr": 0.05, "step_max": 0.1, "step_min": 0.01},
        {"lr": 1e-6, "shrink": 0.9, "grow": 1.5, "step_min": 1e-3},
    ),
    "sgd": _DESCENT,
    "signsgd": ({"lr": 0.1}, {"lr": 1e-5}, {"lr": 0.05, "weight_decay": 0.1}, {"lr": 0.3, "weight_decay": 1.0}, {"lr": 1.0}),
    "signum": (
        {"lr": 0.05, "weight_decay": 0.1},
        {"lr": 0.1, "momentum": 0.0},
        {"lr": 0.1, "momentum": 0.5},
        {"lr": 0.01, "momentum": 0.999},
        {"lr": 0.3, "momentum": 0.99, "weight_decay": 0.01},
    ),
}
"""At least five changes of the defaults for each optimizer, with weight decay and extreme averages among them."""


def configured() -> Iterator[tuple[str, Optimizer]]:
    """Yield each built-in optimizer with its defaults and with each of `CHANGES`, with a label for the test."""
    for name, cls in BUILT_IN.items():
        for params in ({}, *CHANGES[name]):
            yield f"{name}{list(params.items()) or ''}", build(cls, params)


CHAINS: tuple[tuple[str, tuple[tuple[str, dict[str, Any]], ...]], ...] = (
    ("sgd", (("clip", {"norm": 0.5}),)),
    ("adam", (("clip", {"value": 0.1}),)),
    ("lbfgs", (("clip", {"norm": 1.0, "value": 0.2}),)),
    ("rprop", (("clip", {"norm": 1.0}),)),
    ("momentum", (("constant", {"by": 0.5}),)),
    ("adam", (("cosine", {"warmup": 3, "floor": 0.1}),)),
    ("lbfgs", (("one-cycle", {}),)),
    ("rmsprop", (("step", {}),)),
    ("adan", (("warmup", {"steps": 5, "start": 0.1}),)),
    ("amsgrad", (("clip", {"norm": 1.0}), ("warmup", {"steps": 4}), ("step", {"gamma": 0.5}))),
)
"""Optimizers with wrappers around them, the innermost first; each wrapper at least once."""


def wrapped(name: str, *around: tuple[str, dict[str, Any]]) -> Optimizer:
    """Return a built-in optimizer, at a rate that changes weights visibly, with wrappers around it."""
    opt: Optimizer = build(BUILT_IN[name], {"lr": 0.05})
    for wrapper, params in around:
        opt = build(WRAPPERS[wrapper], params, inner=opt)
    return opt


SEARCHES = {"gd": "armijo", "lbfgs": "strong-wolfe"}
"""The optimizers that have a line search, and its name."""


def chained() -> Iterator[tuple[str, Optimizer]]:
    """Yield the optimizer of each of `CHAINS` and each of `SEARCHES`, with and without a wrapper, with a label for the test."""
    for name, around in CHAINS:
        yield "|".join([name, *(wrapper for wrapper, _ in around)]), wrapped(name, *around)
    for name, search in SEARCHES.items():
        opt = build(BUILT_IN[name], {"line_search": search})
        yield f"{name}[{search}]", opt
        yield f"{name}[{search}]|clip", build(WRAPPERS["clip"], {"norm": 0.5}, inner=opt)
