"""Running what is missing: tasks go to workers, results come back one by one to the one process that stores them."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from concurrent.futures import Future, as_completed

from optbench.core.specs import RunResult, Status
from optbench.execution.pool import TaskFailed, WorkerDied, worker_pool
from optbench.training.job import Job


def execute(
    tasks: Iterable[Job],
    keep: Callable[[RunResult], None],
    *,
    workers: int,
    timeout: float | None = None,
) -> None:
    """Run `tasks` in `workers` processes and call `keep` with each result as it comes.

    Args:
        tasks: what to run, in this order as far as workers are free.
        keep: called in this process; what it raises stops everything.
        workers: number of processes, each with one BLAS thread.
        timeout: seconds after which a run is killed and ends as `timeout`; None for no limit.
    """
    with worker_pool(workers) as pool:
        futures: dict[Future[RunResult], Job] = {}
        for task in tasks:
            try:
                content = pickle.dumps(task)
            except Exception as error:  # noqa: BLE001  # a class that a plugin made within a function, say
                reason = f"it cannot be sent to a worker: {type(error).__name__}: {error}"
                keep(RunResult(task.spec, task.labels, "failed", reason=reason))
            else:
                futures[pool.schedule(_run_pickled, args=[content], timeout=timeout)] = task
        for future in as_completed(futures):
            keep(_outcome(future, futures.pop(future), timeout))


def _run_pickled(task: bytes) -> RunResult:
    # Unpickled here, not by the pool: a plugin that cannot be imported in a worker must fail alone.
    from optbench.training.run_job import run_job

    return run_job(pickle.loads(task))  # noqa: S301  # our own parent's


def _outcome(future: Future[RunResult], task: Job, timeout: float | None) -> RunResult:
    """Return the result, or what became of a run whose worker could not return one."""
    status: Status
    try:
        return future.result()
    except TimeoutError:
        status, reason = "timeout", f"not done after {timeout:g} seconds; --timeout sets the limit"
    except WorkerDied as error:
        status, reason = "crashed", str(error)
    except TaskFailed as error:  # it could not be unpickled in the worker: a plugin that is importable here alone
        status, reason = "failed", error.trace
    return RunResult(task.spec, task.labels, status, reason=reason)
