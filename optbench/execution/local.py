"""Runs in worker processes of this machine."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import as_completed

from optbench.core.specs import RunResult
from optbench.execution.outcome import Failure, outcome
from optbench.execution.pool import default_workers, worker_pool
from optbench.training.job import Job
from optbench.training.outcome import failed_result
from optbench.training.run_job import run_job

RUN_MODULES = ("optbench.training.run_job",)
"""What a worker imports before its first run, so that no time-out of a run includes it."""


class LocalExecutor:
    """Runs jobs in a `WorkerPool`.

    Args:
        workers: the number of processes; None for one per processor.
        timeout: seconds after which a run is killed and ends as `timeout`; None for no limit.
    """

    def __init__(self, workers: int | None = None, timeout: float | None = None) -> None:
        self._workers = workers or default_workers()
        self._timeout = timeout

    @property
    def workers(self) -> int:
        """The number of runs that are computed at the same time."""
        return self._workers

    def run(self, jobs: Sequence[Job]) -> Generator[RunResult]:
        """Yield one result per job, in order of completion; see `Executor.run`."""
        if not jobs:
            return
        with worker_pool(min(self._workers, len(jobs)), preload=RUN_MODULES) as pool:
            futures = {pool.schedule(run_job, [job], self._timeout, group=job.distributions): job for job in jobs}
            for future in as_completed(futures):
                job, result = futures.pop(future), outcome(future, self._timeout)
                yield failed_result(job, result.status, result.reason) if isinstance(result, Failure) else result
