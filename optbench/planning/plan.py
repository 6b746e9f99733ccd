"""The plan: from a selection to jobs, sorted, each with its spec and the instances of its components."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from optbench.core.errors import NothingSelected, UsageError
from optbench.core.plans import Track
from optbench.core.specs import Choice, Labels, RunSpec
from optbench.core.workload import Workload, workload_of
from optbench.data.loader import FrozenDataset
from optbench.planning.catalogue import Catalogue
from optbench.planning.datasets import find_dataset, generators, reference
from optbench.planning.entries import Instance
from optbench.planning.expressions import parse_expression
from optbench.planning.fitting import datasets_of, embedders_for, losses_for
from optbench.planning.selections import Selections, Settings, settings_of
from optbench.planning.source_digest import digest
from optbench.planning.suites import workloads
from optbench.registry import Registry
from optbench.training.job import Job


@dataclass(frozen=True)
class Expanded:
    """An optimizer that is run in place of a selected one."""

    optimizer: Choice
    label: str = ""
    """What it is called; empty for its name and hyper-parameters."""
    track: Track = "default"


Expansion: TypeAlias = Callable[[Instance, Workload, str], Iterable[Expanded]]
"""What is run for a selected optimizer on a workload, which has this display name."""


def make_plan(
    registry: Registry, selections: Selections, expand: Expansion | None = None, seeds: Sequence[int] | None = None
) -> list[Job]:
    """Return one job per run, sorted by dataset, loss, embedder, architecture, optimizer and seed.

    The workloads of a suite follow each other in the order of its file.

    Args:
        registry: the components.
        selections: what is selected.
        expand: what is run in place of each selected optimizer; None for the optimizer itself.
        seeds: in place of those of the selection; they may be reserved ones.

    Raises:
        UsageError: an unknown name, hyper-parameter or value, a wrapper that does not fit, a loss or an embedder that is not
            for such a dataset, or an optimizer that needs what an architecture does not provide (where one of the two was not
            named, such pairs are skipped, with a warning).
        NothingSelected: no run is left.
    """
    chosen = list(_chosen(registry, selections))
    if selections.expression:
        matches = parse_expression(selections.expression)
        chosen = [(combination, settings) for combination, settings in chosen if matches(combination.names)]
    compatible = [(combination, settings) for combination, settings in chosen if not combination.incompatibility]
    skipped = [combination for combination, _ in chosen if combination.incompatibility]
    _report_skipped(skipped, selections)
    if seeds is not None:
        compatible = [(combination, replace(settings, seeds=seeds)) for combination, settings in compatible]
    if expand is not None:
        compatible = [
            (variant, settings) for one, settings in compatible for variant in _expanded(registry, one, settings, expand)
        ]
    jobs = [job for combination, settings in compatible for job in combination.jobs(settings)]
    if not jobs:
        raise _nothing(selections, skipped)
    return jobs


def rebuild(registry: Registry, spec: RunSpec, labels: Labels, dataset: FrozenDataset | None = None) -> Job:
    """Return the job of a stored spec; it is computed by the source that is installed now.

    Args:
        registry: the components.
        spec: the stored spec.
        labels: the stored labels, which name the dataset.
        dataset: that of a job which was rebuilt before for a run on the same data; None to find and read it.

    Raises:
        UsageError: a component or the dataset is not available any more, or the dataset has other rows now.
        DataError: a file of the dataset is not the one that was frozen.
    """
    dataset = dataset or _stored_dataset(registry, spec, labels)
    catalogue = Catalogue(registry, [dataset])
    combination = _Combination(
        optimizer=catalogue.instantiate("optimizer", spec.optimizer),
        architecture=catalogue.instantiate("architecture", spec.architecture),
        embedder=catalogue.instantiate("embedder", spec.embedder),
        loss=catalogue.instantiate("loss", spec.loss),
        dataset=dataset,
        dataset_label=labels.dataset,
        dataset_distributions=generators(dataset, registry),
    )
    return combination.job(spec, labels)


def _stored_dataset(registry: Registry, spec: RunSpec, labels: Labels) -> FrozenDataset:
    dataset = find_dataset(registry, labels.dataset)
    if dataset.digest != spec.dataset_digest:
        raise UsageError(
            f"dataset {spec.dataset!r} has digest {dataset.digest[:12]} now, the run had {spec.dataset_digest[:12]}"
        )
    dataset.validate()
    return dataset


@dataclass(frozen=True, kw_only=True)
class _Combination:
    """The components of some runs, which differ in their seeds alone."""

    optimizer: Instance
    architecture: Instance
    embedder: Instance
    loss: Instance
    dataset: FrozenDataset
    dataset_label: str
    dataset_distributions: frozenset[str] = frozenset()
    """The third-party distribution that generates the dataset."""
    workload: str = ""
    """Its name in a suite."""
    label: str = ""
    """What the optimizer is called; empty for its own label."""
    track: Track = "default"

    @property
    def name(self) -> str:
        """The workload as it is displayed: its name in a suite, or its components."""
        components = f"{self.architecture.label} on {self.embedder.label}, {self.dataset.name}"
        return self.workload or components

    @property
    def names(self) -> str:
        """What the expression of `-k` is matched against."""
        parts = (*(part.label for part in self._parts), self.dataset.name, self.workload)
        return " ".join(parts)

    @property
    def incompatibility(self) -> str:
        """Why the optimizer cannot train the architecture; empty where it can."""
        needs = ", ".join(sorted(self.optimizer.component.needs - self.architecture.component.provides))
        if not needs:
            return ""
        one, two = self.optimizer.label, self.architecture.label
        return f"optimizer {one!r} needs {needs}, which architecture {two!r} does not provide"

    def jobs(self, settings: Settings) -> Iterator[Job]:
        """Yield one job per seed."""
        labels = Labels(
            optimizer=self.label or self.optimizer.label,
            architecture=self.architecture.label,
            embedder=self.embedder.label,
            dataset=self.dataset_label,
            loss=self.loss.label,
            workload=self.workload,
            track=self.track,
        )
        source = digest(cls for part in self._parts for cls in part.classes)
        for seed in settings.seeds:
            yield self.job(self.spec(settings, seed, source), labels)

    def spec(self, settings: Settings, seed: int, source: str = "") -> RunSpec:
        """Return the spec of one run."""
        return RunSpec(
            optimizer=self.optimizer.choice,
            architecture=self.architecture.choice,
            embedder=self.embedder.choice,
            loss=self.loss.choice,
            dataset=self.dataset.name,
            dataset_digest=self.dataset.digest,
            seed=seed,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            dtype=settings.dtype,
            source=source,
        )

    def job(self, spec: RunSpec, labels: Labels) -> Job:
        """Return the job of a spec with these components."""
        return Job(
            spec,
            labels,
            self.optimizer.component,
            self.architecture.component,
            self.embedder.component,
            self.loss.component,
            self.dataset,
            self.distributions,
        )

    @cached_property
    def distributions(self) -> frozenset[str]:
        """The third-party distributions of its components."""
        return frozenset(self.dataset_distributions).union(*(part.distributions for part in self._parts))

    @property
    def _parts(self) -> tuple[Instance, ...]:
        return self.optimizer, self.architecture, self.embedder, self.loss


def _expanded(registry: Registry, one: _Combination, settings: Settings, expand: Expansion) -> Iterator[_Combination]:
    catalogue = Catalogue(registry)
    workload = workload_of(one.spec(settings, 0))
    for variant in expand(one.optimizer, workload, one.name):
        optimizer = catalogue.instantiate("optimizer", variant.optimizer)
        yield replace(one, optimizer=optimizer, label=variant.label, track=variant.track)


def _chosen(registry: Registry, selections: Selections) -> Iterator[tuple[_Combination, Settings]]:
    for name, of_workload in workloads(registry, selections):
        settings = settings_of(of_workload)
        for combination in _combinations(registry, of_workload, name):
            yield combination, settings


def _combinations(registry: Registry, selections: Selections, workload: str) -> Iterator[_Combination]:
    catalogue = Catalogue(registry)
    optimizers = catalogue.select("optimizer", selections.optimizers)
    architectures = catalogue.select("architecture", selections.architectures)
    datasets = {(dataset.name, dataset.digest): dataset for dataset in datasets_of(registry, selections)}
    for _, dataset in sorted(datasets.items()):
        label = reference(dataset, registry)
        distributions = generators(dataset, registry)
        losses = losses_for(catalogue, dataset, selections)
        embedders = embedders_for(Catalogue(registry, [dataset]), dataset, selections)
        for loss, embedder, architecture, optimizer in itertools.product(losses, embedders, architectures, optimizers):
            yield _Combination(
                optimizer=optimizer,
                architecture=architecture,
                embedder=embedder,
                loss=loss,
                dataset=dataset,
                dataset_label=label,
                dataset_distributions=distributions,
                workload=workload,
            )


def _report_skipped(skipped: Sequence[_Combination], selections: Selections) -> None:
    """Warn of combinations that cannot be run, or raise UsageError where the user named both components."""
    if skipped and None not in (selections.optimizers, selections.architectures or selections.suite):
        first = skipped[0]
        pair = f"{first.optimizer.choice.name} and {first.architecture.choice.name}"
        raise UsageError(f"{first.incompatibility}; exclude the pair with -k 'not ({pair})'")
    for message in dict.fromkeys(combination.incompatibility for combination in skipped):
        warnings.warn(f"skipped: {message}", stacklevel=3)


def _nothing(selections: Selections, skipped: Iterable[_Combination]) -> NothingSelected:
    reason = "a list of components or of seeds is empty"
    if any(skipped):
        reason = "no selected optimizer is compatible with a selected architecture"
    elif selections.expression:
        reason = f"-k {selections.expression!r} matches no run"
    return NothingSelected(f"nothing to run: {reason}; 'optbench list optimizers' shows the installed optimizers")
