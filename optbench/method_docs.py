"""The documentation of a component, generated from its class: docstrings, hyper-parameters, state, oracles and origin.

Oracles are declared as `oracles: ClassVar[tuple[Oracle, ...]]`; a plugin may describe one in words, `oracle: ClassVar[str]`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optbench.core.contracts import Architecture, Optimizer, Wrapper
from optbench.core.docstrings import described, equations
from optbench.core.hyperparameters import fields_of
from optbench.core.numerics import Layout
from optbench.core.oracles import oracles_of
from optbench.core.spaces import neutrals_of, spaces_of
from optbench.registry import Component
from optbench.training.state_sizes import state_sizes

INPUTS = 2049
"""Question and answer of 1024 numbers each, and the column of ones."""
TYPICAL = Layout({"layer1": (INPUTS, 64), "layer2": (64, 1)})
"""The 131,200 weights of `two-layer-mlp`, for which the size of a state is measured."""


@dataclass(frozen=True)
class Parameter:
    """A hyper-parameter: its default, its range or else its type, whether a schedule multiplies it, where a search draws it.

    `neutral` is the value at which it has no effect, and what the method is then without.
    """

    name: str
    default: Any
    range: str
    scheduled: bool
    space: str = ""
    neutral: str = ""

    def __str__(self) -> str:
        within = f"in {self.range}" if self.range[:1] in ("(", "[") else self.range
        texts = [f"{self.name} = {self.default}", within]
        texts += ["scaled by schedules"] if self.scheduled else []
        texts += [f"searched in {self.space}"] if self.space else []
        return ", ".join(texts) + (f"; {self.neutral}" if self.neutral else "")


@dataclass(frozen=True)
class StateSize:
    """The bytes of an optimizer's state, and of scratch memory in it where that was measured, for a number of weights."""

    bytes: int
    weights: int
    dtype: str
    scratch: int = 0

    def __str__(self) -> str:
        """Return the sizes per weight, the total, and scratch memory apart."""
        text = f"{self._per_weight(self.bytes)}: {amount(self.bytes)} for {self.weights:,} weights" if self.bytes else "none"
        return f"{text}; scratch memory, {self._per_weight(self.scratch)}: {amount(self.scratch)}" if self.scratch else text

    def _per_weight(self, size: int) -> str:
        numbers = size / self.weights / np.dtype(self.dtype).itemsize
        return (
            f"{size / self.weights:.3g} bytes per weight in {self.dtype} "
            f"({numbers:.3g} number{'s' if numbers > 1 else ''} per weight)"
        )


@dataclass(frozen=True)
class ComponentDoc:
    """The documentation of a component."""

    kind: str
    name: str
    title: str
    source: str
    notes: str
    deviations: str
    equations: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    facts: tuple[tuple[str, str], ...]
    """Labels and texts that only some kinds have, such as an optimizer's batches, state and oracles."""
    distribution: str
    version: str
    module: str

    def lines(self) -> list[tuple[str, str]]:
        """Return the documentation as labels and texts, without empty ones."""
        lines = [("method", self.title), ("source", self.source), ("notes", self.notes), ("deviations", self.deviations)]
        lines += [("equation", equation) for equation in self.equations]
        lines += [("hyper-parameter", str(parameter)) for parameter in self.parameters]
        lines += [*self.facts, ("origin", f"{self.distribution} {self.version}, {self.module}")]
        return [(label, text) for label, text in lines if text]

    def within(self, wrappers: Sequence[ComponentDoc]) -> ComponentDoc:
        """Return the same documentation with the wrappers around the optimizer, the innermost first."""
        facts = tuple(("wrapper", f"{w.name}: {w.title}. {w.source}") for w in wrappers)
        return dataclasses.replace(self, facts=(*self.facts, *facts))

    def as_json(self) -> dict[str, Any]:
        """Return the documentation as plain values."""
        return {**dataclasses.asdict(self), "facts": dict(self.facts)}


def component_doc(component: Component, kind: str, state: StateSize | None = None) -> ComponentDoc:
    """Return the documentation of a component.

    Args:
        component: the class and its plugin.
        kind: "optimizer", "wrapper", "architecture" or "embedder".
        state: the size of an optimizer's state, where it was measured.
    """
    cls = component.cls
    description = described(cls)
    return ComponentDoc(
        kind,
        component.name,
        description.title,
        description.source,
        description.notes,
        description.deviations,
        equations=tuple(equations(cls)) if issubclass(cls, Optimizer) else (),
        parameters=tuple(_parameters(cls)),
        facts=tuple((label, text) for label, text in _facts(cls, state) if text),
        distribution=component.plugin.distribution,
        version=component.plugin.version,
        module=cls.__module__,
    )


def measured_state(component: Component) -> StateSize | None:
    """Return the size of an optimizer's state for typical weights; None if it cannot be measured."""
    try:
        state, scratch = state_sizes(component.cls(), np.zeros(TYPICAL.size, np.float32), TYPICAL)
        return StateSize(state, TYPICAL.size, "float32", scratch)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  # a plugin may raise anything, SystemExit too, and is documented nevertheless
        return None


def amount(size: int) -> str:
    """Return a number of bytes with a decimal unit."""
    for unit, least in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= least:
            return f"{size / least:.3g} {unit}"
    return f"{size} B"


def _parameters(cls: type[Any]) -> list[Parameter]:
    rates = _rates(cls) if issubclass(cls, Optimizer) and not issubclass(cls, Wrapper) else ()
    spaces = {name: str(space) for name, space in spaces_of(cls).items()}
    neutrals = {name: f"{neutral.value}: {neutral.words}" for name, neutral in neutrals_of(cls).items()}
    return [
        Parameter(
            name,
            _default(f),
            str(f.metadata.get("range") or _type(f.type)),
            name in rates,
            spaces.get(name, ""),
            neutrals.get(name, ""),
        )
        for name, f in fields_of(cls).items()
    ]


def _rates(cls: type[Optimizer]) -> tuple[str, ...]:
    """The rates of a class or, where they depend on a hyper-parameter, those that it has with its defaults."""
    return cls().rates if isinstance(cls.rates, property) else cls.rates


def _schedules(cls: type[Optimizer]) -> str:
    if not _rates(cls):
        return "not possible: it sets its own rate"
    return "not possible where it sets its own rate" if isinstance(cls.rates, property) else ""


def _default(f: dataclasses.Field[Any]) -> Any:
    return f.default if f.default_factory is dataclasses.MISSING else f.default_factory()


def _type(declared: Any) -> str:
    return declared if isinstance(declared, str) else getattr(declared, "__name__", str(declared))


def _facts(cls: type[Any], state: StateSize | None) -> list[tuple[str, str]]:
    if issubclass(cls, Optimizer) and not issubclass(cls, Wrapper):
        oracles = "; ".join(map(str, oracles_of(cls))) or str(getattr(cls, "oracle", ""))
        return [
            ("rows per step", "all" if cls.batch == "full" else "a mini-batch"),
            ("schedules", _schedules(cls)),
            ("needs", ", ".join(sorted(cls.needs))),
            ("state", str(state) if state else ""),
            ("oracle", oracles or "none declared"),
        ]
    if issubclass(cls, Architecture):
        return [("provides", ", ".join(sorted(cls.provides))), ("weights", _weights(cls))]
    return []


def _weights(cls: type[Architecture]) -> str:
    try:
        layout = cls().layout(INPUTS, 1)
        layers = ", ".join("x".join(map(str, shape)) for shape in layout.shapes.values())
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  # as in measured_state
        return ""
    return f"{layout.size:,} for {INPUTS} inputs and one output: {layers}"
