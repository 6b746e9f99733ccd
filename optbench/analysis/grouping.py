"""Sorting results: a task is what optimizers are compared on, a variant an optimizer with its hyper-parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from optbench.core.specs import RunResult


@dataclass(frozen=True, order=True)
class Workload:
    """Everything that must be equal for two runs to be compared: all of the spec but the optimizer and the seed."""

    dataset: str
    embedder: str
    architecture: str
    epochs: int
    batch_size: int
    dtype: str
    dataset_digest: str

    def __str__(self) -> str:
        return f"{self.architecture} on {self.embedder}, {self.dataset}"


def by_workload(results: Iterable[RunResult]) -> dict[Workload, dict[str, list[RunResult]]]:
    """Return results by task and variant, both in order of name, seeds in order."""
    tasks: dict[Workload, dict[str, list[RunResult]]] = {}
    for result in sorted(results, key=lambda r: (r.labels.optimizer, r.spec.seed)):
        tasks.setdefault(workload_of(result), {}).setdefault(result.labels.optimizer, []).append(result)
    return dict(sorted(tasks.items()))


def workload_of(result: RunResult) -> Workload:
    """Return the task that a run belongs to."""
    spec, labels = result.spec, result.labels
    return Workload(
        spec.dataset,
        labels.embedder,
        labels.architecture,
        spec.epochs,
        spec.batch_size,
        spec.dtype,
        spec.dataset_digest,
    )


def final_runs(results: Iterable[RunResult]) -> list[RunResult]:
    """Return the runs that say something about the optimizer: those that ended `ok` or `diverged`."""
    return [result for result in results if result.status in ("ok", "diverged")]


def seeds(results: Sequence[RunResult]) -> list[int]:
    """Return the seeds of these runs, sorted, each once."""
    return sorted({result.spec.seed for result in results})
