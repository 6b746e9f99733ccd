"""Methods that each break one rule of the contract, and the rule that must find it."""

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

OPTBENCH_CONTRACT = 1
EXAMPLES: list[tuple[str, str, str, type[Any]]] = []
"""Kind, rule, a part of what is found, and the class."""
_KINDS = (Wrapper, Optimizer, Architecture, Embedder, Dataset)  # a wrapper is an optimizer too


def breaks(rule: str, found: str) -> Any:
    def noted(cls: type[Any]) -> type[Any]:
        axis = next(base.__name__.lower() for base in _KINDS if issubclass(cls, base))
        EXAMPLES.append((axis, rule, found, cls))
        return cls

    return noted


@dataclass(frozen=True, kw_only=True)
class Sound(Optimizer):
    """Keeps every rule. Polyak 1964."""

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


@breaks("docstring", "Silent has none")
@dataclass(frozen=True, kw_only=True)
class Silent(Sound):
    pass


@breaks("citation", "cites nothing")
@dataclass(frozen=True, kw_only=True)
class Uncited(Sound):
    """Takes 2049 inputs and 131200 weights."""


@breaks("hyper-parameters documented", "nothing says what gamma is")
@dataclass(frozen=True, kw_only=True)
class Undocumented(Sound):
    """Momentum with gammas. Polyak 1964."""

    gamma: float = 0.5


@breaks("frozen", "can be changed")
@dataclass(kw_only=True, unsafe_hash=True)
class Thawed(Optimizer):
    """Polyak 1964."""

    name: ClassVar[str] = "thawed"
    lr: float = positive(0.01)


@breaks("frozen", "lr can be given by position")
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


@breaks("rebuilt from its spec", "makes Drifting")
@dataclass(frozen=True, kw_only=True)
class Drifting(Sound):
    """Polyak 1964."""

    def __post_init__(self):
        object.__setattr__(self, "lr", self.lr / 2)


@breaks("declarations", "batch is 'whole'")
@dataclass(frozen=True, kw_only=True)
class Whole(Sound):
    """Polyak 1964."""

    batch: ClassVar[Any] = "whole"


@breaks("declarations", "needs is frozenset({'third'})")
@dataclass(frozen=True, kw_only=True)
class Needy(Sound):
    """Polyak 1964."""

    needs: ClassVar[frozenset[str]] = frozenset({"third"})


@breaks("declarations", "rates is ('speed',)")
@dataclass(frozen=True, kw_only=True)
class Speedy(Sound):
    """Polyak 1964."""

    rates: ClassVar[tuple[str, ...]] = ("speed",)


@breaks("shapes", "not enough values to unpack")
@dataclass(frozen=True, kw_only=True)
class MatricesOnly(Sound):
    """Polyak 1964."""

    def init(self, w, layout):
        for layer in layout.views(w).values():
            _, _ = layer.shape
        return super().init(w, layout)


@breaks("types", "float32 there are arrays of float64")
@dataclass(frozen=True, kw_only=True)
class Widening(Sound):
    """Polyak 1964."""

    def init(self, w, layout):
        return State(v=np.zeros(w.size))


@breaks("in place", "the weights are where they were")
@dataclass(frozen=True, kw_only=True)
class Elsewhere(Sound):
    """Polyak 1964."""

    def update(self, w, g, s, t):
        w = w - self.lr * g


@breaks("in place", "init changes the weights")
@dataclass(frozen=True, kw_only=True)
class Eager(Sound):
    """Polyak 1964."""

    def init(self, w, layout):
        w *= 0.9
        return super().init(w, layout)


@breaks("in place", "eval_weights returns a copy")
@dataclass(frozen=True, kw_only=True)
class Copying(Sound):
    """Polyak 1964."""

    def eval_weights(self, w, s):
        return w.copy()


@breaks("no allocation", "bytes a weight")
@dataclass(frozen=True, kw_only=True)
class Wasteful(Sound):
    """Polyak 1964."""

    def update(self, w, g, s, t):
        w -= self.lr * g


_memory: dict[str, Any] = {}


@breaks("checkpoint", "it goes elsewhere")
@dataclass(frozen=True, kw_only=True)
class Forgetful(Sound):
    """Polyak 1964. Keeps its velocity in a global."""

    def init(self, w, layout):
        _memory["v"] = np.zeros_like(w)
        return State()

    def update(self, w, g, s, t):
        super().update(w, g, State(**_memory), t)


@breaks("rates", "at a rate of 0 go where")
@dataclass(frozen=True, kw_only=True)
class Caching(Sound):
    """Polyak 1964."""

    def init(self, w, layout):
        return State(lr=self.lr)

    def update(self, w, g, s, t):
        g *= s.lr
        w -= g


@breaks("rates", "scaled(0.5) makes")
@dataclass(frozen=True, kw_only=True)
class Unscaled(Sound):
    """Polyak 1964."""

    def scaled(self, factor):
        return copy.copy(self)


@breaks("zero gradient", "not finite")
@dataclass(frozen=True, kw_only=True)
class Normalizing(Sound):
    """Polyak 1964."""

    def update(self, w, g, s, t):
        g *= self.lr / np.linalg.norm(g)
        w -= g


@breaks("NaN gradient", "bad_methods.py, line")
@dataclass(frozen=True, kw_only=True)
class Strict(Sound):
    """Polyak 1964."""

    def update(self, w, g, s, t):
        if math.isnan(g[0]):
            raise ValueError("no number")
        super().update(w, g, s, t)


@breaks("a run", "it diverged")
@dataclass(frozen=True, kw_only=True)
class FullOnly(Sound):
    """Polyak 1964."""

    def step(self, w, s, t, at):
        self.update(w, at.gradient(), s, t)
        w *= 1.0 if len(at.outputs()) == 16 else math.nan


@breaks("deterministic", "differ")
@dataclass(frozen=True, kw_only=True)
class Random(Sound):
    """Polyak 1964."""

    def update(self, w, g, s, t):
        g += np.random.default_rng().standard_normal(len(g))
        super().update(w, g, s, t)


@breaks("same in two processes", "other bits")
@dataclass(frozen=True, kw_only=True)
class Hashing(Sound):
    """Polyak 1964."""

    def update(self, w, g, s, t):
        g *= 1 + hash("a text") % 1000
        super().update(w, g, s, t)


@breaks("same in two processes", "in another process: RuntimeError")
@dataclass(frozen=True, kw_only=True)
class Settled(Sound):
    """Polyak 1964."""

    def init(self, w, layout):
        if "pytest" not in sys.modules:
            raise RuntimeError("at home here only")
        return super().init(w, layout)


@breaks("same in two processes", "in another process: SystemExit: 0")
@dataclass(frozen=True, kw_only=True)
class Leaving(Sound):
    """Polyak 1964."""

    def init(self, w, layout):
        if "pytest" not in sys.modules:
            sys.exit(0)
        return super().init(w, layout)


@breaks("global random state", "np.random was used")
@dataclass(frozen=True, kw_only=True)
class Seeding(Sound):
    """Polyak 1964."""

    def init(self, w, layout):
        np.random.seed(1)
        return super().init(w, layout)


@breaks("global random state", "; random was used")
@dataclass(frozen=True, kw_only=True)
class Shuffling(Seeding):
    """Polyak 1964."""

    def update(self, w, g, s, t):
        random.random()  # noqa: S311  # the violation
        super().update(w, g, s, t)


@dataclass(frozen=True, kw_only=True)
class Around(Wrapper):
    """Keeps every rule: a momentum of its own before the method's. Source: own work."""

    name: ClassVar[str] = "around"
    lr: float = positive(1.0)  # no rate of the method's: schedules leave it alone

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


@breaks("docstring", "Unsaid has none")
@dataclass(frozen=True, kw_only=True)
class Unsaid(Around):
    pass


@breaks("hyper-parameters documented", "nothing says what every is")
@dataclass(frozen=True, kw_only=True)
class Vague(Around):
    """Source: own work."""

    every: int = 5


@breaks("rebuilt from its spec", "makes Halving")
@dataclass(frozen=True, kw_only=True)
class Halving(Around):
    """Source: own work."""

    def __post_init__(self):
        object.__setattr__(self, "lr", self.lr / 2)


@breaks("of the inner kind", "batch is 'full', that of the inner optimizer 'mini'")
@dataclass(frozen=True, kw_only=True)
class Filling(Around):
    """Source: own work."""

    batch: ClassVar[Any] = "full"


@breaks("of the inner kind", "scaled(0.5) makes Braking(")
@dataclass(frozen=True, kw_only=True)
class Braking(Around):
    """Source: own work."""

    def scaled(self, factor):
        return super().scaled(factor**2)


@breaks("of the inner kind", "incompatibility returns None")
@dataclass(frozen=True, kw_only=True)
class Mute(Around):
    """Source: own work."""

    def misfit(self):
        return None


@breaks("inner state", "no attribute 'b'")
@dataclass(frozen=True, kw_only=True)
class Taking(Around):
    """Source: own work."""

    def init(self, w, layout):
        return State(v=np.zeros_like(w), inner=State())


@breaks("rates", "at a rate of 0 go where")
@dataclass(frozen=True, kw_only=True)
class Holding(Around):
    """Source: own work."""

    def init(self, w, layout):
        s = super().init(w, layout)
        s.opt = self.inner
        return s

    def step(self, w, s, t, at):
        s.opt.step(w, s.inner, t, at)


@breaks("in place", "eval_weights returns a copy")
@dataclass(frozen=True, kw_only=True)
class Judging(Around):
    """Source: own work."""

    def eval_weights(self, w, s):
        return w.copy()


@breaks("no allocation", "bytes a weight")
@dataclass(frozen=True, kw_only=True)
class Keeping(Around):
    """Source: own work."""

    def step(self, w, s, t, at):
        before = w.copy()
        super().step(w, s, t, at)
        w += 0.1 * (before - w)


@breaks("zero gradient", "not finite")
@dataclass(frozen=True, kw_only=True)
class Unit(Around):
    """Source: own work."""

    def step(self, w, s, t, at):
        self.inner.step(w, s.inner, t, at.after(lambda g: np.divide(g, np.linalg.norm(g), out=g)))


@breaks("checkpoint", "it goes elsewhere")
@dataclass(frozen=True, kw_only=True)
class Counting(Around):
    """Source: own work. Counts steps in a global."""

    def init(self, w, layout):
        _memory["steps"] = 0
        return super().init(w, layout)

    def step(self, w, s, t, at):
        _memory["steps"] += 1
        self.inner.scaled(1.0 / _memory["steps"]).step(w, s.inner, t, at)


@breaks("deterministic", "differ")
@dataclass(frozen=True, kw_only=True)
class Wavering(Around):
    """Source: own work."""

    def step(self, w, s, t, at):
        self.inner.scaled(np.random.default_rng().random()).step(w, s.inner, t, at)


@breaks("same in two processes", "other bits")
@dataclass(frozen=True, kw_only=True)
class Muddled(Around):
    """Source: own work."""

    def step(self, w, s, t, at):
        self.inner.scaled(1 / (1 + hash("a text") % 1000)).step(w, s.inner, t, at)


@breaks("factor", "ZeroDivisionError")
@dataclass(frozen=True, kw_only=True)
class Long(Schedule):
    """Source: own work."""

    name: ClassVar[str] = "long"

    def factor(self, t, steps):
        return (t - 1) / (steps - 1)


@breaks("factor", "factor(1, 1) is of type float64")
@dataclass(frozen=True, kw_only=True)
class Doubling(Long):
    """Source: own work."""

    def factor(self, t, steps):
        return np.cos(t / steps)


@breaks("factor", "factor(1, 1) is nan")
@dataclass(frozen=True, kw_only=True)
class Unknown(Long):
    """Source: own work."""

    def factor(self, t, steps):
        return math.nan


class Trouble(Network):
    """A network that can be made to break a rule."""


@dataclass(frozen=True, kw_only=True)
class Plain(TanhNetwork):
    """Keeps every rule. Rumelhart et al. 1986."""

    name: ClassVar[str] = "plain"
    provides: ClassVar[frozenset[str]] = frozenset({"hvp", "operator"})
    network: ClassVar[type[Network]] = Network

    def widths(self):
        return (4,)

    def bind(self, layout, dtype):
        return self.network(layout, dtype)


def architecture(rule: str, found: str, **members: Any) -> None:
    """Note an architecture whose class has other members; `network` is a dictionary of those of its networks."""
    number = len(EXAMPLES)
    given = {"__doc__": "Rumelhart et al. 1986.", "__module__": __name__, "__qualname__": f"Plain{number}", **members}
    if isinstance(given.get("network"), dict):
        given["network"] = type("Trouble", (Network,), given["network"])
    cls = dataclass(frozen=True, kw_only=True)(type(f"Plain{number}", (Plain,), given))
    globals()[cls.__name__] = cls
    breaks(rule, found)(cls)


_calls = itertools.count()


def _wrong_gradient(self, x, y):
    loss = Network.loss_and_grad(self, x, y)
    self.layout.views(self.g)["layer2"][2, 0] *= 1.01
    return loss


def _whole_gradient(self, x, y):
    loss = Network.loss_and_grad(self, x, y)
    self.g *= 2.0
    return loss


def _no_gradient(self, x, y):
    loss = Network.loss_and_grad(self, x, y)
    self.g[3] = math.nan
    return loss


def _half_loss(self, x, y):
    return Network.loss_and_grad(self, x, y) / 2


def _narrow_loss(self, x, y):
    return np.float32(Network.loss_and_grad(self, x, y))


def _decaying(self, x, y):
    self.w *= 0.999
    return Network.loss_and_grad(self, x, y)


def _predict_over_gradient(self, x, w=None):
    self.g[0] += 1.0
    return Network.predict(self, x, w)


def _predict_rows(self, x, w=None):
    return Network.predict(self, np.ascontiguousarray(x[:]), w)


def _predict_few(self, x, w=None):
    return Network.predict(self, x, w) * (1.0 if isinstance(x, np.ndarray) else 0.5)


def _predict_own(self, x, w=None):
    return Network.predict(self, x)


def _batch_norm(self, x, y):
    loss = Network.loss_and_grad(self, x, y)
    self.g *= len(x)
    return loss


def _copying(self, x, y):
    return Network.loss_and_grad(self, x.copy(), y)


def _gauss_newton(self, x, y, v, out):
    Network.hvp(self, x, y, v, out)
    out *= 1.1


def _no_product(self, x, y, v, out):
    Network.hvp(self, x, y, v, out)
    out[3] = math.nan


def _hvp_over_gradient(self, x, y, v, out):
    Network.hvp(self, x, y, v, out)
    self.g[:] = out


def _doubled(self, layout, dtype):
    Network.__init__(self, layout, np.float64)


architecture(
    "declarations",
    "provides is frozenset({'wings'})",
    provides=frozenset({"wings"}),
)
architecture("declarations", "its model has an hvp", provides=frozenset())
architecture("layout", "differs from call to call", layout=lambda self, n: Layout({f"layer{next(_calls)}": (n, 1)}))
architecture("initial weights", "float32", initial=lambda self, layout, rng: np.zeros(layout.size, "float32"))
architecture("initial weights", "not finite", initial=lambda self, layout, rng: np.full(layout.size, np.inf))
architecture("initial weights", "other weights", initial=lambda self, layout, rng: np.full(layout.size, 1.0 * next(_calls)))
architecture("shapes and types", "w is float64", network={"__init__": _doubled})
architecture("shapes and types", "returns float32", network={"loss_and_grad": _narrow_loss})
architecture("in place", "w, x or y has been changed", network={"loss_and_grad": _decaying})
architecture("in place", "predict changes the gradient", network={"predict": _predict_over_gradient})
architecture("gradient", "layer2[2, 0]", network={"loss_and_grad": _wrong_gradient})
architecture("gradient", "finite differences give", network={"loss_and_grad": _whole_gradient})
architecture("gradient", "it is nan", network={"loss_and_grad": _no_gradient})
architecture("loss and predict agree", "mean squared error of", network={"loss_and_grad": _half_loss})
architecture("loss and predict agree", "differ", network={"predict": _predict_own})
architecture("operator", "raises TypeError", network={"predict": _predict_rows})
architecture("operator", "other outputs", network={"predict": _predict_few})
architecture("batches of any size", "do not add up", network={"loss_and_grad": _batch_norm})
architecture("no allocation", "kB at once", network={"loss_and_grad": _copying})
architecture("Hessian-vector product", "is off by", network={"hvp": _gauss_newton})
architecture("Hessian-vector product", "is off by nan", network={"hvp": _no_product})
architecture("Hessian-vector product", "changes the gradient", network={"hvp": _hvp_over_gradient})


@dataclass(frozen=True, kw_only=True)
class Lengths(Embedder):
    """Keeps every rule. Source: own work."""

    name: ClassVar[str] = "lengths"

    def encode(self, texts, role, learnt):
        return np.array([[len(text), text.count(" ")] for text in texts], np.float32)


@breaks("shapes and types", "float64")
class Wide(Lengths):
    def encode(self, texts, role, learnt):
        return super().encode(texts, role, learnt).astype(float)


@breaks("shapes and types", "as many as there are texts")
class Square(Lengths):
    def encode(self, texts, role, learnt):
        return np.eye(len(texts), dtype=np.float32)


@breaks("shapes and types", "become list")
class Listed(Lengths):
    def encode(self, texts, role, learnt):
        return super().encode(texts, role, learnt).tolist()


@breaks("finite", "'zyxwv' does")
class Divided(Lengths):
    def encode(self, texts, role, learnt):
        found = super().encode(texts, role, learnt)
        return found / found[:, 1:]


@breaks("roles", "KeyError: 'answer'")
class Questions(Lengths):
    def encode(self, texts, role, learnt):
        _ = {"question": 1}[role]
        return super().encode(texts, role, learnt)


@breaks("one text, one vector", "other vectors alone")
class Centred(Lengths):
    def encode(self, texts, role, learnt):
        found = super().encode(texts, role, learnt)
        return found - found.mean(axis=0)


@breaks("fitted on training texts only", "encoding other texts changes")
class Curious(Lengths):
    def encode(self, texts, role, learnt):
        learnt.extend(texts)
        return super().encode(texts, role, learnt) + len(learnt)

    def fit(self, texts):
        return list(texts)


@breaks("fitted on training texts only", "another fit changes")
class Fickle(Lengths):
    def fit(self, texts):
        _memory["longest"] = max(map(len, texts))

    def encode(self, texts, role, learnt):
        return super().encode(texts, role, learnt) / np.float32(_memory["longest"])


SOUND: dict[str, type[Any]] = {"optimizer": Sound, "wrapper": Around, "architecture": Plain, "embedder": Lengths}
