"""From what was selected to the runs that it means: sorted, each with its spec, nothing yet computed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from optbench import sources
from optbench.contracts import Architecture, Embedder, Optimizer
from optbench.data.loader import Frozen
from optbench.data.vectors import FrozenVectors, VectorSet, absent, vector_sets
from optbench.datasets import find_dataset, reference
from optbench.errors import NothingSelected, UsageError, nearest
from optbench.parameters import build, changed, values
from optbench.registry import Registry
from optbench.selectors import Selection, parse_expression, parse_selection
from optbench.specs import Choice, Labels, RunSpec

DTYPES = ("float32", "float64")


@dataclass(frozen=True, kw_only=True)
class Selections:
    """What is to be run. None for an axis means all that is installed, but for embedders that are not `in_all`."""

    optimizers: Sequence[str] | None = None
    architectures: Sequence[str] | None = None
    embedders: Sequence[str] | None = None
    datasets: Sequence[str] = ("qa-tr",)
    expression: str = ""
    seeds: Sequence[int] = (0, 1, 2, 3, 4)
    epochs: int = 100
    batch_size: int = 32
    dtype: str = "float32"


@dataclass(frozen=True)
class Task:
    """A run that can be computed: its spec, and the things that the spec names, built."""

    spec: RunSpec
    labels: Labels
    optimizer: Optimizer
    architecture: Architecture
    embedder: Embedder
    dataset: Frozen


@dataclass(frozen=True)
class _Made:
    """A method with its hyper-parameters, once for each combination of values that was asked for."""

    thing: Any
    choice: Choice
    label: str


def make_plan(registry: Registry, selections: Selections) -> list[Task]:
    """Return the tasks, sorted by dataset, embedder, architecture, optimizer and seed.

    Raises:
        UsageError: an unknown name, hyper-parameter or value, or an optimizer that needs more than an architecture provides.
        NothingSelected: no run is left.
    """
    _check_numbers(selections)
    optimizers = _resolve(registry, "optimizer", selections.optimizers)
    architectures = _resolve(registry, "architecture", selections.architectures)
    datasets = _distinct(find_dataset(registry, name) for name in selections.datasets)
    for dataset in datasets:
        _ = dataset.splits  # a file that breaks a rule is refused here, once, and not by every run
    wanted = parse_expression(selections.expression) if selections.expression else None
    tasks = []
    with_embedders = [(dataset, made) for dataset in datasets for made in _embedders(registry, dataset, selections.embedders)]
    for (dataset, embedder), architecture, optimizer in itertools.product(with_embedders, architectures, optimizers):
        labels = Labels(optimizer.label, architecture.label, embedder.label, reference(dataset, registry))
        if wanted and not wanted(f"{labels.optimizer} {labels.architecture} {labels.embedder} {dataset.name}"):
            continue
        _check_needs(optimizer, architecture)
        source = sources.digest((type(optimizer.thing), type(architecture.thing), type(embedder.thing)))
        for seed in selections.seeds:
            spec = RunSpec(
                optimizer=optimizer.choice,
                architecture=architecture.choice,
                embedder=embedder.choice,
                dataset=dataset.name,
                dataset_digest=dataset.digest,
                seed=seed,
                epochs=selections.epochs,
                batch_size=selections.batch_size,
                dtype=selections.dtype,
                source=source,
            )
            tasks.append(Task(spec, labels, optimizer.thing, architecture.thing, embedder.thing, dataset))
    if not tasks:
        what = f"-k {selections.expression!r} keeps none of the names" if wanted else "an axis or the list of seeds is empty"
        raise NothingSelected(f"nothing to run: {what}; 'optbench list optimizers' shows what there is")
    return tasks


def rebuild(registry: Registry, spec: RunSpec, labels: Labels) -> Task:
    """Return the task of a stored spec, with today's source.

    Raises:
        UsageError: a method or dataset is not installed any more, or the dataset has other rows by now.
        DataError: a file of the dataset is not the one that was frozen.
    """
    dataset = find_dataset(registry, labels.dataset)
    if dataset.digest != spec.dataset_digest:
        raise UsageError(
            f"dataset {spec.dataset!r} has digest {dataset.digest[:12]} now, the run had {spec.dataset_digest[:12]}"
        )
    _ = dataset.splits  # read here, so that a file that breaks a rule is refused
    optimizer, architecture = _build(registry, "optimizer", spec.optimizer), _build(registry, "architecture", spec.architecture)
    return Task(spec, labels, optimizer, architecture, _rebuild_embedder(registry, dataset, spec.embedder), dataset)


def _check_numbers(selections: Selections) -> None:
    for name, least in (("epochs", 1), ("batch_size", 1)):
        if getattr(selections, name) < least:
            raise UsageError(f"{name} = {getattr(selections, name)} is too small; the least is {least}")
    if any(seed < 0 for seed in selections.seeds):
        raise UsageError(f"seed {min(selections.seeds)} is negative; a seed is a whole number from 0")
    if selections.dtype not in DTYPES:
        raise UsageError(f"dtype {selections.dtype!r} is none of {', '.join(DTYPES)}")


def _check_needs(optimizer: _Made, architecture: _Made) -> None:
    lacking = optimizer.thing.needs - architecture.thing.provides
    if lacking:
        raise UsageError(
            f"optimizer {optimizer.label!r} needs {', '.join(sorted(lacking))}, which architecture {architecture.label!r} does "
            f"not provide; leave the pair out with -k 'not ({optimizer.choice.name} and {architecture.choice.name})'",
        )


def _resolve(registry: Registry, axis: str, given: Sequence[str] | None) -> list[_Made]:
    everywhere = [method.name for method in registry.methods(axis) if getattr(method.cls, "in_all", True)]
    texts = everywhere if given is None else given
    return _distinct(made for text in texts for made in _make(registry, axis, parse_selection(text)))


def _make(registry: Registry, axis: str, selection: Selection) -> Iterator[_Made]:
    cls = registry.find(axis, selection.name).cls
    for params in selection.combinations():
        thing = build(cls, params)
        yield _Made(thing, Choice(selection.name, _plain(values(thing))), _label(selection.name, changed(thing)))


def _build(registry: Registry, axis: str, choice: Choice) -> Any:
    return build(registry.find(axis, choice.name).cls, dict(choice.params))


def _embedders(registry: Registry, dataset: Frozen, given: Sequence[str] | None) -> list[_Made]:
    """Embedders that are registered, and the sets of vectors that come with the dataset: selected by name alike."""
    sets = vector_sets(dataset)
    everywhere = [method.name for method in registry.methods("embedder") if method.cls.in_all]
    selections = [parse_selection(text) for text in ([*everywhere, *sets] if given is None else given)]
    made: list[_Made] = []
    for selection in selections:
        if selection.name in registry.names("embedder"):
            made += _make(registry, "embedder", selection)
        elif selection.name in sets:
            made.append(_frozen(sets[selection.name], selection))
        else:
            raise _no_embedder(registry, dataset, selection.name)
    return _distinct(iter(made))


def _frozen(vectors: VectorSet, selection: Selection) -> _Made:
    if selection.params:
        raise UsageError(
            f"{vectors.name} is a set of vectors and has no hyper-parameters (given: {', '.join(selection.params)})"
        )
    return _Made(FrozenVectors.of(vectors), Choice(vectors.name, {"sha256": vectors.entry.sha256}), vectors.name)


def _no_embedder(registry: Registry, dataset: Frozen, name: str) -> UsageError:
    missing = next((line for line in absent(dataset) if line.startswith(f"{name}:")), None)
    known = [*registry.names("embedder"), *vector_sets(dataset)]
    return UsageError(
        missing or f"no embedder named {name!r}{nearest(name, known)}; 'optbench list embedders' shows all {len(known)}",
    )


def _rebuild_embedder(registry: Registry, dataset: Frozen, choice: Choice) -> Embedder:
    if choice.name in registry.names("embedder"):
        made: Embedder = _build(registry, "embedder", choice)
        return made
    vectors = vector_sets(dataset).get(choice.name)
    if vectors is None or vectors.entry.sha256 != choice.params.get("sha256"):
        raise UsageError(f"the vectors {choice.name!r} that the run used are not here any more")
    return FrozenVectors.of(vectors)


def _distinct(things: Iterator[Any]) -> list[Any]:
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
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
