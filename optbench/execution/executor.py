"""What every executor does: turn jobs into results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from optbench.core.specs import RunResult
from optbench.training.job import Job


class Executor(Protocol):
    """Computes runs, somewhere."""

    @property
    def workers(self) -> int:
        """The number of runs that are computed at the same time."""

    def run(self, jobs: Sequence[Job]) -> Iterator[RunResult]:
        """Yield one result per job, in order of completion.

        A job that raises, takes too long or loses its worker yields a result that says so. Closing the iterator, or an
        exception such as KeyboardInterrupt while it waits, kills the workers at once.

        Raises:
            OptbenchError: the executor itself cannot do its work; the message says why.
        """
