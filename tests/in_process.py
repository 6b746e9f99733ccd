"""An executor for tests of what happens around runs."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from optbench.core.specs import RunResult
from optbench.training.job import Job
from optbench.training.run_job import run_job


class InProcess:
    """Executes jobs in this process, which need not start a worker."""

    workers = 1

    def run(self, jobs: Sequence[Job]) -> Generator[RunResult]:
        yield from map(run_job, jobs)
