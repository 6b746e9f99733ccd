"""What happens inside a Dask worker: batches go through a pool of our own processes.

A run there has one BLAS thread, a time-out and a process that may crash, and third-party code is separated as it is locally.
The Dask worker itself imports no plugin.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing import util
from typing import Any, TypeAlias

from optbench.core.specs import RunResult
from optbench.execution.agreement import Difference, SentJob, first_difference, run_if_equal
from optbench.execution.local import RUN_MODULES
from optbench.execution.outcome import Failure, outcome
from optbench.execution.pool import NoWorker, WorkerPool

Outcome: TypeAlias = RunResult | Failure | Difference


@dataclass(frozen=True)
class Batch:
    """Jobs that travel together."""

    session: str
    """Identifies the command that they belong to."""
    jobs: Sequence[SentJob]
    versions: Mapping[str, str]
    timeout: float | None


@dataclass(frozen=True)
class BatchOutcome:
    """One outcome per job of a batch, in the same order, and where they were computed."""

    worker: str
    outcomes: Sequence[Outcome]


def run_batch(batch: Batch) -> BatchOutcome:
    """Run the jobs of a batch; the function of a Dask task.

    Raises:
        NoWorker: this Dask worker cannot start processes. As a result of each job this would use up all jobs that wait.
    """
    from distributed import get_worker

    worker = get_worker()
    with _pool(batch.session, worker.state.nthreads) as pool:
        futures = [pool.schedule(run_if_equal, [job, batch.versions], batch.timeout, group=job.group) for job in batch.jobs]
        outcomes = [outcome(future, batch.timeout) for future in futures]
    for future in futures:
        if isinstance(error := future.exception(), NoWorker):
            raise NoWorker(f"the Dask worker at {worker.address} cannot run anything: {error}")
    return BatchOutcome(worker.address, outcomes)


async def inspect(
    session: str, jobs: Sequence[SentJob], versions: Mapping[str, str], dask_worker: Any
) -> Difference | Failure | None:
    """Return what keeps a Dask worker from computing the jobs as planned, or None; see `distributed.Client.run`."""
    threads: int = dask_worker.state.nthreads
    # In a thread: the event loop has to answer the scheduler meanwhile.
    return await asyncio.to_thread(_inspect, session, threads, jobs, versions)


def _inspect(session: str, threads: int, jobs: Sequence[SentJob], versions: Mapping[str, str]) -> Difference | Failure | None:
    with _pool(session, threads) as pool:
        everything = frozenset[str]().union(*(job.group for job in jobs))
        found: Difference | Failure | None = outcome(
            pool.schedule(first_difference, [jobs, versions], group=everything), timeout=None
        )
        return found


def end_session(session: str) -> None:
    """Kill the processes that were started for a command."""
    with _lock:
        shared = _pools.pop(session, None)
    if shared is not None:
        shared.pool.stop()


@dataclass
class _Shared:
    pool: WorkerPool
    users: int = 0


_lock = threading.Lock()
_pools: dict[str, _Shared] = {}


@contextmanager
def _pool(session: str, workers: int) -> Iterator[WorkerPool]:
    """Return the pool of a command, which the threads of this Dask worker share; stop those of commands that are gone."""
    with _lock:
        _end_at_exit()
        for other in [name for name, shared in _pools.items() if name != session and not shared.users]:
            _pools.pop(other).pool.stop()
        if session not in _pools:
            _pools[session] = _Shared(WorkerPool(workers, preload=RUN_MODULES))
        shared = _pools[session]
        shared.users += 1
    try:
        yield shared.pool
    finally:
        with _lock:
            shared.users -= 1


@cache
def _end_at_exit() -> None:
    """End all pools when this process exits, before multiprocessing waits for its children, which wait for tasks."""
    util.Finalize(None, _end_all, exitpriority=100)


def _end_all() -> None:
    for session in list(_pools):
        end_session(session)
