"""From the names of a selection, or of a stored choice, to the things that they name."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from optbench.core.contracts import Embedder, Wrapper
from optbench.core.errors import UsageError, nearest
from optbench.core.hyperparameters import build, changed, values
from optbench.core.specs import Choice
from optbench.data.loader import FrozenDataset
from optbench.data.vectors import FrozenVectors, VectorSet, absent, vector_sets
from optbench.planning.selectors import Selection, parse_selection, quoted
from optbench.registry import Registry


@dataclass(frozen=True)
class Instance:
    """A method with its hyper-parameters, once for each combination of values that was asked for."""

    thing: Any
    choice: Choice
    label: str


def resolve(registry: Registry, axis: str, given: Sequence[str] | None) -> list[Instance]:
    """Return what was selected on an axis, all that is registered where nothing was; each once, sorted by label.

    Raises:
        UsageError: an unknown name, hyper-parameter or value, or a wrapper that does not fit.
    """
    everywhere = [method.name for method in registry.components(axis) if getattr(method.cls, "in_all", True)]
    texts = everywhere if given is None else given
    return distinct(made for text in texts for made in _make(registry, axis, parse_selection(text)))


def _make(registry: Registry, axis: str, selection: Selection) -> Iterator[Instance]:
    methods = (selection, *selection.wrappers)
    for params in itertools.product(*(method.combinations() for method in methods)):
        first, *wrappers = (Choice(method.name, given) for method, given in zip(methods, params, strict=True))
        thing = build_choice(registry, axis, replace(first, wrappers=tuple(wrappers)))
        inner, *around = (Choice(layer.name, _plain(values(layer))) for layer in layers(thing))
        yield Instance(thing, replace(inner, wrappers=tuple(around)), _written_as(thing))


def build_choice(registry: Registry, axis: str, choice: Choice) -> Any:
    """Return the thing that a choice names, with its wrappers around it.

    Raises:
        UsageError: it is not installed, or a wrapper does not fit.
    """
    if choice.wrappers and axis != "optimizer":
        raise UsageError(f"{choice.name}|{choice.wrappers[0].name}: wrappers go around optimizers, not around an {axis}")
    thing = build(registry.find(axis, choice.name).cls, dict(choice.params))
    for wrapper in choice.wrappers:
        thing = build(registry.find("wrapper", wrapper.name).cls, dict(wrapper.params), inner=thing)
        if incompatibility := thing.incompatibility():
            raise UsageError(f"optimizer {_written_as(thing)!r} cannot be run: {wrapper.name} {incompatibility}")
    return thing


def layers(thing: Any) -> list[Any]:
    """The method itself, then the wrappers around it."""
    return [*layers(thing.inner), thing] if isinstance(thing, Wrapper) else [thing]


def _written_as(thing: Any) -> str:
    return "|".join(_label(layer.name, changed(layer)) for layer in layers(thing))


def embedders(registry: Registry, dataset: FrozenDataset, given: Sequence[str] | None) -> list[Instance]:
    """Embedders that are registered, and the sets of vectors that come with the dataset: selected by name alike."""
    sets = vector_sets(dataset)
    everywhere = [method.name for method in registry.components("embedder") if method.cls.in_all]
    selections = [parse_selection(text) for text in ([*everywhere, *sets] if given is None else given)]
    made: list[Instance] = []
    for selection in selections:
        if selection.name in registry.names("embedder"):
            made += _make(registry, "embedder", selection)
        elif selection.name in sets:
            made.append(_frozen(sets[selection.name], selection))
        else:
            raise _no_embedder(registry, dataset, selection.name)
    return distinct(iter(made))


def _frozen(vectors: VectorSet, selection: Selection) -> Instance:
    if selection.params:
        raise UsageError(
            f"{vectors.name} is a set of vectors and has no hyper-parameters (given: {', '.join(selection.params)})"
        )
    return Instance(FrozenVectors.of(vectors), Choice(vectors.name, {"sha256": vectors.entry.sha256}), vectors.name)


def _no_embedder(registry: Registry, dataset: FrozenDataset, name: str) -> UsageError:
    missing = next((line for line in absent(dataset) if line.startswith(f"{name}:")), None)
    known = [*registry.names("embedder"), *vector_sets(dataset)]
    return UsageError(
        missing or f"no embedder named {name!r}{nearest(name, known)}; 'optbench list embedders' shows all {len(known)}",
    )


def rebuild_embedder(registry: Registry, dataset: FrozenDataset, choice: Choice) -> Embedder:
    """Return the embedder that a stored choice names, be it registered or a set of vectors.

    Raises:
        UsageError: it is not here any more.
    """
    if choice.name in registry.names("embedder"):
        made: Embedder = build_choice(registry, "embedder", choice)
        return made
    vectors = vector_sets(dataset).get(choice.name)
    if vectors is None or vectors.entry.sha256 != choice.params.get("sha256"):
        raise UsageError(f"the vectors {choice.name!r} that the run used are not here any more")
    return FrozenVectors.of(vectors)


def distinct(things: Iterator[Any]) -> list[Any]:
    """Drop what was selected twice, and sort: the order of the command line must not matter."""
    found = {getattr(thing, "label", "") or thing.name: thing for thing in things}
    return [found[name] for name in sorted(found)]


def _plain(params: dict[str, Any]) -> dict[str, Any]:
    """Turn tuples into lists, as they come back from JSON."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in params.items()}


def _label(name: str, params: dict[str, Any]) -> str:
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
