"""One command on a Dask cluster: check the workers, send batches, take the results."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from distributed.scheduler import KilledWorker

from optbench.core.errors import OptbenchError
from optbench.core.specs import RunResult
from optbench.execution.agreement import Difference, SentJob, pack, sample, versions
from optbench.execution.batches import batches
from optbench.execution.dask_worker import Batch, BatchOutcome, end_session, inspect, run_batch
from optbench.execution.estimate import run_seconds
from optbench.execution.outcome import Failure
from optbench.execution.pool import NoWorker
from optbench.training.job import Job
from optbench.training.outcome import failed_result

if TYPE_CHECKING:
    from distributed import Client, Future

NO_WORKERS = 300.0
"""Seconds for which a command waits for the first worker, or for another one after the last has gone."""
_POLL = 1.0  # seconds between two checks that the cluster has workers
_AHEAD = 2  # batches per thread that are with the cluster, so that a worker need not wait for the next one


class Session:
    """The jobs of one command on a cluster."""

    def __init__(self, client: Client, address: str, timeout: float | None) -> None:
        self._client, self._address, self._timeout = client, address, timeout
        self._name = uuid.uuid4().hex
        self._waiting: deque[list[Job]] = deque()
        self._running: dict[Future, list[Job]] = {}
        self._done: SimpleQueue[Future] = SimpleQueue()
        self._last_worker = time.monotonic()

    def results(self, jobs: Sequence[Job]) -> Iterator[RunResult]:
        """Yield one result per job, in order of completion.

        Raises:
            OptbenchError: a worker differs from this process, or the cluster is gone.
        """
        with self._ended():
            threads = self._threads(wait=True)
            self._check_workers(jobs)
            self._waiting.extend(batches(jobs, run_seconds(jobs, (), workers=threads), threads))
            while self._waiting or self._running:
                yield from self._submit()
                if self._running and (future := self._next()) is not None:
                    yield from self._take(future)

    @contextmanager
    def _ended(self) -> Iterator[None]:
        """At the end, however it comes, nothing of this session is left on the cluster."""
        try:
            yield
        finally:
            try:
                self._client.cancel(list(self._running))
                self._client.run(end_session, self._name, on_error="ignore")
            except Exception:  # noqa: BLE001, S110  # the scheduler is gone, and with it what there was to end
                pass

    def _threads(self, *, wait: bool = False) -> int:
        """Return the number of threads of the workers; wait for a worker if there is none.

        Raises:
            OptbenchError: the scheduler does not answer, or there was no worker for a long time.
        """
        while True:
            try:
                threads: int = sum(self._client.nthreads().values())
            except (OSError, TimeoutError) as error:
                raise self._lost(str(error)) from error
            if threads:
                self._last_worker = time.monotonic()
            elif time.monotonic() > self._last_worker + NO_WORKERS:
                raise OptbenchError(
                    f"the Dask scheduler at {self._address} has had no worker for {NO_WORKERS:g} seconds; "
                    f"'dask worker {self._address}' starts one, and the same command continues"
                )
            if threads or not wait:
                return threads
            time.sleep(_POLL)

    def _check_workers(self, jobs: Sequence[Job]) -> None:
        sent = [packed for job in sample(jobs) if isinstance(packed := pack(job), SentJob)]
        answers = self._client.run(inspect, self._name, sent, versions(), on_error="return")
        for worker, answer in sorted(answers.items()):
            if isinstance(answer, OSError):  # it died meanwhile; if it comes back, its batches are checked
                continue
            if isinstance(answer, Exception):
                unusable = f"not usable ({type(answer).__name__}: {answer})"
                raise self._differs(worker, Difference("optbench", "installed", unusable))
            if answer is not None:
                raise self._differs(worker, answer)

    def _submit(self) -> Iterator[RunResult]:
        """Send as many batches as the workers need; yield the results of jobs that cannot be sent."""
        most = _AHEAD * max(1, self._threads())
        while self._waiting and len(self._running) < most:
            jobs, sent = [], []
            for job in self._waiting.popleft():
                packed = pack(job)
                if isinstance(packed, Failure):
                    yield failed_result(job, packed.status, packed.reason)
                else:
                    jobs.append(job)
                    sent.append(packed)
            if jobs:
                future = self._client.submit(run_batch, Batch(self._name, sent, versions(), self._timeout), pure=False)
                self._running[future] = jobs
                future.add_done_callback(self._done.put)

    def _next(self) -> Future | None:
        try:
            return self._done.get(timeout=_POLL)
        except Empty:
            return None

    def _take(self, future: Future) -> Iterator[RunResult]:
        """Yield the results of a batch that is done; send its jobs again, one by one, if it has killed its workers."""
        jobs = self._running.pop(future)
        try:
            answer: BatchOutcome = future.result()
        except KilledWorker as error:
            if len(jobs) > 1:
                self._waiting.extend([job] for job in jobs)
                return
            reason = (
                f"its Dask worker died, and so did the next ones that tried it; the last one was {error.last_worker.address}"
            )
            yield failed_result(jobs[0], "crashed", reason)
            return
        except NoWorker:
            raise
        except Exception as error:
            if future.status == "error":
                raise OptbenchError(f"a Dask worker at {self._address} failed: {type(error).__name__}: {error}") from error
            raise self._lost(f"{type(error).__name__}: {error}") from error
        for job, result in zip(jobs, answer.outcomes, strict=True):
            if isinstance(result, Difference):
                raise self._differs(answer.worker, result)
            yield failed_result(job, result.status, result.reason) if isinstance(result, Failure) else result

    def _differs(self, worker: str, what: Difference | Failure) -> OptbenchError:
        if isinstance(what, Failure):
            return OptbenchError(f"the Dask worker at {worker} cannot run anything: {what.reason}")
        return OptbenchError(
            f"the Dask worker at {worker} differs from this process: {what}; all need the same versions, plugins and datasets"
        )

    def _lost(self, reason: str) -> OptbenchError:
        return OptbenchError(
            f"the Dask scheduler at {self._address} does not answer any more ({reason}); results so far are stored"
        )
