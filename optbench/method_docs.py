"""A page for each method, made from its class: docstrings, hyper-parameters, state, oracle and origin.

The first line of a class's docstring is "What it is. Source."; a sentence that begins with "Deviation" says, to the end of its
paragraph, where it departs from the source. The equation stands in the docstring of `update`, or of the methods it calls. A
plugin's class may name its oracle in words: `oracle: ClassVar[str]`.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optbench.core.contracts import Architecture, Optimizer, Wrapper
from optbench.core.numerics import Layout, state_bytes
from optbench.optimizers.oracles import ORACLES
from optbench.registry import Component

INPUTS = 2049
"""Question and answer of 1024 numbers each, and the column of ones."""
TYPICAL = Layout({"layer1": (INPUTS, 64), "layer2": (64, 1)})
"""The 131,200 weights of `two-layer-mlp`, on which a state's size is told."""
_DEVIATION = re.compile(r"\b(?:No deviations?\b|Deviations?\b)")
_NOT_EQUATIONS = {"init", "eval_weights", "scaled"}


@dataclass(frozen=True)
class Parameter:
    """A hyper-parameter: its default, its range or else its type, and whether a schedule multiplies it."""

    name: str
    default: Any
    range: str
    scheduled: bool


@dataclass(frozen=True)
class StateSize:
    """The size of an optimizer's state on so many weights."""

    bytes: int
    weights: int
    dtype: str

    def __str__(self) -> str:
        if not self.bytes:
            return "none"
        a_weight = self.bytes / self.weights
        numbers = a_weight / np.dtype(self.dtype).itemsize
        return (
            f"{a_weight:.3g} bytes a weight in {self.dtype} ({numbers:.3g} number{'s' if numbers > 1 else ''} a weight): "
            f"{amount(self.bytes)} on {self.weights:,} weights"
        )


@dataclass(frozen=True)
class Page:
    """All there is to know of a method."""

    kind: str
    name: str
    title: str
    source: str
    notes: str
    deviations: str
    equations: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    facts: tuple[tuple[str, str], ...]
    """What only some kinds have: how an optimizer sees the rows, its state, its oracle."""
    distribution: str
    version: str
    module: str

    def lines(self) -> list[tuple[str, str]]:
        """Return the page for people: what, and what is said of it."""
        told = [("method", self.title), ("source", self.source), ("notes", self.notes), ("deviations", self.deviations)]
        told += [("equation", equation) for equation in self.equations]
        told += [("hyper-parameter", _written(parameter)) for parameter in self.parameters]
        told += [*self.facts, ("origin", f"{self.distribution} {self.version}, {self.module}")]
        return [(what, text) for what, text in told if text]

    def within(self, wrappers: Sequence[Page]) -> Page:
        """Return the same page, which names the wrappers around the method, the innermost first."""
        told = tuple(("wrapper", f"{w.name}: {w.title}. {w.source}") for w in wrappers)
        return dataclasses.replace(self, facts=(*self.facts, *told))

    def as_json(self) -> dict[str, Any]:
        """Return the page as plain values."""
        return {**dataclasses.asdict(self), "facts": dict(self.facts)}


def page(method: Component, axis: str, state: StateSize | None = None) -> Page:
    """Return the page of a method.

    Args:
        method: the class and its plugin.
        axis: "optimizer", "wrapper", "architecture" or "embedder".
        state: the size of an optimizer's state, where it was measured.
    """
    cls = method.cls
    title, source, notes, deviations = _described(cls)
    return Page(
        axis,
        method.name,
        title,
        source,
        notes,
        deviations,
        equations=tuple(_equations(cls)) if issubclass(cls, Optimizer) else (),
        parameters=tuple(_parameters(cls)),
        facts=tuple(_facts(cls, state)),
        distribution=method.plugin.distribution,
        version=method.plugin.version,
        module=cls.__module__,
    )


def measured_state(method: Component) -> StateSize | None:
    """Call an optimizer's `init` on typical weights and measure what it returns; None where it raises."""
    w = np.zeros(TYPICAL.size, np.float32)
    try:
        return StateSize(state_bytes(method.cls().init(w, TYPICAL)), TYPICAL.size, "float32")
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  # a plugin's method that cannot start has a page nevertheless, SystemExit or not
        return None


def amount(size: int) -> str:
    """Write a number of bytes with a decimal unit."""
    for unit, least in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= least:
            return f"{size / least:.3g} {unit}"
    return f"{size} B"


def _described(cls: type[Any]) -> tuple[str, str, str, str]:
    """What it is, its source, further notes, and its deviations, from the docstring of a class."""
    first, *rest = _paragraphs(cls) or [""]
    title, _, source = first.partition(". ")
    deviations, notes = [], []
    for paragraph in (source, *rest):
        found = _DEVIATION.search(paragraph)
        said = paragraph[: found.start()] if found else paragraph
        notes.append(said.strip())
        deviations.append(_said(paragraph[found.start() :]) if found else "")
    source, *notes = notes
    return title.rstrip("."), source.rstrip("."), " ".join(filter(None, notes)), " ".join(filter(None, deviations))


def _said(deviation: str) -> str:
    """What is said of a deviation, without the word itself: that is the label."""
    said = re.sub(r"^Deviations?[:,]?\s*", "", deviation).strip()
    return "none" if said.startswith("No deviation") else said


def _paragraphs(thing: Any) -> list[str]:
    """The paragraphs of a docstring, each on one line; none for what has no docstring of its own."""
    text = getattr(thing, "__doc__", None)
    if not isinstance(text, str):
        return []
    return [" ".join(paragraph.split()) for paragraph in inspect.cleandoc(text).split("\n\n") if paragraph.strip()]


def _equations(cls: type[Any]) -> list[str]:
    """Those docstrings of the class's methods that hold an equation, or that of `update`, or of `step`."""
    own = {
        name: " ".join(_paragraphs(function))
        for base in reversed(cls.__mro__)
        if base.__module__ not in (Optimizer.__module__, object.__module__)
        for name, function in vars(base).items()
        if inspect.isfunction(function) and name not in _NOT_EQUATIONS
    }
    with_equations = [text for text in own.values() if " = " in text]
    return with_equations or [text for name in ("update", "step") if (text := own.get(name, ""))][:1]


def _parameters(cls: type[Any]) -> list[Parameter]:
    if not dataclasses.is_dataclass(cls):
        return []
    rates = () if issubclass(cls, Wrapper) else getattr(cls, "rates", ())
    return [
        Parameter(f.name, _default(f), str(f.metadata.get("range") or _type(f.type)), f.name in rates)
        for f in dataclasses.fields(cls)
        if not f.metadata.get("part")
    ]


def _default(f: dataclasses.Field[Any]) -> Any:
    return f.default if f.default_factory is dataclasses.MISSING else f.default_factory()


def _type(declared: Any) -> str:
    return declared if isinstance(declared, str) else getattr(declared, "__name__", str(declared))


def _written(parameter: Parameter) -> str:
    within = f"in {parameter.range}" if parameter.range[:1] in ("(", "[") else parameter.range
    return f"{parameter.name} = {parameter.default}, {within}{', scaled by schedules' if parameter.scheduled else ''}"


def _facts(cls: type[Any], state: StateSize | None) -> list[tuple[str, str]]:
    if issubclass(cls, Optimizer) and not issubclass(cls, Wrapper):
        facts = [
            ("rows a step", "all" if cls.batch == "full" else "a mini-batch"),
            ("schedules", "" if cls.rates else "refused: it sets its own rate"),
            ("needs", ", ".join(sorted(cls.needs))),
            ("state", str(state) if state else ""),
            ("oracle", _oracle(cls)),
        ]
    elif issubclass(cls, Architecture):
        facts = [("provides", ", ".join(sorted(cls.provides))), ("weights", _weights(cls))]
    else:
        facts = []
    return [(what, text) for what, text in facts if text]


def _weights(cls: type[Architecture]) -> str:
    try:
        layout = cls().layout(INPUTS)
        layers = ", ".join("x".join(map(str, shape)) for shape in layout.shapes.values())
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  # a plugin's, as above
        return ""
    return f"{layout.size:,} for {INPUTS} inputs: {layers}"


def _oracle(cls: type[Any]) -> str:
    """Other people's implementation that it is held against, and how closely (relative to the largest weight)."""
    declared = getattr(cls, "oracle", "")
    if declared:
        return str(declared)
    ours = ORACLES.get(cls.name, ()) if cls.__module__.partition(".")[0] == "optbench" else ()
    told = "; ".join(f"{o.implementation}, to {o.tolerance:g}{f': {o.reason}' if o.reason else ''}" for o in ours)
    return told or "none named"
