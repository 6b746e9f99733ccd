"""A pool of worker processes that survives whatever its tasks do.

Why not an existing pool: pebble waits forever for a worker that leaves by `os._exit(0)`; concurrent.futures and loky lose all
queued tasks when one worker is killed. All three were measured. Here each worker has a pipe and a thread of the parent's to
itself, so that nothing is shared that a worker could leave locked.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from optbench.core.errors import OptbenchError
from optbench.execution.tasks import Group, Task, TaskQueue
from optbench.execution.worker import NotPicklable, TaskFailed, Worker, WorkerDied

FAILED_STARTS = 5
"""Failed starts of workers in a row, with no successful one in between, after which a pool gives up."""
_PAUSE = 0.1  # seconds before the second attempt; the third waits twice as long, and so on


class NoWorker(OptbenchError):
    """No worker could be started, in several attempts."""


class WorkerPool:
    """Processes that compute one task at a time, each with one BLAS thread.

    A worker serves one group of tasks: it takes the group of its first task, and once it has imported third-party code it is
    replaced rather than used for another group. A task is therefore never computed after code that it does not itself import.

    Args:
        workers: the number of processes.
        preload: modules that a worker imports before its first task.
    """

    def __init__(self, workers: int, *, preload: Sequence[str] = ()) -> None:
        self._preload = preload
        self._queue = TaskQueue()
        self._stopped = threading.Event()
        self._starting = threading.Lock()
        self._failed_starts = 0
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def schedule(
        self,
        function: Callable[..., Any],
        args: Sequence[Any] = (),
        timeout: float | None = None,
        group: Group = frozenset(),
    ) -> Future[Any]:
        """Compute `function(*args)` in a worker and return the future of its value.

        The future raises TimeoutError, WorkerDied, TaskFailed or NotPicklable, which concern this task only; NoWorker; or
        CancelledError after `stop`.

        Args:
            function: importable in a worker.
            args: picklable, as the value must be.
            timeout: seconds after which the worker is killed; its start does not count.
            group: the third-party distributions that the task imports.
        """
        task = Task(function, tuple(args), timeout, group)
        self._queue.put(task)
        return task.future

    def stop(self) -> None:
        """Kill all workers and cancel all tasks that wait for one."""
        self._stopped.set()
        self._queue.cancel()

    def join(self) -> None:
        """Wait until all tasks have ended, or `stop` was called, and all workers are gone. No task may follow."""
        self._queue.close()
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        """Pass tasks to a worker, one after another; the main function of a thread."""
        worker: Worker | None = None
        group: Group | None = None
        while (task := self._queue.take(group)) is not None:
            if not task.future.set_running_or_notify_cancel():
                continue
            # A worker that has computed built-in tasks only has imported nothing that could affect others.
            if worker is not None and not (worker.is_alive() and group in {task.group, frozenset()}):
                worker.kill()
                worker = None
            group = task.group
            try:
                worker = worker or self._start()
                task.future.set_result(worker.call(task.function, task.args, task.timeout))
            except NoWorker as error:
                self._queue.refuse(error)
                task.future.set_exception(error)
            except (TaskFailed, NotPicklable) as error:
                task.future.set_exception(error)
            except Exception as error:  # noqa: BLE001  # the worker is dead, busy, or in an unknown state
                if worker is not None:
                    worker.kill()
                    worker = None
                task.future.set_exception(error)
        if worker is not None:
            worker.kill()

    def _start(self) -> Worker:
        """Return a new worker; try again if it fails, since memory may be short, or somebody killed it."""
        while True:
            try:
                worker = Worker(self._stopped, self._preload)
            except (WorkerDied, TaskFailed, OSError) as error:
                with self._starting:
                    self._failed_starts += 1
                    failed = self._failed_starts
                if self._stopped.is_set():
                    raise
                if failed >= FAILED_STARTS:
                    raise NoWorker(f"no worker could be started: {error}; 'optbench doctor' checks this") from error
                if self._stopped.wait(_PAUSE * failed):
                    raise
            else:
                with self._starting:
                    self._failed_starts = 0
                return worker


@contextmanager
def worker_pool(workers: int, *, preload: Sequence[str] = ()) -> Iterator[WorkerPool]:
    """Open a pool; at the end wait for its tasks, or on an exception (Ctrl-C too) kill its workers at once."""
    pool = WorkerPool(workers, preload=preload)
    try:
        yield pool
    except BaseException:
        pool.stop()
        raise
    finally:
        pool.join()


def default_workers() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else multiprocessing.cpu_count()
