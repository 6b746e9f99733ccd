"""What can be selected by name: registered components and the vectors that are shipped with datasets, with one interface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from optbench.core.errors import UsageError
from optbench.core.hyperparameters import build, changed, values
from optbench.core.specs import Choice
from optbench.data.loader import FrozenDataset
from optbench.data.vectors import FrozenVectors, VectorSet, beside, vector_sets
from optbench.planning.selectors import quoted
from optbench.registry import Component


@dataclass(frozen=True)
class Instance:
    """A component with its hyper-parameters and the wrappers around it."""

    component: Any
    """The instance itself, or the outermost of its wrappers."""
    choice: Choice
    """Its name and all of its hyper-parameters, as they are stored."""
    label: str
    """Its name and those hyper-parameters that differ from their defaults, as users write them."""
    classes: tuple[type, ...]
    """Its class, then those of its wrappers."""
    distributions: frozenset[str] = frozenset()
    """The third-party distributions of these classes."""

    def around(self, inner: Instance) -> Instance:
        """Return this wrapper, built around `inner`, together with what it wraps."""
        return Instance(
            self.component,
            Choice(inner.choice.name, inner.choice.params, (*inner.choice.wrappers, self.choice)),
            f"{inner.label}|{self.label}",
            (*inner.classes, *self.classes),
            inner.distributions | self.distributions,
        )


@dataclass(frozen=True, kw_only=True)
class Entry(ABC):
    """A component that is listed under a name."""

    name: str
    origin: str
    """Where it comes from, such as `optbench 0.1.0` or `dataset qa-tr`."""
    summary: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What is shown beside the name: hyper-parameters with their defaults, or the dimension of vectors."""
    in_all: bool = True
    """Whether it is selected where no name is."""
    takes: str = ""
    """For an embedder, the kind of dataset that it embeds."""
    frozen: bool = False
    """Whether it is a set of vectors that was computed before."""
    replaceable: bool = False
    """Whether `optbench data embed` may write vectors of this name."""

    @property
    def missing(self) -> str:
        """Why it cannot be instantiated and what to do about it; empty where it can."""
        return ""

    @abstractmethod
    def instantiate(self, params: Mapping[str, Any], **parts: Any) -> Instance:
        """Return an instance with hyper-parameters `params`, and defaults for the others.

        Args:
            params: hyper-parameters by name.
            parts: other arguments of the class, such as the optimizer within a wrapper.

        Raises:
            UsageError: an unknown hyper-parameter, or a value that is not accepted.
        """


@dataclass(frozen=True, kw_only=True)
class _Registered(Entry):
    registered: Component

    def instantiate(self, params: Mapping[str, Any], **parts: Any) -> Instance:
        cls, plugin = self.registered.cls, self.registered.plugin
        component = build(cls, dict(params), **parts)
        return Instance(
            component,
            Choice(self.name, _as_stored(values(component))),
            _label(self.name, changed(component)),
            (cls,),
            frozenset() if plugin.is_built_in else frozenset({plugin.distribution}),
        )


@dataclass(frozen=True, kw_only=True)
class _Shipped(Entry):
    vectors: VectorSet

    def instantiate(self, params: Mapping[str, Any], **parts: Any) -> Instance:
        sha256 = self.vectors.entry.sha256
        if unknown := params.keys() - {"sha256"}:
            raise UsageError(
                f"{self.name} is a set of vectors and has no hyper-parameters (found: {', '.join(sorted(unknown))})"
            )
        if (wanted := params.get("sha256", sha256)) != sha256:
            raise UsageError(
                f"the vectors {self.name!r} with SHA-256 {str(wanted)[:16]} are not available; those of {self.origin} have "
                f"{sha256[:16]}"
            )
        return Instance(
            FrozenVectors.of(self.vectors), Choice(self.name, {"sha256": sha256}), self.name, classes=(FrozenVectors,)
        )


@dataclass(frozen=True, kw_only=True)
class _Missing(Entry):
    @property
    def missing(self) -> str:
        return self.summary

    def instantiate(self, params: Mapping[str, Any], **parts: Any) -> Instance:
        raise UsageError(f"{self.name}: {self.missing}")


def registered(component: Component) -> Entry:
    """Return the entry of a registered component."""
    plugin = component.plugin
    return _Registered(
        name=component.name,
        origin=f"{plugin.distribution} {plugin.version}",
        summary=component.summary,
        defaults=component.defaults,
        in_all=getattr(component.cls, "in_all", True),
        takes=getattr(component.cls, "takes", ""),
        registered=component,
    )


def shipped(dataset: FrozenDataset) -> Iterator[Entry]:
    """Yield the sets of vectors of a dataset, available or not, as embedders of this dataset alone.

    Raises:
        DataError: the entry of a set breaks a rule.
    """
    origin = f"dataset {dataset.name}"
    available = vector_sets(dataset)
    for name, vectors in available.items():
        yield _Shipped(
            name=name,
            origin=origin,
            summary=vectors.entry.description,
            defaults={"dimension": vectors.entry.dimension},
            in_all=vectors.entry.in_all,
            takes="texts",
            frozen=True,
            replaceable=vectors.folder == beside(dataset),
            vectors=vectors,
        )
    for name in sorted(dataset.manifest.slots.keys() - available.keys()):
        remedy = f"'optbench data embed {dataset.name} --embedder {name}' creates them"
        summary = f"vectors not available; {remedy}"
        yield _Missing(name=name, origin=origin, summary=summary, in_all=False, takes="texts", replaceable=True)


def _as_stored(params: Mapping[str, Any]) -> dict[str, Any]:
    """Turn tuples into lists, as JSON does."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in params.items()}


def _label(name: str, params: Mapping[str, Any]) -> str:
    if not params:
        return name
    written = ",".join(f"{key}={_written(value)}" for key, value in sorted(params.items()))
    return f"{name}[{written}]"


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({','.join(map(_written, value))})"
    if isinstance(value, str):
        return quoted(value)
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
