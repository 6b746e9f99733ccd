"""How the source of a plugin is put together: imports, a sound class, one with other members, and its hook."""

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
    Embedder, GeneratedDataset, Layout, Loss, Neutral, Optimizer, Schedule, State, Suite, TableRows, Task, Wrapper,
    axpy, choices, count, fraction, hookimpl, log_uniform, non_negative, norm, one_minus_log, option, positive, scaled, uniform,
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
    "embedder": '''
@dataclass(frozen=True, kw_only=True)
class Lengths(Embedder):
    """Lengths of texts. Source: own work."""
    name: ClassVar[str] = "{name}"

    def encode(self, texts, role, fitted):
        return np.array([[len(text), text.count(" ")] for text in texts], np.float32)
''',
    "table": '''
@dataclass(frozen=True, kw_only=True)
class Scaled(Embedder):
    """Numbers over the largest of their column. Source: own work."""
    name: ClassVar[str] = "{name}"
    takes: ClassVar[str] = "table"

    def fit_table(self, features):
        return np.abs(features).max(axis=0)

    def encode_table(self, features, fitted):
        return features / fitted
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
}
"""Sound classes, one of which a broken one subclasses; "table" is an embedder too."""
CLASSES = {
    base: next(line for line in text.splitlines() if line.startswith("class ")).split()[1].split("(")[0]
    for base, text in BASES.items()
}
HOOK = """
@hookimpl
def optbench_{kind}{plural}():
    return [Mine]
"""


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


def source(name: str, kind: str, body: str, *, base: str = "", fields: str = "") -> str:
    """Return a plugin whose class `Mine` is the sound one of its kind, or another one, with other members."""
    members = textwrap.indent(textwrap.dedent(f"{fields}\n{textwrap.dedent(body)}"), "    ")
    mine = (
        f"\n@dataclass(frozen=True, kw_only=True)\nclass Mine({CLASSES[base or kind]}):\n"
        f'    """An example. Source: own work."""\n    name: ClassVar[str] = "{name}"\n{members}\n'
    )
    return HEAD + BASES[base or kind].format(name=name) + mine + hook(kind)


def hook(kind: str) -> str:
    """Return the hook that registers `Mine`."""
    return HOOK.format(kind=kind, plural="es" if kind == "loss" else "s")


def broken(name: str, kind: str, check: str, word: str, body: str, **more: str) -> Example:
    """Return a plugin that is sound but for some members of its class."""
    return Example(name, kind, source(name, kind, body, **more), check, word)


def whole(name: str, check: str, word: str, text: str, kind: str = "plugin") -> Example:
    """Return a plugin of which nothing is sound."""
    return Example(name, kind, HEAD + textwrap.dedent(text), check, word)


UPDATE = "def update(self, w, g, s, t):"
INIT = "def init(self, w, layout):"
STEP = "def step(self, w, s, t, at):"
EVAL = "def eval_weights(self, w, s):"
SUPER = "    super(Mine, self).update(w, g, s, t)"
