"""Frozen targets by workload: of the installed suites, of datasets' folders, and of the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from optbench.core.errors import DataError, OptbenchError
from optbench.core.specs import RunResult
from optbench.core.targets import Target
from optbench.core.workload import Workload, workload_of
from optbench.data.targets import NAME, beside, read_targets
from optbench.planning.datasets import find_dataset
from optbench.registry import Registry


def frozen_targets(
    registry: Registry, results: Iterable[RunResult], stored: Mapping[str, Mapping[str, Any]]
) -> dict[Workload, Target]:
    """Return the frozen target of each workload of these runs that has one.

    A target in the file of an installed suite comes first, then one in the folder of the dataset, then one in the store.

    Args:
        registry: the installed suites and datasets.
        results: the runs.
        stored: the records of targets in the store, by the workload's digest.

    Raises:
        DataError: a file of targets breaks a rule.
    """
    datasets = {workload_of(result.spec): result.labels.dataset for result in results}
    of_suites = suite_targets(registry)
    found: dict[Workload, Target] = {}
    for workload, dataset in datasets.items():
        target = of_suites.get(workload) or _of_dataset(registry, dataset).get(workload)
        if target is None and workload.digest in stored:
            target = _stored(stored[workload.digest])
        if target is not None:
            found[workload] = target
    return found


def suite_targets(registry: Registry) -> dict[Workload, Target]:
    """Return the targets that come with the installed suites.

    Raises:
        DataError: a file of targets breaks a rule.
    """
    found: dict[Workload, Target] = {}
    for suite in registry.components("suite"):
        found |= read_targets(beside(Path(suite.cls.file)))
    return found


def _of_dataset(registry: Registry, name: str) -> Mapping[Workload, Target]:
    folder = Path()
    with suppress(OptbenchError):  # the dataset is not installed: its runs can be shown nevertheless
        folder = find_dataset(registry, name).folder
    return read_targets(folder / NAME) if folder.name else {}


def _stored(content: Mapping[str, Any]) -> Target:
    try:
        return Target.from_json(content)
    except ValueError as error:
        raise DataError(f"a target in the store is corrupt: {error}; 'optbench targets' makes it again") from error
