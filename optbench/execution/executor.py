"""What every executor does: turn jobs into results."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Protocol

from optbench.core.errors import UsageError, nearest
from optbench.core.specs import RunResult
from optbench.training.job import Job


class Executor(Protocol):
    """Computes runs, somewhere."""

    @property
    def workers(self) -> int:
        """The number of runs that are computed at the same time."""

    def run(self, jobs: Sequence[Job]) -> Generator[RunResult]:
        """Yield one result per job, in order of completion.

        A job that raises, takes too long or loses its worker yields a result that says so. Closing the iterator, or an
        exception such as KeyboardInterrupt while it waits, kills the workers at once.

        Raises:
            OptbenchError: the executor itself cannot do its work; the message says why.
        """


def parse_executor(text: str, workers: int | None = None, timeout: float | None = None) -> Executor:
    """Return the executor that `text` names: `local`, `dask`, `dask=tcp://HOST:PORT` or `dask=SCHEDULER_FILE`.

    Args:
        text: the value of `--executor`.
        workers: the number of processes to start; None for one per processor.
        timeout: seconds after which a run is killed; None for no limit.

    Raises:
        UsageError: there is no such executor, or its address or file is not valid.
        MissingExtra: the executor needs a package that is not installed.
    """
    from optbench.execution.dask import DaskExecutor
    from optbench.execution.local import LocalExecutor

    name, separator, place = text.partition("=")
    if text == "local":
        return LocalExecutor(workers, timeout)
    if text == "dask":
        return DaskExecutor(workers=workers, timeout=timeout)
    if name == "dask" and "://" in place:
        return DaskExecutor(place, workers=workers, timeout=timeout)
    if name == "dask" and place:
        return DaskExecutor(scheduler_file=Path(place), workers=workers, timeout=timeout)
    hint = "" if separator else nearest(name, ("local", "dask"))
    raise UsageError(
        f"no executor {text!r}{hint}; it is 'local', 'dask' for a cluster on this machine, 'dask=tcp://HOST:PORT' for one that "
        "runs already, or 'dask=FILE' for one that wrote a scheduler file"
    )
