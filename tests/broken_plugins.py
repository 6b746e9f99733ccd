"""Plugins that are each broken in one way, with the one finding that must report it, and correct ones that look unusual.

Each is a complete module once `source` has put its body between the imports and the hook.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

HEAD = """
import ctypes, math, os, random, signal, sys, time, warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from optbench import (
    GeneratedDataset, Layout, Loss, Optimizer, Schedule, State, Suite, TableRows, Task, Wrapper,
    axpy, count, fraction, hookimpl, norm, positive,
)
from optbench.architectures.network import Network, TanhNetwork
from optbench.losses.squared import Squared

OPTBENCH_CONTRACT = 2
"""
BASES = {
    "optimizer": '''
@dataclass(frozen=True, kw_only=True)
class Momentum(Optimizer):
    """Momentum. Polyak 1964."""
    name: ClassVar[str] = "{name}"
    lr: float = positive(0.01)
    beta: float = fraction(0.9)

    def init(self, w, layout):
        return State(v=np.zeros_like(w))

    def update(self, w, g, s, t):
        s.v *= self.beta
        s.v += g
        axpy(-self.lr, s.v, w)
''',
    "wrapper": '''
@dataclass(frozen=True, kw_only=True)
class Average(Wrapper):
    """Average of weights. Polyak & Juditsky 1992."""
    name: ClassVar[str] = "{name}"
    decay: float = fraction(0.9)

    def init(self, w, layout):
        return State(average=w.copy(), inner=self.inner.init(w, layout))

    def step(self, w, s, t, at):
        self.inner.step(w, s.inner, t, at)
        s.average *= self.decay
        axpy(1.0 - self.decay, self.inner.eval_weights(w, s.inner), s.average)

    def eval_weights(self, w, s):
        return s.average
''',
    "architecture": '''
@dataclass(frozen=True, kw_only=True)
class Net(TanhNetwork):
    """A network. Rumelhart et al. 1986."""
    name: ClassVar[str] = "{name}"
    hidden: int = count(3)

    def widths(self):
        return (self.hidden,)
''',
    "loss": '''
@dataclass(frozen=True, kw_only=True)
class Half(Squared):
    """Half the mean squared error. Legendre 1805."""
    name: ClassVar[str] = "{name}"
''',
    "dataset": '''
@dataclass(frozen=True, kw_only=True)
class Table(GeneratedDataset):
    """Normal numbers. Source: own work."""
    name: ClassVar[str] = "{name}"
    title: ClassVar[str] = "Normal numbers"
    licence: ClassVar[str] = "CC0-1.0"
    difficulty: ClassVar[str] = "None."
    task = Task(classes=("a", "b"))

    def generate(self):
        rng = np.random.default_rng(5)
        return {{split: rows(rng, 20) for split in ("train", "validation", "test")}}

def rows(rng, n):
    return TableRows(rng.standard_normal((n, 3)), np.arange(n)[:, None] % 2 * 1.0)
''',
    "suite": "",
}
"""For each kind, a sound class, whose name a broken one of that kind subclasses."""
CLASSES = {"optimizer": "Momentum", "wrapper": "Average", "architecture": "Net", "loss": "Half", "dataset": "Table"}
HOOK = """
@hookimpl
def optbench_{kind}{plural}():
    return [Mine]
"""
HOOKS = {"loss": "es"}


@dataclass(frozen=True)
class Example:
    """A plugin: what it is called, the kind of its component, its source, and the check and a word of its one finding."""

    name: str
    kind: str
    source: str
    check: str = ""
    word: str = ""

    @property
    def module(self) -> str:
        return f"plugin_{self.name.replace('-', '_')}"


BROKEN: list[Example] = []
CRASHING: list[Example] = []
SOUND: list[Example] = []


def source(name: str, kind: str, body: str, *, fields: str = "") -> str:
    """Return a plugin whose class `Mine` is the sound one of its kind with other members."""
    members = textwrap.indent(textwrap.dedent(f"{fields}\n{textwrap.dedent(body)}"), "    ")
    mine = (
        f"\n@dataclass(frozen=True, kw_only=True)\nclass Mine({CLASSES[kind]}):\n"
        f'    """An example. Source: own work."""\n    name: ClassVar[str] = "{name}"\n{members}\n'
    )
    return HEAD + BASES[kind].format(name=name) + mine + HOOK.format(kind=kind, plural=HOOKS.get(kind, "s"))


def broken(name: str, kind: str, check: str, word: str, body: str, **more: str) -> None:
    BROKEN.append(Example(name, kind, source(name, kind, body, **more), check, word))


def whole(name: str, check: str, word: str, text: str, kind: str = "plugin") -> None:
    """Add a plugin of which nothing is sound."""
    BROKEN.append(Example(name, kind, HEAD + textwrap.dedent(text), check, word))


UPDATE = "def update(self, w, g, s, t):"
INIT = "def init(self, w, layout):"
STEP = "def step(self, w, s, t, at):"
EVAL = "def eval_weights(self, w, s):"
SUPER = "    super(Mine, self).update(w, g, s, t)"

# What an update does.
broken(
    "wrong-sign", "optimizer", "descends", "rises", f"{UPDATE}\n    axpy(self.lr, g, w)", fields="beta: ClassVar[float] = 0.0"
)
broken("raises-at-7", "optimizer", "runs", "step 7 raises", f"{UPDATE}\n    if t == 7: raise ValueError(t)\n{SUPER}")
broken("raises-late", "optimizer", "runs", "step 1500 raises", f"{UPDATE}\n    [0.0] * 10 if t < 1500 else [][t]\n{SUPER}")
broken("exits", "optimizer", "runs", "SystemExit", f"{UPDATE}\n    sys.exit(1)")
broken("rebinds", "optimizer", "in place", "not changed", f"{UPDATE}\n    w = w - self.lr * g")
broken("beyond", "optimizer", "in place", "beyond", f"{UPDATE}\n{SUPER}\n    if w.base is not None: w.base[-1] = 0.0")
broken(
    "allocates",
    "optimizer",
    "no allocation",
    "bytes per weight",
    f"{UPDATE}\n    s.v *= self.beta\n    s.v += g\n    w -= self.lr * s.v",
)
broken("prints", "optimizer", "quiet", "prints 'step 1'", f"{UPDATE}\n{SUPER}\n    print('step', t)")
broken(
    "warns", "optimizer", "quiet", "DeprecationWarning: old", f"{UPDATE}\n{SUPER}\n    warnings.warn('old', DeprecationWarning)"
)
broken(
    "nan-to-0",
    "optimizer",
    "NaN gradient",
    "weights are finite",
    f"{INIT}\n    return State(v=np.zeros_like(w), mask=np.empty(w.size, bool))\n{UPDATE}\n"
    f"    np.copyto(g, 0.0, where=np.isnan(g, out=s.mask))\n{SUPER}",
)
broken(
    "raises-on-nan", "optimizer", "NaN gradient", "ValueError", f"{UPDATE}\n    if math.isnan(g[0]): raise ValueError\n{SUPER}"
)
broken("unit-gradient", "optimizer", "zero gradient", "not finite", f"{UPDATE}\n    g /= norm(g)\n{SUPER}")
broken("unseeded", "optimizer", "deterministic", "differ", f"{UPDATE}\n    g *= np.random.default_rng().random()\n{SUPER}")
broken(
    "hashes", "optimizer", "same in two processes", "different", f"{UPDATE}\n    g *= 1 + hash('text') % 1000 / 1000\n{SUPER}"
)
broken("global-noise", "optimizer", "global random state", "np.random", f"{UPDATE}\n    g *= np.random.random()\n{SUPER}")
broken(
    "fixed-batch",
    "optimizer",
    "a run",
    "diverged",
    f"{STEP}\n    g = at.gradient()\n    g *= 1 if len(at.outputs()) == 16 else math.nan\n    self.update(w, g, s, t)",
)
broken("keeps-gradient", "optimizer", "aliasing", "before is the gradient's buffer", f"{UPDATE}\n{SUPER}\n    s.before = g")
broken(
    "keeps-weights", "optimizer", "aliasing", "start is the weights", f"{INIT}\n    return State(start=w, v=np.zeros_like(w))"
)
broken(
    "keeps-layers", "optimizer", "aliasing", "weights", f"{INIT}\n    return State(layers=layout.views(w), v=np.zeros_like(w))"
)
broken(
    "one-buffer",
    "optimizer",
    "aliasing",
    "same buffer",
    f"{STEP}\n    g, full = at.gradient(), at.full().gradient()\n    np.add(g, full, out=g)\n    self.update(w, g, s, t)",
)

# What a state is.
broken("no-init", "optimizer", "init", "reads s.v", f"{INIT}\n    return Optimizer.init(self, w, layout)")
broken(
    "seeds-numpy",
    "optimizer",
    "global random state",
    "np.random",
    f"{INIT}\n    np.random.seed(1)\n    return State(v=np.zeros_like(w))",
)
broken(
    "seeds-python",
    "optimizer",
    "global random state",
    "random was",
    f"{INIT}\n    random.seed(1)\n    return State(v=np.zeros_like(w))",
)
broken(
    "moves-in-init", "optimizer", "init", "changes the weights", f"{INIT}\n    w *= 0.9\n    return State(v=np.zeros_like(w))"
)
broken(
    "shifts-layout",
    "optimizer",
    "init",
    "changes the layout",
    f"{INIT}\n    layout.shapes.clear()\n    return State(v=np.zeros_like(w))",
)
broken("double-state", "optimizer", "types", "float64", f"{INIT}\n    return State(v=np.zeros(w.size))")
broken(
    "matrices-only",
    "optimizer",
    "init",
    "unpack",
    f"{INIT}\n    for a in layout.views(w).values(): rows, columns = a.shape\n    return State(v=np.zeros_like(w))",
)
broken(
    "needs-a-matrix",
    "optimizer",
    "shapes",
    "empty",
    f"{INIT}\n    max(a.shape[1] for a in layout.views(w).values() if a.ndim == 2)\n    return State(v=np.zeros_like(w))",
)
broken(
    "hidden-count",
    "optimizer",
    "checkpoint",
    "ends at other weights",
    f"{INIT}\n    MEMORY['t'] = 0\n    return State(v=np.zeros_like(w))\n{UPDATE}\n    MEMORY['t'] += 1\n"
    f"    g /= MEMORY['t']\n{SUPER}\nglobals()['MEMORY'] = {{}}",
)
broken(
    "cached-rate",
    "optimizer",
    "rates",
    "at a rate of 0",
    f"{INIT}\n    return State(lr=self.lr, v=np.zeros_like(w))\n{UPDATE}\n    s.v *= self.beta\n"
    "    s.v += g\n    axpy(-s.lr, s.v, w)",
)

# What is evaluated.
broken("eval-moves", "optimizer", "eval_weights", "changes the weights", f"{EVAL}\n    w *= 0.999\n    return w")
broken(
    "eval-layout",
    "optimizer",
    "eval_weights",
    "changes the layout",
    f"{INIT}\n    return State(v=np.zeros_like(w), layout=layout)\n{EVAL}\n    s.layout.shapes.clear()\n    return w",
)
broken("eval-copies", "optimizer", "eval_weights", "a copy", f"{EVAL}\n    return w.copy()")
broken(
    "eval-averages",
    "optimizer",
    "eval_weights",
    "two calls",
    f"{INIT}\n    return State(v=np.zeros_like(w), a=w.copy())\n{EVAL}\n    s.a += 0.1 * (w - s.a)\n    return s.a",
)

# What a class is.
broken("unused-field", "optimizer", "hyper-parameters have an effect", "eps has none", "eps: float = positive(1e-8)")
broken(
    "undocumented",
    "optimizer",
    "hyper-parameters documented",
    "nu is not",
    f"nu: float = 1.0\n{UPDATE}\n    g *= self.nu\n{SUPER}",
)
broken(
    "halves",
    "optimizer",
    "rebuilt from its spec",
    "gives Mine",
    "def __post_init__(self):\n    object.__setattr__(self, 'lr', self.lr / 2)",
)
broken("two-arguments", "optimizer", "signatures", "update(w, g) is called", "def update(self, w, g):\n    w -= self.lr * g")
broken("bad-rates", "optimizer", "declarations", "rates is ('speed',)", "rates: ClassVar[Any] = ('speed',)")

ADAM = """
def textbook(w, g, t, memory, o):
    m = memory["m"] = o.beta1 * memory.get("m", 0.0) + (1 - o.beta1) * g
    v = memory["v"] = o.beta2 * memory.get("v", 0.0) + (1 - o.beta2) * g**2
    return w - o.lr * m / (1 - o.beta1**t) / (np.sqrt(v / (1 - o.beta2**t)) + 1e-8)

@dataclass(frozen=True, kw_only=True)
class Mine(Optimizer):
    '''Adam. Kingma & Ba 2015.'''
    name: ClassVar[str] = "{name}"
    reference: ClassVar[Any] = {reference}
    lr: float = positive(0.01)
    beta1: float = fraction(0.9)
    beta2: float = fraction(0.999)

    def init(self, w, layout):
        return State(m=np.zeros_like(w), v=np.zeros_like(w), u=np.zeros_like(w))

    def update(self, w, g, s, t):
        beta1, beta2 = {betas}
        one, two = {corrections}
        for average, beta in ((s.m, beta1), (s.v, beta2)):
            average *= beta
            np.multiply(g, 1 - beta, out=s.u)
            average += s.u
            g *= g
        np.sqrt(s.v, out=s.u)
        s.u *= 1 / math.sqrt(two)
        s.u += 1e-8
        np.divide(s.m, s.u, out=s.u)
        axpy(-self.lr / one, s.u, w)
"""


def adam(name: str, **parts: str) -> str:
    right = {
        "reference": "staticmethod(textbook)",
        "betas": "self.beta1, self.beta2",
        "corrections": "1 - beta1**t, 1 - beta2**t",
    }
    return ADAM.format(name=name, **(right | parts)) + HOOK.format(kind="optimizer", plural="s")


whole(
    "swapped-betas",
    "reference",
    "weights differ from the reference",
    adam("swapped-betas", betas="self.beta2, self.beta1"),
    "optimizer",
)
whole("uncorrected", "reference", "differ from the reference", adam("uncorrected", corrections="1.0, 1.0"), "optimizer")
whole("no-oracle", "reference", "cannot be imported", adam("no-oracle", reference="'no_such:oracle'"), "optimizer")

CLASS = """
{decorator}
class Mine(Optimizer):
    {docstring}
    name: ClassVar[str] = "{name}"
    lr: float = {lr}

    def update(self, w, g, s, t):
        axpy(-self.lr, g, w)
"""


def declared(name: str, check: str, word: str, decorator: str = "@dataclass(frozen=True, kw_only=True)", **parts: str) -> None:
    parts = {"lr": "positive(0.01)", "docstring": '"""Descent. Cauchy 1847."""'} | parts
    text = CLASS.format(name=name, decorator=decorator, **parts)
    whole(name, check, word, text + HOOK.format(kind="optimizer", plural="s"), "optimizer")


declared("no-dataclass", "frozen", "not decorated", "", lr="0.01")
declared("mutable", "frozen", "can be changed", "@dataclass(kw_only=True, unsafe_hash=True)")
declared("unequal", "picklable", "not equal", "@dataclass(frozen=True, kw_only=True, eq=False)")
declared("silent", "docstring", "has none", docstring="")
declared("uncited", "citation", "no citation", docstring='"""Descent."""')
whole(
    "nothing-defined",
    "signatures",
    "defines no update or step",
    '@dataclass(frozen=True, kw_only=True)\nclass Mine(Optimizer):\n    """Nothing. Source: own work."""\n'
    '    name: ClassVar[str] = "nothing-defined"\n    lr: float = positive(0.1)\n' + HOOK.format(kind="optimizer", plural="s"),
    "optimizer",
)

# What a plugin is.
whole("no-import", "loads", "No module named 'no_such'", "import no_such")
whole("syntax", "loads", "SyntaxError", "def f(:")
whole("old-contract", "contract", "built for contract 1", "OPTBENCH_CONTRACT = 1")
whole("empty", "registers components", "none", "")
BROKEN += [
    Example(
        "one-class", "plugin", source("one-class", "optimizer", "").replace("[Mine]", "Mine"), "hooks", "must return a list"
    ),
    Example(
        "wrong-kind", "plugin", source("wrong-kind", "wrapper", "").replace("_wrappers", "_optimizers"), "hooks", "is a wrapper"
    ),
    Example("rival", "plugin", source("adam", "optimizer", ""), "unique names", "are named 'adam'"),
    Example(
        "no-version",
        "optimizer",
        source("no-version", "optimizer", "").replace("OPTBENCH_CONTRACT = 2", ""),
        "contract version",
        "does not declare",
    ),
]

# Wrappers.
INNER = "inner optimizer"
broken(
    "forgets-eval",
    "wrapper",
    INNER,
    "eval_weights is never called",
    f"{STEP}\n    self.inner.step(w, s.inner, t, at)\n    s.average *= self.decay\n    axpy(1.0 - self.decay, w, s.average)",
)
broken(
    "inner-update",
    "wrapper",
    INNER,
    "inner.update",
    f"{STEP}\n    self.inner.update(w, at.gradient(), s.inner, t)\n"
    "    np.multiply(self.inner.eval_weights(w, s.inner), self.decay, out=s.average)",
)
broken(
    "inner-twice",
    "wrapper",
    INNER,
    "2 times",
    f"{STEP}\n    self.inner.step(w, s.inner, t, at)\n    super(Mine, self).step(w, s, t, at)",
)
broken("constant-t", "wrapper", INNER, "1, 1, 1", f"{STEP}\n    super(Mine, self).step(w, s, 1, at)")
broken("no-inner-state", "wrapper", INNER, "inner.init 0 times", f"{INIT}\n    return State(average=w.copy(), inner=State())")
broken(
    "outer-state",
    "wrapper",
    INNER,
    "without what its init returned",
    f"{STEP}\n    self.inner.step(w, s, t, at)\n    np.multiply(w, self.decay, out=s.average)",
)
broken("own-batch", "wrapper", "of the inner kind", "batch is 'full'", "batch: ClassVar[str] = 'full'")
broken("unscaled", "wrapper", "of the inner kind", "scaled(0.5)", "def scaled(self, factor):\n    return self")
whole(
    "short-run",
    "factor",
    "ZeroDivisionError",
    '@dataclass(frozen=True, kw_only=True)\nclass Mine(Schedule):\n    """Linear. Source: own work."""\n'
    '    name: ClassVar[str] = "short-run"\n\n    def factor(self, t, steps):\n        return 1 - 0.9 * (t - 1) / (steps - 1)\n'
    + HOOK.format(kind="wrapper", plural="s"),
    "wrapper",
)

# Architectures.
BIND = "def bind(self, layout, loss, dtype):\n    return Other(layout, loss, dtype)"
OTHER = "class Other(Network):\n    {}\n\nglobals()['Other'] = Other\ndel Other"


def network(name: str, check: str, word: str, method: str) -> None:
    """Add an architecture whose networks have another method."""
    body = OTHER.format(textwrap.indent(textwrap.dedent(method), "    ").strip()) + "\n" + BIND
    broken(name, "architecture", check, word, body)


GRADIENT = "def loss_and_grad(self, x, y):\n    value = Network.loss_and_grad(self, x, y)\n    {}\n    return value"
broken(
    "all-zero",
    "architecture",
    "starting point",
    "gradient of layer1",
    "def initial(self, layout, rng):\n    return np.zeros(layout.size)",
)
broken(
    "own-generator",
    "architecture",
    "initial weights",
    "different weights",
    "def initial(self, layout, rng):\n    return np.random.default_rng().random(layout.size)",
)
broken(
    "contract-1",
    "architecture",
    "signatures",
    "layout(inputs) is called as layout(inputs, outputs)",
    "def layout(self, inputs):\n    return Layout({'layer1': (inputs, 1)})\n"
    "def bind(self, layout, dtype):\n    return Network(layout, None, dtype)",
)
network(
    "old-model",
    "model",
    "has no forward",
    "forward = property(lambda self: self._no)\ndef predict(self, x, w=None):\n    return Network.forward(self, x, w)",
)
network("doubled", "gradient", "finite differences give", GRADIENT.format("self.g *= 2.0"))
network("wrong-loss", "loss and forward agree", "loss_and_grad returns", GRADIENT.format("value *= 2.0"))
network("moves-weights", "in place", "has been changed", GRADIENT.format("self.w *= 0.999"))
network(
    "wrong-product",
    "Hessian-vector product",
    "differs by",
    "def hvp(self, x, y, v, out):\n    Network.hvp(self, x, y, v, out)\n    out *= 1.1",
)
network(
    "shared-z",
    "in place",
    "forward overwrites z",
    "def forward(self, x, w=None):\n    z = Network.forward(self, x, w)\n"
    "    if z.shape == self.z.shape: self.z[:] = z\n    return z",
)
broken("no-units", "architecture", "hyper-parameters have an effect", "depth has none", "depth: int = count(2)")

# Losses.
VALUE = "def value(self, z, y):\n    {}\n"
DZ = "def value_and_gradient(self, z, y, dz):\n    value = Squared.value_and_gradient(self, z, y, dz)\n    {}\n    return value"
broken(
    "undivided",
    "loss",
    "gradient",
    "finite differences",
    DZ.format("dz *= len(y)") + "\ndef second(self, z, y, rz, out):\n    out[:] = rz",
)
broken(
    "summed",
    "loss",
    "value",
    "mean of its parts",
    VALUE.format("return len(y) * Squared.value(self, z, y)") + DZ.format("value, dz[:] = len(y) * value, len(y) * dz"),
)
broken("two-values", "loss", "value", "value_and_gradient", DZ.format("value *= 2.0"))
broken("overwrites", "loss", "arguments", "changes z", DZ.format("z[:] = 0.0"))
broken("flat-curvature", "loss", "second derivative", "differs by", "def second(self, z, y, rz, out):\n    out[:] = 0.0")
broken(
    "biased",
    "loss",
    "sampled labels",
    "not 0",
    "def sample_labels(self, z, rng):\n    return Squared.sample_labels(self, z, rng) + 0.1",
)
broken("nan-worst", "loss", "quality", "worst is nan", "def worst(self, y):\n    return math.nan")
broken(
    "overflows",
    "loss",
    "extreme outputs",
    "NaN",
    VALUE.format("return float(0.5 * np.log(np.exp(np.square(z - y))).sum() / len(y) + 0 * np.exp(np.abs(z)).sum())")
    + DZ.format("value = self.value(z, y)"),
)
broken("list-of-targets", "loss", "targets", "shape (12,)", "def targets(self, y, task):\n    return y[:, 0]")
whole(
    "half-a-loss",
    "signatures",
    "defines no second",
    HEAD + BASES["loss"].format(name="half") + "\n@dataclass(frozen=True, kw_only=True)\nclass Mine(Half):\n"
    '    """Half. Source: own work."""\n    name: ClassVar[str] = "half-a-loss"\n    second = Loss.second\n'
    + HOOK.format(kind="loss", plural="es"),
    "loss",
)

# Data.
GENERATE = "def generate(self):\n    {}"
broken(
    "overlap",
    "dataset",
    "disjoint splits",
    "20 rows of validation",
    GENERATE.format("return {split: rows(np.random.default_rng(5), 20) for split in ('train', 'validation', 'test')}"),
)
broken(
    "other-rows",
    "dataset",
    "deterministic",
    "differ",
    GENERATE.format(
        "rng = np.random.default_rng()\n    return {split: rows(rng, 20) for split in ('train', 'validation', 'test')}"
    ),
)
broken(
    "two-splits",
    "dataset",
    "generates",
    "'test'",
    GENERATE.format("return {split: rows(np.random.default_rng(5), 20) for split in ('train', 'validation')}"),
)
broken(
    "one-class-only",
    "dataset",
    "classes",
    "no row of class 1",
    GENERATE.format(
        "rng = np.random.default_rng(5)\n"
        "    return {split: rows(rng, 20 if split == 'train' else 1) for split in ('train', 'validation', 'test')}"
    ),
)
whole(
    "no-suite",
    "readable",
    "cannot be read",
    'class Mine(Suite):\n    """A suite."""\n    name = "no-suite"\n    file = Path("nowhere.toml")\n'
    + HOOK.format(kind="suite", plural="s"),
    "suite",
)

# What ends its process.
for name, check, word, body in (
    ("segfault", "init", "SIGSEGV", f"{UPDATE}\n    os.kill(os.getpid(), signal.SIGSEGV)"),
    ("null", "init", "SIGSEGV", f"{UPDATE}\n    ctypes.string_at(0)"),
    ("leaves", "runs", "exit code 3", f"{UPDATE}\n    if t > 20: os._exit(3)\n{SUPER}"),
    ("endless", "runs", "not ended after 8 s", f"{UPDATE}\n    while t > 1: time.sleep(0.01)\n{SUPER}"),
):
    CRASHING.append(Example(name, "optimizer", source(name, "optimizer", body), check, word))


def sound(name: str, kind: str, body: str, **more: str) -> None:
    SOUND.append(Example(name, kind, source(name, kind, body, **more)))


sound("plain", "optimizer", "pass")
sound("plain-average", "wrapper", "pass")
sound("plain-net", "architecture", "pass")
sound("plain-loss", "loss", "pass")
sound("plain-table", "dataset", "pass")
sound(
    "resampling",
    "optimizer",
    f"""
    every: int = count(10)

    {INIT}
        return State(h=np.zeros_like(w), g=np.empty_like(w))

    {STEP}
        np.copyto(s.g, at.gradient())
        if t % self.every == 1 or self.every == 1:
            labels = at.sample_labels()
            g = at.gradient(labels)
            g *= g
            g *= len(labels) * (1 - self.beta)
            s.h *= self.beta
            s.h += g
        np.add(s.h, 1.0, out=s.h)
        np.divide(s.g, s.h, out=s.g)
        np.subtract(s.h, 1.0, out=s.h)
        axpy(-self.lr, s.g, w)
    """,
)
sound(
    "armijo",
    "optimizer",
    f"""
    rates: ClassVar[tuple[str, ...]] = ("lr",)
    lr: float = positive(1.0)
    beta: float = fraction(0.5)
    c: float = fraction(1e-4)

    {INIT}
        return State(w=w.copy(), g=np.empty_like(w))

    {STEP}
        np.copyto(s.w, w)
        np.copyto(s.g, at.gradient())
        start, slope, step = at.loss, float(np.dot(s.g, s.g)), self.lr
        for _ in range(30):
            np.copyto(w, s.w)
            axpy(-step, s.g, w)
            if not at.value() > start - self.c * step * slope:
                return
            step *= self.beta
    """,
)
sound(
    "variance-reduced",
    "optimizer",
    f"""
    beta: ClassVar[float] = 0.0
    every: int = count(5)

    {INIT}
        return State(anchor=w.copy(), mean=np.zeros_like(w), here=np.empty_like(w), w=np.empty_like(w))

    {STEP}
        if t % self.every == 1 or self.every == 1:
            np.copyto(s.anchor, w)
            np.copyto(s.mean, at.full().gradient())
        np.copyto(s.here, at.gradient())
        np.copyto(s.w, w)
        np.copyto(w, s.anchor)
        g = at.gradient()
        np.copyto(w, s.w)
        s.here -= g
        s.here += s.mean
        axpy(-self.lr, s.here, w)
    """,
)
sound(
    "scalars-only",
    "optimizer",
    f"{INIT}\n    return State(total=0.0)\n{UPDATE}\n"
    "    s.total = self.beta * s.total + float(np.dot(g, g))\n"
    "    axpy(-self.lr / math.sqrt(s.total + 1e-8), g, w)",
)
sound(
    "floats-in-a-list",
    "optimizer",
    f"""
    {INIT}
        return State(layout=layout, norms=[0.0] * len(layout.shapes))

    {UPDATE}
        for place, (layer, gradient) in enumerate(zip(s.layout.views(w).values(), s.layout.views(g).values())):
            s.norms[place] = self.beta * s.norms[place] + float(np.vdot(gradient, gradient))
            gradient *= self.lr / (math.sqrt(s.norms[place]) + 1e-8)
            layer -= gradient
    """,
)
sound(
    "schedule-free",
    "optimizer",
    f"""
    {INIT}
        return State(z=w.copy(), x=w.copy(), sum=0.0)

    {UPDATE}
        axpy(-self.lr, g, s.z)
        s.sum += self.lr**2
        c = self.lr**2 / s.sum if s.sum else 1.0
        s.x *= 1.0 - c
        axpy(c, s.z, s.x)
        np.multiply(s.z, 1.0 - self.beta, out=w)
        axpy(self.beta, s.x, w)

    {EVAL}
        return s.x
    """,
)
sound(
    "late-average",
    "optimizer",
    f"{INIT}\n    return State(v=np.zeros_like(w), x=w.copy())\n{EVAL}\n    np.multiply(w, self.beta, out=s.x)\n    return s.x",
)
sound(
    "perturbed",
    "optimizer",
    f"{UPDATE}\n    pass\n{STEP}\n    g = at.gradient()\n"
    "    g += self.beta * at.noise.standard_normal(dtype=g.dtype)\n"
    "    super(Mine, self).update(w, g, s, t)",
)
sound(
    "accumulating",
    "wrapper",
    f"{INIT}\n    return State(g=np.zeros_like(w), **vars(super(Mine, self).init(w, layout)))\n"
    f"{STEP}\n    if t % 2:\n        np.copyto(s.g, at.gradient())\n    else:\n"
    "        super(Mine, self).step(w, s, t // 2, at.after(lambda g: np.add(g, s.g, out=g)))",
)
SOUND.append(Example("textbook-adam", "optimizer", HEAD + adam("textbook-adam")))
sound(
    "linear-from-zero",
    "architecture",
    "hidden: ClassVar[int] = 1\ndef widths(self):\n    return ()\ndef initial(self, layout, rng):\n"
    "    return np.zeros(layout.size)",
)
