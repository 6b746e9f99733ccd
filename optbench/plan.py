"""From what was selected to the runs that it means: sorted, each with its spec, nothing yet computed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from optbench import sources
from optbench.contracts import Architecture, Embedder, Optimizer, Wrapper
from optbench.data import manifest as manifests
from optbench.data.loader import Frozen, load
from optbench.errors import NothingSelected, UsageError, nearest
from optbench.parameters import build, changed, values
from optbench.registry import Registry
from optbench.selectors import Selection, parse_expression, parse_selection
from optbench.specs import Choice, Labels, RunSpec

DATASETS = Path(".optbench/datasets")
"""Where `optbench data import` puts datasets, under the current folder, and where they are looked for by name."""
DTYPES = ("float32", "float64")


@dataclass(frozen=True, kw_only=True)
class Selections:
    """What is to be run. None for an axis means all that is installed."""

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
        UsageError: an unknown name, hyper-parameter or value, a wrapper that does not fit, or an optimizer that needs more than
            an architecture provides.
        NothingSelected: no run is left.
    """
    _check_numbers(selections)
    optimizers = _resolve(registry, "optimizer", selections.optimizers)
    architectures = _resolve(registry, "architecture", selections.architectures)
    embedders = _resolve(registry, "embedder", selections.embedders)
    datasets = _distinct(find_dataset(registry, name) for name in selections.datasets)
    for dataset in datasets:
        _ = dataset.splits  # a file that breaks a rule is refused here, once, and not by every run
    wanted = parse_expression(selections.expression) if selections.expression else None
    tasks = []
    for dataset, embedder, architecture, optimizer in itertools.product(datasets, embedders, architectures, optimizers):
        labels = Labels(optimizer.label, architecture.label, embedder.label, _where(dataset, registry))
        if wanted and not wanted(f"{labels.optimizer} {labels.architecture} {labels.embedder} {dataset.name}"):
            continue
        _check_needs(optimizer, architecture)
        things = (*_layers(optimizer.thing), architecture.thing, embedder.thing)
        source = sources.digest(map(type, things))
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
    things = {axis: _build(registry, axis, getattr(spec, axis)) for axis in ("optimizer", "architecture", "embedder")}
    dataset = find_dataset(registry, labels.dataset)
    if dataset.digest != spec.dataset_digest:
        raise UsageError(
            f"dataset {spec.dataset!r} has digest {dataset.digest[:12]} now, the run had {spec.dataset_digest[:12]}"
        )
    dataset.check()
    return Task(spec, labels, things["optimizer"], things["architecture"], things["embedder"], dataset)


def find_dataset(registry: Registry, name: str) -> Frozen:
    """Return the dataset that is registered, imported, or lies in the folder, of that name.

    Raises:
        UsageError: there is none; the message names the nearest.
        DataError: its manifest breaks a rule.
    """
    if name in registry.names("dataset"):
        return load(Path(registry.find("dataset", name).cls.folder))
    with suppress(OSError):  # a name may be longer than a file's can be
        imported = DATASETS / name
        if name == Path(name).name and (imported / manifests.NAME).exists():
            return load(imported)
        if name and Path(name).is_dir():
            return load(Path(name))
    known = dataset_names(registry)
    raise UsageError(
        f"no dataset named {name[:200]!r}{nearest(name, known)}, and no such folder; known: {', '.join(known)}; "
        "'optbench data import' makes one from files",
    )


def dataset_names(registry: Registry) -> list[str]:
    """Return the names of registered and imported datasets."""
    imported = [path.parent.name for path in DATASETS.glob(f"*/{manifests.NAME}") if not path.parent.name.startswith(".")]
    return sorted({*registry.names("dataset"), *imported})


def _where(dataset: Frozen, registry: Registry) -> str:
    """Return the name by which a dataset is found again, or its folder."""
    named = dataset.name in dataset_names(registry) and find_dataset(registry, dataset.name) == dataset
    return dataset.name if named else str(dataset.folder.resolve())


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
    texts = registry.names(axis) if given is None else given
    return _distinct(made for text in texts for made in _make(registry, axis, parse_selection(text)))


def _make(registry: Registry, axis: str, selection: Selection) -> Iterator[_Made]:
    methods = (selection, *selection.wrappers)
    for params in itertools.product(*(method.combinations() for method in methods)):
        first, *wrappers = (Choice(method.name, given) for method, given in zip(methods, params, strict=True))
        thing = _build(registry, axis, replace(first, wrappers=tuple(wrappers)))
        inner, *around = (Choice(layer.name, _plain(values(layer))) for layer in _layers(thing))
        yield _Made(thing, replace(inner, wrappers=tuple(around)), _written_as(thing))


def _build(registry: Registry, axis: str, choice: Choice) -> Any:
    if choice.wrappers and axis != "optimizer":
        raise UsageError(f"{choice.name}|{choice.wrappers[0].name}: wrappers go around optimizers, not around an {axis}")
    thing = build(registry.find(axis, choice.name).cls, dict(choice.params))
    for wrapper in choice.wrappers:
        thing = build(registry.find("wrapper", wrapper.name).cls, dict(wrapper.params), inner=thing)
        if misfit := thing.misfit():
            raise UsageError(f"optimizer {_written_as(thing)!r} cannot be run: {wrapper.name} {misfit}")
    return thing


def _layers(thing: Any) -> list[Any]:
    """The method itself, then the wrappers around it."""
    return [*_layers(thing.inner), thing] if isinstance(thing, Wrapper) else [thing]


def _written_as(thing: Any) -> str:
    return "|".join(_label(layer.name, changed(layer)) for layer in _layers(thing))


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
