"""From what was selected to the runs that it means: sorted, each with its spec, nothing yet computed."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from optbench.core.errors import NothingSelected, UsageError
from optbench.core.specs import Labels, RunSpec
from optbench.planning import source_digest as sources
from optbench.planning.catalogue import Instance, build_choice, distinct, embedders, layers, rebuild_embedder, resolve
from optbench.planning.datasets import find_dataset, reference
from optbench.planning.selectors import parse_expression
from optbench.registry import Registry
from optbench.training.job import Job

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


def make_plan(registry: Registry, selections: Selections) -> list[Job]:
    """Return the tasks, sorted by dataset, embedder, architecture, optimizer and seed.

    Raises:
        UsageError: an unknown name, hyper-parameter or value, a wrapper that does not fit, or an optimizer that needs more than
            an architecture provides (where one of the two was not named, such pairs are left out, with a warning).
        NothingSelected: no run is left.
    """
    _check_numbers(selections)
    optimizers = resolve(registry, "optimizer", selections.optimizers)
    architectures = resolve(registry, "architecture", selections.architectures)
    datasets = distinct(find_dataset(registry, name) for name in selections.datasets)
    for dataset in datasets:
        _ = dataset.splits  # a file that breaks a rule is refused here, once, and not by every run
    wanted = parse_expression(selections.expression) if selections.expression else None
    tasks = []
    left_out: dict[str, None] = {}  # a set in order
    with_embedders = [(dataset, made) for dataset in datasets for made in embedders(registry, dataset, selections.embedders)]
    for (dataset, embedder), architecture, optimizer in itertools.product(with_embedders, architectures, optimizers):
        labels = Labels(optimizer.label, architecture.label, embedder.label, reference(dataset, registry))
        if wanted and not wanted(f"{labels.optimizer} {labels.architecture} {labels.embedder} {dataset.name}"):
            continue
        if lacking := _lacking(optimizer, architecture):
            if None not in (selections.optimizers, selections.architectures):
                raise UsageError(
                    f"{lacking}; leave the pair out with -k 'not ({optimizer.choice.name} and {architecture.choice.name})'"
                )
            left_out[lacking] = None
            continue
        things = (*layers(optimizer.thing), architecture.thing, embedder.thing)
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
            tasks.append(Job(spec, labels, optimizer.thing, architecture.thing, embedder.thing, dataset))
    for lacking in left_out:
        warnings.warn(f"left out: {lacking}", stacklevel=2)
    if not tasks:
        raise _nothing(selections, left_out)
    return tasks


def rebuild(registry: Registry, spec: RunSpec, labels: Labels) -> Job:
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
    optimizer = build_choice(registry, "optimizer", spec.optimizer)
    architecture = build_choice(registry, "architecture", spec.architecture)
    return Job(spec, labels, optimizer, architecture, rebuild_embedder(registry, dataset, spec.embedder), dataset)


def _nothing(selections: Selections, left_out: Iterable[str]) -> NothingSelected:
    what = "an axis or the list of seeds is empty"
    if any(left_out):
        what = "no optimizer that is left fits its architecture"
    elif selections.expression:
        what = f"-k {selections.expression!r} keeps none of the names"
    return NothingSelected(f"nothing to run: {what}; 'optbench list optimizers' shows what there is")


def _check_numbers(selections: Selections) -> None:
    for name, least in (("epochs", 1), ("batch_size", 1)):
        if getattr(selections, name) < least:
            raise UsageError(f"{name} = {getattr(selections, name)} is too small; the least is {least}")
    if any(seed < 0 for seed in selections.seeds):
        raise UsageError(f"seed {min(selections.seeds)} is negative; a seed is a whole number from 0")
    if selections.dtype not in DTYPES:
        raise UsageError(f"dtype {selections.dtype!r} is none of {', '.join(DTYPES)}")


def _lacking(optimizer: Instance, architecture: Instance) -> str:
    """Why the two cannot be run together; empty where they can."""
    lacking = optimizer.thing.needs - architecture.thing.provides
    if not lacking:
        return ""
    needs = ", ".join(sorted(lacking))
    return f"optimizer {optimizer.label!r} needs {needs}, which architecture {architecture.label!r} does not provide"
