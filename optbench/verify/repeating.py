"""Executing stored runs again, and the twins of those that need one. Nothing is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from optbench.core.errors import OptbenchError
from optbench.core.specs import FINAL, RunResult, canonical
from optbench.data.loader import FrozenDataset
from optbench.execution.executor import Executor
from optbench.planning.plan import rebuild
from optbench.planning.source_digest import installed_source
from optbench.registry import Registry
from optbench.training.job import Job
from optbench.verify.twins import judge
from optbench.verify.verdicts import Verified, compare


@dataclass(frozen=True)
class Repetition:
    """How runs are repeated.

    Attributes:
        any_source: repeat runs of another version of their source too, with the installed one.
        twins: run the twin of each run; otherwise only of those that are not equal to the bit.
    """

    any_source: bool = False
    twins: bool = False


def repeat(
    results: Iterable[RunResult],
    registry: Registry,
    executor: Executor,
    how: Repetition,
    on_verdict: Callable[[Verified], None] = lambda _: None,
) -> list[Verified]:
    """Execute runs again and compare them; see `Experiment.verify`."""
    stored = {result.spec.key: result for result in results}
    verified: list[Verified] = []
    jobs: list[Job] = []
    sources: dict[str, str] = {}
    datasets: dict[tuple[str, str], FrozenDataset] = {}  # read once for all runs on them

    def note(one: Verified) -> None:
        verified.append(one)
        on_verdict(one)

    for key, result in stored.items():
        data = result.labels.dataset, result.spec.dataset_digest
        planned = _job(registry, result, how, datasets.get(data))
        if isinstance(planned, Verified):
            note(planned)
        else:
            job, sources[key] = planned
            datasets[data] = job.dataset
            jobs.append(job)
    jobs.sort(key=_embedded)
    waiting: dict[str, tuple[Verified, RunResult]] = {}
    for fresh in executor.run(jobs):
        key = fresh.spec.key
        one = compare(stored[key], replace(fresh, spec=replace(fresh.spec, source=sources[key])))
        if fresh.status in FINAL and (how.twins or one.verdict != "equal"):
            waiting[key] = one, replace(fresh, sketches=None)
        else:
            note(one)
    for one in _with_twins(jobs, waiting, executor):
        note(one)
    return sorted(verified, key=lambda one: one.stored.spec.key)


def _job(registry: Registry, result: RunResult, how: Repetition, dataset: FrozenDataset | None) -> tuple[Job, str] | Verified:
    """Return the job of a run and the installed source that computes it, or why it is not repeated."""
    try:
        job = rebuild(registry, result.spec, result.labels, dataset)
    except OptbenchError as error:
        return Verified(result, "not available", f"cannot be repeated: {error}")
    installed = installed_source(registry, result.spec) or ""
    if installed == result.spec.source or how.any_source:
        return job, installed
    source = f"source {result.spec.source[:12]} computed it, and {installed[:12]} is installed"
    return Verified(result, "other source", f"not repeated: {source}")


def _embedded(job: Job) -> tuple[str, ...]:
    """Runs on one embedded dataset follow each other, so that a worker embeds it once."""
    return job.spec.dataset, job.spec.dataset_digest, canonical(job.spec.embedder.as_json()), job.spec.dtype


def _with_twins(jobs: Sequence[Job], waiting: dict[str, tuple[Verified, RunResult]], executor: Executor) -> Iterator[Verified]:
    twins = [replace(job, twin=True) for job in jobs if job.spec.key in waiting]
    for twin in executor.run(twins):
        one, fresh = waiting[twin.spec.key]
        yield one.with_twin(judge(fresh, twin))
