"""Every optimizer of this distribution against an independent implementation: 60 steps in float64, to 1e-10.

Each takes gradients at its own weights, so that an error would grow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from optbench_frontier import (
    SOAP,
    DAdaptAdam,
    Muon,
    Prodigy,
    ScheduleFreeAdamW,
    ScheduleFreeSGD,
    Shampoo,
    SophiaG,
    SophiaH,
)
from optbench_frontier.sophia import Sophia

from optbench import Layout, Optimizer
from optbench.kit.problems import ROWS, STEPS, LeastSquares, distance, oracle_trajectory, start

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("default")]  # other libraries may warn

Layers = dict[str, np.ndarray]
Step = Callable[[Layers, LeastSquares, int], Layers]
LAYOUT = Layout({"wide": (6, 4), "square": (5, 5), "vector": (7,)})  # libraries differ in what they do with a single column
TOLERANCE = 1e-10
DECAY = {"weight_decay": 0.1}
WARM_UP = 20


def path(opt: Optimizer, factors: Sequence[float] = (1.0,) * STEPS) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights after each step, with rates times the step's factor, and the evaluated ones after the last."""
    w = start(LAYOUT)
    at, s, rows = LeastSquares(w), opt.init(w, LAYOUT), []
    for t, factor in enumerate(factors, start=1):
        (opt if factor == 1.0 else opt.scaled(factor)).step(w, s, t, at.take(t))
        rows.append(w.copy())
    return np.array(rows), opt.eval_weights(w, s).copy()


def oracle_path(make: Callable[[Layers], Step]) -> np.ndarray:
    """Return the weights of another implementation after each step: `make` gets the initial layers and returns its step."""
    problem = LeastSquares(start(LAYOUT))
    step = make({name: layer.copy() for name, layer in LAYOUT.views(problem.w).items()})

    def flat(at: LeastSquares, t: int) -> np.ndarray:
        gradients = {name: layer.copy() for name, layer in LAYOUT.views(at.gradient()).items()}
        layers = step(gradients, at, t)
        return np.concatenate([layers[name].ravel() for name in LAYOUT.shapes])  # jax sorts the keys of dictionaries

    return oracle_trajectory(flat, problem)


def agree(actual: np.ndarray, expected: np.ndarray) -> None:
    assert np.abs(expected[-1] - expected[0]).max() > 1e-3  # the weights changed
    assert distance(actual, expected) <= TOLERANCE


@pytest.fixture
def torch() -> Any:
    """Torch with float64 as its default: D-Adapt Adam of pytorch_optimizer keeps d in that type."""
    module = pytest.importorskip("torch")
    before = module.get_default_dtype()
    module.set_default_dtype(module.float64)
    yield module
    module.set_default_dtype(before)


@pytest.fixture
def optax() -> Any:
    pytest.importorskip("jax").config.update("jax_enable_x64", True)
    return pytest.importorskip("optax")


def torch_path(torch: Any, cls: Any, before_step: Callable[[Any, int], None] = lambda optimizer, t: None, **params: Any) -> Any:
    """Return the path of a torch optimizer, and the optimizer with its parameters."""
    made: list[Any] = []

    def make(layers: Layers) -> Step:
        tensors = {name: torch.nn.Parameter(torch.tensor(layer)) for name, layer in layers.items()}
        optimizer = cls(list(tensors.values()), **params)
        if hasattr(optimizer, "train"):
            optimizer.train()
        made[:] = [optimizer, tensors]

        def step(gradients: Layers, at: LeastSquares, t: int) -> Layers:
            for name, tensor in tensors.items():
                tensor.grad = torch.tensor(gradients[name])
            before_step(optimizer, t)
            optimizer.step()
            return {name: tensor.detach().numpy().copy() for name, tensor in tensors.items()}

        return step

    return oracle_path(make), *made


def optax_path(
    optax: Any, transform: Any, extra: Callable[[LeastSquares, int], dict[str, Any]] = lambda at, t: {}
) -> np.ndarray:
    def make(layers: Layers) -> Step:
        state, update = transform.init(layers), pytest.importorskip("jax").jit(transform.update)

        def step(gradients: Layers, at: LeastSquares, t: int) -> Layers:
            nonlocal state, layers
            updates, state = update(gradients, state, layers, **extra(at, t))
            layers = {name: np.asarray(layer) for name, layer in optax.apply_updates(layers, updates).items()}
            return layers

        return step

    return oracle_path(make)


# At lr = 0.5 and 8 rounds the path is chaotic: that of optax, started 1e-15 away, ends 1e-2 away.
MUON = [
    {},
    DECAY,
    {"beta": 0.0, "adam_beta1": 0.0, "adam_beta2": 0.5},
    {"beta": 0.999, "adam_beta1": 0.99, "adam_beta2": 0.9999, "lr": 0.1},
    {"rounds": 1, "eps": 1e-3, "adam_lr": 0.1, "weight_decay": 0.5},
    {"rounds": 8, "lr": 0.02},
]


@pytest.mark.parametrize("params", MUON, ids=str)
def test_muon_equals_optax(optax, params):
    opt = Muon(**params)
    muon = optax.contrib.muon(opt.lr, beta=opt.beta, ns_steps=opt.rounds, weight_decay=opt.weight_decay, eps=opt.eps)
    # optax.contrib.muon would use Adam with Nesterov momentum for vectors, Jordan's code uses AdamW.
    adamw = optax.adamw(opt.adam_lr, opt.adam_beta1, opt.adam_beta2, eps=opt.eps, weight_decay=opt.weight_decay)
    labels = {"wide": "muon", "square": "muon", "vector": "adamw"}
    agree(path(opt)[0], optax_path(optax, optax.partition({"muon": muon, "adamw": adamw}, labels)))


SHAMPOO = [{}, DECAY, {"eps": 1e-2}, {"eps": 1.0, "lr": 1.0}, {"lr": 1e-3, "weight_decay": 1.0}, {"eps": 1e-9}]


@pytest.mark.parametrize("params", SHAMPOO, ids=str)
def test_shampoo_equals_pytorch_optimizer(torch, params):
    opt = Shampoo(every=1, **params)
    cls = pytest.importorskip("pytorch_optimizer").Shampoo
    expected, *_ = torch_path(torch, cls, lr=opt.lr, matrix_eps=opt.eps, weight_decay=opt.weight_decay)
    agree(path(opt)[0], expected)


SOAPS = [
    {},
    {"weight_decay": 0.0, "every": 1},
    {"beta1": 0.0, "beta2": 0.5, "every": 3, "weight_decay": 0.5},
    {"beta1": 0.99, "beta2": 0.9999, "lr": 0.03, "every": 1},
    {"eps": 1e-2, "every": 7},
    {"max_dim": 4, "every": 2},
]


class Exact:
    """Torch without the conversion to float32 that pytorch_optimizer's SOAP makes for its QR decomposition."""

    def __init__(self, torch: Any) -> None:
        self._torch, self.float32 = torch, torch.float64

    def __getattr__(self, name: str) -> Any:
        return getattr(self._torch, name)


@pytest.mark.parametrize("params", SOAPS, ids=str)
def test_soap_equals_pytorch_optimizer(torch, monkeypatch, params):
    # The first left statistics of 6x4 have a null space of two dimensions. Libraries choose different bases of it, on which
    # Adam's squares depend, so the side of 6 is excluded.
    opt = SOAP(**{"max_dim": 5, **params})
    cls = pytest.importorskip("pytorch_optimizer").SOAP
    monkeypatch.setattr("pytorch_optimizer.optimizer.soap.torch", Exact(torch))
    expected, *_ = torch_path(
        torch,
        cls,
        lr=opt.lr,
        betas=(opt.beta1, opt.beta2),
        eps=opt.eps,
        weight_decay=opt.weight_decay,
        precondition_frequency=opt.every,
        max_precondition_dim=opt.max_dim,
    )
    agree(path(opt)[0], expected)


SOPHIA = [
    {},
    {"weight_decay": 0.0, "lr": 0.01},
    {"beta1": 0.0, "beta2": 0.0, "every": 1, "gamma": 1.0, "lr": 0.1},
    {"beta1": 0.999, "beta2": 0.9999, "every": 3, "lr": 0.1},
    {"eps": 0.1, "gamma": 0.5, "lr": 0.1, "weight_decay": 1.0},
    {"every": 7, "gamma": 2.0, "lr": 0.1},
]


def sophia_path(optax: Any, opt: Sophia, estimate: Callable[[LeastSquares], np.ndarray]) -> np.ndarray:
    """Return the path of optax's Sophia with the same estimate of the Hessian's diagonal in each step."""

    def pass_on(updates: Any, state: Any, params: Any = None, *, diagonal: Any) -> Any:
        return diagonal, state

    def diagonal(at: LeastSquares, t: int) -> dict[str, Any]:
        flat = estimate(at) if (t - 1) % opt.every == 0 else np.zeros(LAYOUT.size)
        return {"diagonal": LAYOUT.views(flat)}

    extra_argument = optax.GradientTransformationExtraArgs(lambda params: optax.EmptyState(), pass_on)
    transform = optax.contrib.sophia(
        opt.lr,
        opt.beta1,
        opt.beta2,
        eps=opt.eps,
        weight_decay=opt.weight_decay,
        gamma=opt.gamma,
        update_interval=opt.every,
        hessian_diagonal_fn=extra_argument,
    )
    return optax_path(optax, transform, diagonal)


@pytest.mark.parametrize("params", SOPHIA, ids=str)
def test_sophia_h_equals_optax_with_the_same_noise(optax, params):
    def hutchinson(at: LeastSquares) -> np.ndarray:
        u = at.noise.standard_normal(LAYOUT.size)
        product = np.empty_like(u)
        at.hvp(u, product)
        return u * product

    opt = SophiaH(**params)
    agree(path(opt)[0], sophia_path(optax, opt, hutchinson))


@pytest.mark.parametrize("params", SOPHIA, ids=str)
def test_sophia_g_equals_optax_with_the_same_labels(optax, params):
    def bartlett(at: LeastSquares) -> np.ndarray:
        labels = at.outputs() + at.noise.standard_normal((ROWS, 1))
        return ROWS * at.gradient(labels) ** 2

    opt = SophiaG(**params)
    agree(path(opt)[0], sophia_path(optax, opt, bartlett))


SCHEDULE_FREE_SGD = [
    {},
    {"lr": 0.1, **DECAY},
    {"beta": 0.01, "lr": 0.1},
    {"beta": 0.999, "lr": 0.5},
    {"lr": 1e-3, "weight_decay": 1.0},
]
SCHEDULE_FREE_ADAMW = [
    {},
    {"lr": 0.1, **DECAY},
    {"beta1": 0.01, "beta2": 0.0, "lr": 0.05},
    {"beta1": 0.99, "beta2": 0.9999, "lr": 0.05},
    {"eps": 0.1, "weight_decay": 1.0, "lr": 0.05},
]


def schedule_free(torch: Any, cls: Any, opt: Any, warm_up: int, **params: Any) -> None:
    """Compare y after each step, and x after the last; `eval` of the other implementation sets its parameters to x."""
    factors = [min(1.0, t / warm_up) if warm_up else 1.0 for t in range(1, STEPS + 1)]
    y, x = path(opt, factors)
    expected, other, tensors = torch_path(torch, cls, lr=opt.lr, weight_decay=opt.weight_decay, warmup_steps=warm_up, **params)
    agree(y, expected)
    other.eval()
    x_expected = np.concatenate([tensor.detach().numpy().ravel() for tensor in tensors.values()])
    np.testing.assert_allclose(x, x_expected, rtol=TOLERANCE, atol=TOLERANCE * 1e-2)


@pytest.mark.parametrize("warm_up", [0, WARM_UP])
@pytest.mark.parametrize("params", SCHEDULE_FREE_SGD, ids=str)
def test_schedule_free_sgd_equals_schedulefree(torch, params, warm_up):
    opt = ScheduleFreeSGD(**params)
    schedule_free(torch, pytest.importorskip("schedulefree").SGDScheduleFree, opt, warm_up, momentum=opt.beta)


@pytest.mark.parametrize("warm_up", [0, WARM_UP])
@pytest.mark.parametrize("params", SCHEDULE_FREE_ADAMW, ids=str)
def test_schedule_free_adamw_equals_schedulefree(torch, params, warm_up):
    opt = ScheduleFreeAdamW(**params)
    cls = pytest.importorskip("schedulefree").AdamWScheduleFree
    schedule_free(torch, cls, opt, warm_up, betas=(opt.beta1, opt.beta2), eps=opt.eps)


ESTIMATED = [
    {},
    {"d0": 1e-2, **DECAY},
    {"beta1": 0.01, "beta2": 0.5, "d0": 1e-3},
    {"beta1": 0.99, "beta2": 0.9999, "d0": 1e-3},
    {"eps": 0.1, "weight_decay": 1.0, "d0": 1e-2},
    {"lr": 0.3, "d0": 0.1},
]


def cosine(t: int) -> float:
    return 0.5 * (1.0 + math.cos(math.pi * (t - 1) / (STEPS - 1)))


def estimated(torch: Any, cls: Any, opt: Any, *, scheduled: bool, **params: Any) -> None:
    """Compare a method that estimates its rate with another implementation, at a constant rate or one that falls to 0."""
    factors = [cosine(t) if scheduled else 1.0 for t in range(1, STEPS + 1)]

    def before(other: Any, t: int) -> None:
        other.param_groups[0]["lr"] = opt.lr * factors[t - 1]

    expected, *_ = torch_path(
        torch,
        cls,
        before,
        lr=opt.lr,
        betas=(opt.beta1, opt.beta2),
        eps=opt.eps,
        weight_decay=opt.weight_decay,
        d0=opt.d0,
        **params,
    )
    agree(path(opt, factors)[0], expected)


@pytest.mark.parametrize("scheduled", [False, True], ids=["constant", "cosine"])
@pytest.mark.parametrize("params", [*ESTIMATED, {"d_coef": 3.0, "d0": 1e-3}], ids=str)
def test_prodigy_equals_prodigyopt(torch, params, scheduled):
    opt = Prodigy(**params)
    estimated(torch, pytest.importorskip("prodigyopt").Prodigy, opt, scheduled=scheduled, d_coef=opt.d_coef)


@pytest.mark.parametrize("scheduled", [False, True], ids=["constant", "cosine"])
@pytest.mark.parametrize("params", ESTIMATED, ids=str)
def test_dadapt_adam_equals_pytorch_optimizer(torch, params, scheduled):
    cls = pytest.importorskip("pytorch_optimizer").DAdaptAdam
    estimated(torch, cls, DAdaptAdam(**params), scheduled=scheduled, weight_decouple=True)
