"""Components that each break one rule of the contract, with the rule that must report it."""

from __future__ import annotations

import copy
import itertools
import math
import random
import sys
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from optbench import Architecture, Dataset, Embedder, Layout, Optimizer, Schedule, State, Wrapper, fraction, positive
from optbench.architectures.network import Network, TanhNetwork

OPTBENCH_CONTRACT = 2
EXAMPLES: list[tuple[str, str, str, type[Any]]] = []
"""Kind, rule, a part of what is reported, and the class."""
_KINDS = (Wrapper, Optimizer, Architecture, Embedder, Dataset)  # a wrapper is an optimizer too
_memory: dict[str, Any] = {}
_calls = itertools.count()


def breaks(rule: str, detail: str) -> Any:
    """Add a class to the examples."""

    def add(cls: type[Any]) -> type[Any]:
        kind = next(base.__name__.lower() for base in _KINDS if issubclass(cls, base))
        EXAMPLES.append((kind, rule, detail, cls))
        return cls

    return add


def example(rule: str, detail: str, base: type[Any], name: str = "", **members: Any) -> None:
    """Add a subclass of a sound component with other members; functions among them get `self` as usual."""
    name = name or f"Example{len(EXAMPLES)}"
    body = {"__doc__": "Polyak 1964.", "__module__": __name__, "__qualname__": name, **members}
    cls = dataclass(frozen=True, kw_only=True)(type(name, (base,), body))
    globals()[name] = cls  # where pickle and the second process look for it
    breaks(rule, detail)(cls)


@dataclass(frozen=True, kw_only=True)
class Sound(Optimizer):
    """An optimizer that breaks no rule. Polyak 1964."""

    name: ClassVar[str] = "sound"
    lr: float = positive(0.01)
    beta: float = fraction(0.9)

    def init(self, w, layout):
        return State(v=np.zeros_like(w))

    def update(self, w, g, s, t):
        s.v *= self.beta
        s.v += g
        np.multiply(s.v, self.lr, out=g)
        w -= g


def halved_rate(self):
    object.__setattr__(self, "lr", self.lr / 2)


def not_a_copy(self, factor):
    return copy.copy(self)


def copied_weights(self, w, s):
    return w.copy()


example("docstring", "Silent has none", Sound, "Silent", __doc__=None)
example("citation", "has no citation", Sound, __doc__="Takes 2049 inputs and 131200 weights.")
example(
    "hyper-parameters documented",
    "gamma is not documented",
    Sound,
    __doc__="Momentum with gammas. Polyak 1964.",
    __annotations__={"gamma": "float"},
    gamma=0.5,
)
example("rebuilt from its spec", "gives Drifting", Sound, "Drifting", __post_init__=halved_rate)
example("declarations", "batch is 'whole'", Sound, batch="whole")
example("declarations", "needs is frozenset({'third'})", Sound, needs=frozenset({"third"}))
example("declarations", "rates is ('speed',)", Sound, rates=("speed",))


@breaks("frozen", "can be changed")
@dataclass(kw_only=True, unsafe_hash=True)
class Thawed(Optimizer):
    """Polyak 1964."""

    name: ClassVar[str] = "thawed"
    lr: float = positive(0.01)


@breaks("frozen", "lr can be passed by position")
@dataclass(frozen=True)
class Positional(Optimizer):
    """Polyak 1964."""

    name: ClassVar[str] = "positional"
    lr: float = positive(0.01)


@breaks("picklable", "not equal")
@dataclass(frozen=True, kw_only=True, eq=False)
class Unequal(Optimizer):
    """Polyak 1964."""

    name: ClassVar[str] = "unequal"


def _local() -> type[Any]:
    @dataclass(frozen=True, kw_only=True)
    class Local(Sound):
        """Polyak 1964."""

    return Local


breaks("picklable", "Can't")(_local())


def matrices_only(self, w, layout):
    for layer in layout.views(w).values():
        _, _ = layer.shape
    return Sound.init(self, w, layout)


def float64_state(self, w, layout):
    return State(v=np.zeros(w.size))


def another_array(self, w, g, s, t):
    w = w - self.lr * g


def changed_weights(self, w, layout):
    w *= 0.9
    return Sound.init(self, w, layout)


def temporary_array(self, w, g, s, t):
    w -= self.lr * g


example("shapes", "not enough values to unpack", Sound, init=matrices_only)
example("types", "float32 there are arrays of float64", Sound, init=float64_state)
example("in place", "the weights have not changed", Sound, update=another_array)
example("in place", "init changes the weights", Sound, init=changed_weights)
example("in place", "eval_weights returns a copy", Sound, eval_weights=copied_weights)
example("no allocation", "bytes per weight", Sound, update=temporary_array)


def global_velocity(self, w, layout):
    _memory["v"] = np.zeros_like(w)
    return State()


def update_from_global(self, w, g, s, t):
    Sound.update(self, w, g, State(**_memory), t)


def rate_in_state(self, w, layout):
    return State(lr=self.lr)


def update_from_state(self, w, g, s, t):
    g *= s.lr
    w -= g


def normalized(self, w, g, s, t):
    g *= self.lr / np.linalg.norm(g)
    w -= g


def strict(self, w, g, s, t):
    if math.isnan(g[0]):
        raise ValueError("not a number")
    Sound.update(self, w, g, s, t)


def sixteen_rows_only(self, w, s, t, at):
    self.update(w, at.gradient(), s, t)
    w *= 1.0 if len(at.outputs()) == 16 else math.nan


example("checkpoint", "ends at other weights", Sound, init=global_velocity, update=update_from_global)
example("rates", "at a rate of 0 equal", Sound, init=rate_in_state, update=update_from_state)
example("rates", "scaled(0.5) returns", Sound, scaled=not_a_copy)
example("zero gradient", "not finite", Sound, update=normalized)
example("NaN gradient", "bad_methods.py, line", Sound, update=strict)
example("a run", "it diverged", Sound, step=sixteen_rows_only)


def random_noise(self, w, g, s, t):
    g += np.random.default_rng().standard_normal(len(g))
    Sound.update(self, w, g, s, t)


def hash_dependent(self, w, g, s, t):
    g *= 1 + hash("a text") % 1000
    Sound.update(self, w, g, s, t)


def raises_elsewhere(self, w, layout):
    if "pytest" not in sys.modules:
        raise RuntimeError("in another process")
    return Sound.init(self, w, layout)


def exits_elsewhere(self, w, layout):
    if "pytest" not in sys.modules:
        sys.exit(0)
    return Sound.init(self, w, layout)


def numpy_seeded(self, w, layout):
    np.random.seed(1)
    return Sound.init(self, w, layout)


def python_random(self, w, g, s, t):
    random.random()  # noqa: S311  # the violation
    Sound.update(self, w, g, s, t)


example("deterministic", "differ", Sound, update=random_noise)
example("same in two processes", "different bits", Sound, update=hash_dependent)
example("same in two processes", "in another process: RuntimeError", Sound, init=raises_elsewhere)
example("same in two processes", "in another process: SystemExit: 0", Sound, "Leaving", init=exits_elsewhere)
example("global random state", "np.random was used", Sound, init=numpy_seeded)
example("global random state", "; random was used", Sound, "Shuffling", init=numpy_seeded, update=python_random)


@dataclass(frozen=True, kw_only=True)
class Around(Wrapper):
    """A wrapper that breaks no rule: it adds momentum to the gradient. Source: own work."""

    name: ClassVar[str] = "around"
    lr: float = positive(1.0)  # not a rate of the method: schedules do not change it

    def init(self, w, layout):
        return State(v=np.zeros_like(w), inner=self.inner.init(w, layout))

    def step(self, w, s, t, at):
        def change(g):
            s.v *= 0.5
            s.v += g
            np.multiply(s.v, self.lr, out=g)

        self.inner.step(w, s.inner, t, at.after(change))

    def eval_weights(self, w, s):
        return self.inner.eval_weights(w, s.inner)


def squared_factor(self, factor):
    return Wrapper.scaled(self, factor**2)


def no_text(self):
    return None


def no_inner_state(self, w, layout):
    return State(v=np.zeros_like(w), inner=State())


def inner_in_state(self, w, layout):
    return State(opt=self.inner, inner=self.inner.init(w, layout))


def step_from_state(self, w, s, t, at):
    s.opt.step(w, s.inner, t, at)


def averaged_step(self, w, s, t, at):
    before = w.copy()
    Around.step(self, w, s, t, at)
    w += 0.1 * (before - w)


def unit_gradient(self, w, s, t, at):
    self.inner.step(w, s.inner, t, at.after(lambda g: np.divide(g, np.linalg.norm(g), out=g)))


def global_count(self, w, layout):
    _memory["steps"] = 0
    return Around.init(self, w, layout)


def counted_step(self, w, s, t, at):
    _memory["steps"] += 1
    self.inner.scaled(1.0 / _memory["steps"]).step(w, s.inner, t, at)


def random_rate(self, w, s, t, at):
    self.inner.scaled(np.random.default_rng().random()).step(w, s.inner, t, at)


def hash_dependent_rate(self, w, s, t, at):
    self.inner.scaled(1 / (1 + hash("a text") % 1000)).step(w, s.inner, t, at)


example("docstring", "Unsaid has none", Around, "Unsaid", __doc__=None)
example("hyper-parameters documented", "every is not documented", Around, __annotations__={"every": "int"}, every=5)
example("rebuilt from its spec", "gives Halving", Around, "Halving", __post_init__=halved_rate)
example("of the inner kind", "batch is 'full', that of the inner optimizer 'mini'", Around, batch="full")
example("of the inner kind", "scaled(0.5) returns Braking(", Around, "Braking", scaled=squared_factor)
example("of the inner kind", "incompatibility returns None", Around, incompatibility=no_text)
example("inner state", "no attribute 'b'", Around, init=no_inner_state)
example("rates", "at a rate of 0 equal", Around, init=inner_in_state, step=step_from_state)
example("in place", "eval_weights returns a copy", Around, eval_weights=copied_weights)
example("no allocation", "bytes per weight", Around, step=averaged_step)
example("zero gradient", "not finite", Around, step=unit_gradient)
example("checkpoint", "ends at other weights", Around, init=global_count, step=counted_step)
example("deterministic", "differ", Around, step=random_rate)
example("same in two processes", "different bits", Around, step=hash_dependent_rate)
example("factor", "ZeroDivisionError", Schedule, name="Long", factor=lambda self, t, steps: (t - 1) / (steps - 1))
example("factor", "factor(1, 1) is of type float64", Schedule, name="Doubling", factor=lambda self, t, steps: np.cos(t / steps))
example("factor", "factor(1, 1) is nan", Schedule, name="Unknown", factor=lambda self, t, steps: math.nan)
for schedule in ("Long", "Doubling", "Unknown"):
    globals()[schedule].name = schedule.lower()


@dataclass(frozen=True, kw_only=True)
class Plain(TanhNetwork):
    """An architecture that breaks no rule. Rumelhart et al. 1986."""

    name: ClassVar[str] = "plain"
    provides: ClassVar[frozenset[str]] = frozenset({"hvp", "operator"})
    network: ClassVar[type[Network]] = Network

    def widths(self):
        return (4,)

    def bind(self, layout, dtype):
        return self.network(layout, dtype)


def network(rule: str, detail: str, **members: Any) -> None:
    """Add an architecture whose networks have other members."""
    example(rule, detail, Plain, network=type("Broken", (Network,), members))


def wrong_weight(self, x, y):
    loss = Network.loss_and_grad(self, x, y)
    self.layout.views(self.g)["layer2"][2, 0] *= 1.01
    return loss


def doubled_gradient(self, x, y):
    loss = Network.loss_and_grad(self, x, y)
    self.g *= 2.0
    return loss


def nan_gradient(self, x, y):
    loss = Network.loss_and_grad(self, x, y)
    self.g[3] = math.nan
    return loss


def sum_of_gradients(self, x, y):
    loss = Network.loss_and_grad(self, x, y)
    self.g *= len(x)
    return loss


def decaying_weights(self, x, y):
    self.w *= 0.999
    return Network.loss_and_grad(self, x, y)


def prediction_in_gradient(self, x, w=None):
    self.g[0] += 1.0
    return Network.predict(self, x, w)


def wrong_product(self, x, y, v, out):
    Network.hvp(self, x, y, v, out)
    out *= 1.1


def nan_product(self, x, y, v, out):
    Network.hvp(self, x, y, v, out)
    out[3] = math.nan


def product_in_gradient(self, x, y, v, out):
    Network.hvp(self, x, y, v, out)
    self.g[:] = out


example("declarations", "provides is frozenset({'wings'})", Plain, provides=frozenset({"wings"}))
example("declarations", "its model has an hvp", Plain, provides=frozenset())
example("layout", "differs from call to call", Plain, layout=lambda self, n: Layout({f"layer{next(_calls)}": (n, 1)}))
example("initial weights", "float32", Plain, initial=lambda self, layout, rng: np.zeros(layout.size, "float32"))
example("initial weights", "not finite", Plain, initial=lambda self, layout, rng: np.full(layout.size, np.inf))
example(
    "initial weights", "different weights", Plain, initial=lambda self, layout, rng: np.full(layout.size, 1.0 * next(_calls))
)
network("shapes and types", "w is float64", __init__=lambda self, layout, dtype: Network.__init__(self, layout, np.float64))
network("shapes and types", "returns float32", loss_and_grad=lambda self, x, y: np.float32(Network.loss_and_grad(self, x, y)))
network("in place", "w, x or y has been changed", loss_and_grad=decaying_weights)
network("in place", "predict changes the gradient", predict=prediction_in_gradient)
network("gradient", "layer2[2, 0]", loss_and_grad=wrong_weight)
network("gradient", "finite differences give", loss_and_grad=doubled_gradient)
network("gradient", "it is nan", loss_and_grad=nan_gradient)
network(
    "loss and predict agree", "mean squared error of", loss_and_grad=lambda self, x, y: Network.loss_and_grad(self, x, y) / 2
)
network("loss and predict agree", "differ", predict=lambda self, x, w=None: Network.predict(self, x))
network("operator", "raises TypeError", predict=lambda self, x, w=None: Network.predict(self, np.ascontiguousarray(x[:]), w))
network(
    "operator",
    "other outputs",
    predict=lambda self, x, w=None: Network.predict(self, x, w) * (1.0 if isinstance(x, np.ndarray) else 0.5),
)
network("batches of any size", "do not add up", loss_and_grad=sum_of_gradients)
network("no allocation", "kB at once", loss_and_grad=lambda self, x, y: Network.loss_and_grad(self, x.copy(), y))
network("Hessian-vector product", "it differs by", hvp=wrong_product)
network("Hessian-vector product", "it differs by nan", hvp=nan_product)
network("Hessian-vector product", "changes the gradient", hvp=product_in_gradient)


@dataclass(frozen=True, kw_only=True)
class Lengths(Embedder):
    """An embedder that breaks no rule. Source: own work."""

    name: ClassVar[str] = "lengths"

    def encode(self, texts, role, fitted):
        return np.array([[len(text), text.count(" ")] for text in texts], np.float32)


def divided(self, texts, role, fitted):
    vectors = Lengths.encode(self, texts, role, fitted)
    return vectors / vectors[:, 1:]


def questions_only(self, texts, role, fitted):
    _ = {"question": 1}[role]
    return Lengths.encode(self, texts, role, fitted)


def centred(self, texts, role, fitted):
    vectors = Lengths.encode(self, texts, role, fitted)
    return vectors - vectors.mean(axis=0)


def extended(self, texts, role, fitted):
    fitted.extend(texts)
    return Lengths.encode(self, texts, role, fitted) + len(fitted)


def global_fit(self, texts):
    _memory["longest"] = max(map(len, texts))


def encoded_from_global(self, texts, role, fitted):
    return Lengths.encode(self, texts, role, fitted) / np.float32(_memory["longest"])


example("shapes and types", "float64", Lengths, encode=lambda self, *args: Lengths.encode(self, *args).astype(float))
example(
    "shapes and types", "depending on", Lengths, encode=lambda self, texts, role, fitted: np.eye(len(texts), dtype="float32")
)
example("shapes and types", "returns list", Lengths, encode=lambda self, *args: Lengths.encode(self, *args).tolist())
example("finite", "'zyxwv' is not finite", Lengths, encode=divided)
example("roles", "KeyError: 'answer'", Lengths, encode=questions_only)
example("one text, one vector", "other vectors alone", Lengths, encode=centred)
example(
    "fitted on training texts only",
    "encoding other texts changes",
    Lengths,
    fit=lambda self, texts: list(texts),
    encode=extended,
)
example("fitted on training texts only", "another fit changes", Lengths, fit=global_fit, encode=encoded_from_global)


SOUND: dict[str, type[Any]] = {"optimizer": Sound, "wrapper": Around, "architecture": Plain, "embedder": Lengths}
