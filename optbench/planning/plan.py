"""The plan: from a selection to jobs, sorted, each with its spec and the instances of its components."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from optbench.core.errors import NothingSelected, UsageError
from optbench.core.specs import Labels, RunSpec
from optbench.data.loader import FrozenDataset
from optbench.planning import defaults
from optbench.planning.catalogue import Catalogue
from optbench.planning.datasets import find_dataset, generators, reference
from optbench.planning.entries import Instance
from optbench.planning.expressions import parse_expression
from optbench.planning.source_digest import digest
from optbench.planning.suites import workloads
from optbench.registry import Registry
from optbench.training.job import Job


@dataclass(frozen=True, kw_only=True)
class Selections:
    """What to run. None selects the default.

    That is for optimizers, architectures and embedders all that are installed, `in_all` and for such a dataset, and for losses
    the dataset's own. A suite fixes architectures, embedders, losses, datasets, epochs and batch size: they stay None.
    """

    optimizers: Sequence[str] | None = None
    architectures: Sequence[str] | None = None
    embedders: Sequence[str] | None = None
    losses: Sequence[str] | None = None
    datasets: Sequence[str] | None = None
    suite: str | None = None
    expression: str = ""
    seeds: Sequence[int] | None = None
    epochs: int | None = None
    batch_size: int | None = None
    dtype: str = defaults.DTYPE


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """The settings of a run that are no components, defaults filled in."""

    seeds: Sequence[int]
    epochs: int
    batch_size: int
    dtype: str


def _settings(selections: Selections) -> _Settings:
    """Fill in the defaults.

    Raises:
        UsageError: a number is out of range.
    """
    settings = _Settings(
        seeds=defaults.SEEDS if selections.seeds is None else selections.seeds,
        epochs=defaults.EPOCHS if selections.epochs is None else selections.epochs,
        batch_size=defaults.BATCH_SIZE if selections.batch_size is None else selections.batch_size,
        dtype=selections.dtype,
    )
    for name, value in (("epochs", settings.epochs), ("batch_size", settings.batch_size)):
        if value < 1:
            raise UsageError(f"{name} = {value} is too small; the least is 1")
    if any(seed < 0 for seed in settings.seeds):
        raise UsageError(f"seed {min(settings.seeds)} is negative; a seed is a whole number from 0")
    if selections.dtype not in defaults.DTYPES:
        raise UsageError(f"dtype {selections.dtype!r} is not one of {', '.join(defaults.DTYPES)}")
    return settings


def make_plan(registry: Registry, selections: Selections) -> list[Job]:
    """Return one job per run, sorted by dataset, loss, embedder, architecture, optimizer and seed.

    The workloads of a suite follow each other in the order of its file.

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
    jobs = [job for combination, settings in compatible for job in combination.jobs(settings)]
    if not jobs:
        raise _nothing(selections, skipped)
    return jobs


def rebuild(registry: Registry, spec: RunSpec, labels: Labels) -> Job:
    """Return the job of a stored spec; it is computed by the source that is installed now.

    Raises:
        UsageError: a component or the dataset is not available any more, or the dataset has other rows now.
        DataError: a file of the dataset is not the one that was frozen.
    """
    dataset = find_dataset(registry, labels.dataset)
    if dataset.digest != spec.dataset_digest:
        raise UsageError(
            f"dataset {spec.dataset!r} has digest {dataset.digest[:12]} now, the run had {spec.dataset_digest[:12]}"
        )
    dataset.validate()
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

    def jobs(self, settings: _Settings) -> Iterator[Job]:
        """Yield one job per seed."""
        labels = Labels(
            optimizer=self.optimizer.label,
            architecture=self.architecture.label,
            embedder=self.embedder.label,
            dataset=self.dataset_label,
            loss=self.loss.label,
            workload=self.workload,
        )
        source = digest(cls for part in self._parts for cls in part.classes)
        for seed in settings.seeds:
            spec = RunSpec(
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
            yield self.job(spec, labels)

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


def _chosen(registry: Registry, selections: Selections) -> Iterator[tuple[_Combination, _Settings]]:
    for name, of_workload in workloads(registry, selections):
        settings = _settings(of_workload)
        for combination in _combinations(registry, of_workload, name):
            yield combination, settings


def _combinations(registry: Registry, selections: Selections, workload: str) -> Iterator[_Combination]:
    catalogue = Catalogue(registry)
    optimizers = catalogue.select("optimizer", selections.optimizers)
    architectures = catalogue.select("architecture", selections.architectures)
    datasets = {(dataset.name, dataset.digest): dataset for dataset in _datasets(registry, selections)}
    for _, dataset in sorted(datasets.items()):
        label = reference(dataset, registry)
        distributions = generators(dataset, registry)
        losses = _losses(catalogue, dataset, selections)
        embedders = _embedders(Catalogue(registry, [dataset]), dataset, selections)
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


def _losses(catalogue: Catalogue, dataset: FrozenDataset, selections: Selections) -> list[Instance]:
    """Return the selected losses, or the dataset's own.

    Raises:
        UsageError: a loss is not for such a dataset.
    """
    losses = catalogue.select("loss", [dataset.manifest.loss] if selections.losses is None else selections.losses)
    for loss in losses:
        if why := loss.component.incompatibility(dataset.task):
            raise UsageError(f"loss {loss.label!r} cannot be used with dataset {dataset.name!r}: it {why}")
    return losses


def _embedders(catalogue: Catalogue, dataset: FrozenDataset, selections: Selections) -> list[Instance]:
    """Return the selected embedders, or all of those for such a dataset.

    Raises:
        UsageError: an embedder that was named is not for such a dataset.
    """
    embedders = catalogue.select("embedder", selections.embedders)
    fitting = [embedder for embedder in embedders if embedder.component.takes == dataset.kind]
    if selections.embedders is not None and len(fitting) < len(embedders):
        other = next(embedder for embedder in embedders if embedder not in fitting)
        known = ", ".join(one.name for one in catalogue.entries("embedder") if one.takes == dataset.kind)
        raise UsageError(
            f"embedder {other.label!r} takes {_SAID[other.component.takes]}, and dataset {dataset.name!r} has "
            f"{_SAID[dataset.kind]}; use one of {known}"
        )
    return fitting


_SAID = {"texts": "texts", "table": "rows of numbers"}


def _datasets(registry: Registry, selections: Selections) -> Iterator[FrozenDataset]:
    for name in defaults.DATASETS if selections.datasets is None else selections.datasets:
        dataset = find_dataset(registry, name)
        dataset.validate()
        yield dataset


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
