"""Every built-in optimizer against independent implementations: 60 steps in float64 on noisy least squares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import jax
import numpy as np
import optax
import pytest
import pytorch_optimizer
import torch
from methods import BUILT_IN, configured

from optbench import Array, Layout, Optimizer, Oracle, Vector
from optbench.core.oracles import oracles_of
from optbench.kit.problems import SMALL, LeastSquares, distance, oracle_trajectory, start, trajectory

pytestmark = pytest.mark.oracle

jax.config.update("jax_enable_x64", True)


@pytest.fixture(autouse=True)
def _double_precision() -> Iterator[None]:
    """Make float64 the default of torch: `NAdam` keeps the product of its momenta in that type, whatever the weights are."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


Run: TypeAlias = Callable[[LeastSquares, Layout], Array]
"""Runs another implementation on a problem and returns the weights after each step."""


def in_torch(cls: Callable[..., torch.optim.Optimizer], **params: Any) -> Run:
    def run(problem: LeastSquares, layout: Layout) -> Array:
        layers = [torch.tensor(layer, requires_grad=True) for layer in layout.views(problem.w).values()]
        method = cls(layers, **params)

        def step(at: LeastSquares, t: int) -> Vector:
            for layer, g in zip(layers, layout.views(at.gradient()).values(), strict=True):
                layer.grad = torch.tensor(g)
            method.step(lambda: torch.tensor(0.0))
            return np.concatenate([layer.detach().numpy().reshape(-1) for layer in layers])

        return oracle_trajectory(step, problem)

    return run


def in_optax(*transformations: optax.GradientTransformation) -> Run:
    def run(problem: LeastSquares, layout: Layout) -> Array:
        method = optax.chain(*transformations)
        layers: Any = {name: jax.numpy.array(layer) for name, layer in layout.views(problem.w).items()}
        state, update = method.init(layers), jax.jit(method.update)

        def step(at: LeastSquares, t: int) -> Vector:
            nonlocal layers, state
            gradients = {name: jax.numpy.array(layer) for name, layer in layout.views(at.gradient()).items()}
            updates, state = update(gradients, state, layers)
            layers = optax.apply_updates(layers, updates)
            return np.concatenate([np.asarray(layers[name]).reshape(-1) for name in layout.shapes])

        return oracle_trajectory(step, problem)

    return run


def _adam(o: Any) -> dict[str, Any]:
    return {"lr": o.lr, "betas": (o.beta1, o.beta2), "eps": o.eps, "weight_decay": o.weight_decay}


def _optax_adam(o: Any) -> dict[str, Any]:
    return {"learning_rate": o.lr, "b1": o.beta1, "b2": o.beta2, "eps": o.eps}


def _l2(o: Any) -> optax.GradientTransformation:
    return optax.add_decayed_weights(o.weight_decay)


def _decoupled(o: Any) -> optax.GradientTransformation:
    """Decay on top of an update that is already scaled by -lr."""
    return optax.add_decayed_weights(-o.lr * o.weight_decay)


def _torch_sgd(o: Any, **more: Any) -> Run:
    return in_torch(torch.optim.SGD, lr=o.lr, weight_decay=o.weight_decay, **more)


_BUILD: Mapping[tuple[str, str], Callable[[Any], Run]] = {
    ("adabelief", "pytorch_optimizer"): lambda o: in_torch(pytorch_optimizer.AdaBelief, **_adam(o)),
    ("adabelief", "optax"): lambda o: in_optax(optax.adabelief(**_optax_adam(o), eps_root=o.eps), _decoupled(o)),
    ("adadelta", "torch"): lambda o: in_torch(torch.optim.Adadelta, lr=o.lr, rho=o.rho, eps=o.eps, weight_decay=o.weight_decay),
    ("adadelta", "optax"): lambda o: in_optax(_l2(o), optax.adadelta(o.lr, o.rho, o.eps)),
    ("adafactor", "torch"): lambda o: in_torch(
        torch.optim.Adafactor, lr=o.lr, beta2_decay=-o.decay, eps=(None, o.eps), d=o.clip, weight_decay=o.weight_decay
    ),
    ("adagrad", "torch"): lambda o: in_torch(torch.optim.Adagrad, lr=o.lr, eps=o.eps, weight_decay=o.weight_decay),
    ("adam", "torch"): lambda o: in_torch(torch.optim.Adam, **_adam(o)),
    ("adam", "optax"): lambda o: in_optax(_l2(o), optax.adam(**_optax_adam(o))),
    ("adamax", "torch"): lambda o: in_torch(torch.optim.Adamax, **_adam(o)),
    ("adamax", "optax"): lambda o: in_optax(_l2(o), optax.adamax(**_optax_adam(o))),
    ("adamw", "torch"): lambda o: in_torch(torch.optim.AdamW, **_adam(o)),
    ("adamw", "optax"): lambda o: in_optax(optax.adamw(**_optax_adam(o), weight_decay=o.weight_decay)),
    ("adan", "pytorch_optimizer"): lambda o: in_torch(
        pytorch_optimizer.Adan, **_adam(o) | {"betas": (o.beta1, o.beta2, o.beta3)}
    ),
    ("amsgrad", "torch"): lambda o: in_torch(torch.optim.Adam, **_adam(o), amsgrad=True),
    ("gd", "torch"): _torch_sgd,
    ("gd", "optax"): lambda o: in_optax(_l2(o), optax.sgd(o.lr)),
    ("lamb", "optax"): lambda o: in_optax(optax.lamb(**_optax_adam(o), weight_decay=o.weight_decay)),
    ("lars", "optax"): lambda o: in_optax(optax.lars(o.lr, o.weight_decay, trust_coefficient=o.trust, momentum=o.momentum)),
    ("lbfgs", "torch"): lambda o: in_torch(
        # With a tolerance torch would stop before ours.
        torch.optim.LBFGS,
        lr=o.lr,
        max_iter=1,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        history_size=o.history,
    ),
    ("momentum", "torch"): lambda o: _torch_sgd(o, momentum=o.momentum),
    ("momentum", "optax"): lambda o: in_optax(_l2(o), optax.sgd(o.lr, o.momentum)),
    ("nadam", "torch"): lambda o: in_torch(torch.optim.NAdam, **_adam(o), momentum_decay=o.momentum_decay),
    ("nesterov", "torch"): lambda o: _torch_sgd(o, momentum=o.momentum, nesterov=o.momentum > 0.0),
    ("nesterov", "optax"): lambda o: in_optax(_l2(o), optax.sgd(o.lr, o.momentum, nesterov=True)),
    ("radam", "torch"): lambda o: in_torch(torch.optim.RAdam, **_adam(o)),
    ("rmsprop", "torch"): lambda o: in_torch(
        torch.optim.RMSprop, lr=o.lr, alpha=o.alpha, eps=o.eps, centered=o.centered, weight_decay=o.weight_decay
    ),
    ("rmsprop", "optax"): lambda o: in_optax(
        _l2(o), optax.rmsprop(o.lr, o.alpha, o.eps, centered=o.centered, eps_in_sqrt=False)
    ),
    ("rprop", "torch"): lambda o: in_torch(
        torch.optim.Rprop, lr=o.lr, etas=(o.shrink, o.grow), step_sizes=(o.step_min, o.step_max)
    ),
    ("sgd", "torch"): _torch_sgd,
    ("sgd", "optax"): lambda o: in_optax(_l2(o), optax.sgd(o.lr)),
    ("signsgd", "pytorch_optimizer"): lambda o: in_torch(
        pytorch_optimizer.SignSGD, lr=o.lr, momentum=0.0, weight_decay=o.weight_decay
    ),
    ("signsgd", "optax"): lambda o: in_optax(optax.sign_sgd(o.lr), _decoupled(o)),
    ("signum", "pytorch_optimizer"): lambda o: in_torch(
        pytorch_optimizer.SignSGD, lr=o.lr, momentum=o.momentum, weight_decay=o.weight_decay
    ),
    ("signum", "optax"): lambda o: in_optax(optax.signum(o.lr, o.momentum), _decoupled(o)),
}
"""By method and library, the oracle with the hyper-parameters of our optimizer."""

CASES = [
    pytest.param(opt, oracle, id=f"{label}-{oracle.library}")
    for label, opt in configured()
    for oracle in oracles_of(type(opt))
    if "line_search=" not in oracle.implementation  # test_line_search_oracle.py runs those
]


@pytest.mark.parametrize(("opt", "oracle"), CASES)
def test_weights_equal_the_oracles_after_each_step(opt: Optimizer, oracle: Oracle) -> None:
    problem = LeastSquares(start(SMALL))
    theirs = _BUILD[opt.name, oracle.library](opt)(problem, SMALL)
    assert distance(trajectory(opt, problem), theirs) <= oracle.tolerance


def test_each_oracle_that_is_declared_is_run() -> None:
    declared = {(name, oracle.library) for name, cls in BUILT_IN.items() for oracle in oracles_of(cls)}
    assert declared == set(_BUILD)


class Faint(LeastSquares):
    """Gradients so small that their mean square is below the machine epsilon."""

    def gradient(self, y: Vector | None = None) -> Vector:
        g = super().gradient(y)
        g *= 1e-9
        return g


@pytest.mark.parametrize("shape", [(6, 1), (1, 6), (6, 4)])
def test_adafactor_equals_torch_where_its_factors_are_bounded(shape: tuple[int, int]) -> None:
    opt, layout = BUILT_IN["adafactor"](lr=0.05), Layout({"layer": shape})
    problem = Faint(start(layout))
    theirs = _BUILD["adafactor", "torch"](opt)(problem, layout)
    assert distance(trajectory(opt, problem, layout), theirs) <= 1e-10
