"""Suites: named workloads in a versioned TOML file, with the digests of their data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from optbench.core.errors import UsageError, nearest
from optbench.data.loader import FrozenDataset
from optbench.planning.datasets import find_dataset
from optbench.planning.selections import Selections
from optbench.planning.selectors import parse_seeds
from optbench.planning.suite_file import Facts, SuiteFile, SuiteWorkload, read
from optbench.registry import Registry

__all__ = ["Facts", "SuiteFile", "SuiteWorkload", "dataset_of", "find_suite", "workloads"]

_FIXED = ("architectures", "embedders", "losses", "datasets", "epochs", "batch_size", "dtype")


def find_suite(registry: Registry, name: str) -> SuiteFile:
    """Return the registered suite of that name, or the suite in the TOML file of that name.

    Raises:
        UsageError: there is neither, the file breaks a rule, or it has the name of another file's installed suite.
    """
    known = registry.names("suite")
    if name in known:
        return read(_installed(registry, name))
    path = Path(name)
    if path.suffix != ".toml":
        raise UsageError(
            f"no suite named {name[:200]!r}{nearest(name, known)}; known: {', '.join(known)}; your own is a TOML file"
        )
    suite = read(path)
    if suite.name in known and path.resolve() != _installed(registry, suite.name).resolve():
        raise UsageError(f"{path}: {suite.name!r} is the name of an installed suite; choose another name")
    return suite


def _installed(registry: Registry, name: str) -> Path:
    return Path(registry.find("suite", name).cls.file)


def dataset_of(registry: Registry, suite: SuiteFile, workload: SuiteWorkload) -> FrozenDataset:
    """Return the dataset of a workload.

    Raises:
        UsageError: it is not installed, or it has other rows than those that the suite names.
    """
    dataset = find_dataset(registry, workload.dataset)
    if dataset.digest != workload.digest:
        raise UsageError(
            f"suite {suite.label}: workload {workload.name!r} is on dataset {workload.dataset!r} with digest "
            f"{workload.digest[:12]}, the installed one has {dataset.digest[:12]}; install the version that it names"
        )
    return dataset


def workloads(registry: Registry, selections: Selections) -> Iterator[tuple[str, Selections]]:
    """Yield the name and the selections of each workload of the suite in `selections`; these alone, where there is none.

    Raises:
        UsageError: the suite cannot be found or used, or what it fixes is selected as well.
    """
    if selections.suite is None:
        yield "", selections
        return
    for axis in _FIXED:
        if getattr(selections, axis) is not None:
            raise UsageError(f"a suite fixes its workloads: leave out {axis.replace('_', ' ')}, or the suite")
    suite = find_suite(registry, selections.suite)
    for workload in suite.workload:
        dataset_of(registry, suite, workload)
        yield (
            workload.name,
            replace(
                selections,
                suite=None,
                optimizers=suite.optimizers if selections.optimizers is None else selections.optimizers,
                architectures=[workload.architecture],
                embedders=[workload.embedder],
                losses=[workload.loss],
                datasets=[workload.dataset],
                seeds=parse_seeds(suite.seeds) if selections.seeds is None else selections.seeds,
                epochs=workload.epochs,
                batch_size=workload.batch_size,
            ),
        )
