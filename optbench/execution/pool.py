"""Worker processes: one BLAS thread each, alone in their failures, and never alive without their parent."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
import types
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from queue import SimpleQueue
from typing import Any

from optbench.core.errors import OptbenchError
from optbench.training.environment import THREAD_VARIABLES

_ORPHANED_AFTER = 1.0  # seconds between two looks at whether the parent still lives
_LOOK = 0.2  # seconds between two looks at whether a worker still lives, should its end not show in its pipe
_PR_SET_PDEATHSIG = 1
_spawning = threading.Lock()


class WorkerDied(Exception):
    """The worker ended before its task did."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"its worker died with exit code {code}")


class TaskFailed(Exception):
    """The task raised; the message is the last line of the worker's traceback."""

    def __init__(self, trace: str) -> None:
        super().__init__(trace.strip().rpartition("\n")[2])
        self.trace = trace


class WorkerPool:
    """Processes that each do one task at a time, looked after by a thread each.

    Nothing is shared between workers, no queue and no lock, so that one which is killed at any moment, leaves by
    `os._exit(0)` or hangs, costs its own task alone: the end of a worker is the end of its pipe.
    """

    def __init__(self, workers: int) -> None:
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def schedule(self, function: Callable[..., Any], args: Sequence[Any] = (), timeout: float | None = None) -> Future[Any]:
        """Have `function(*args)` called in a worker; it, its arguments and its result must be picklable.

        The future raises TimeoutError after `timeout` seconds, for which the worker's own start does not count; WorkerDied;
        or TaskFailed. What becomes of one task is not seen by the others.
        """
        task = _Task(Future(), function, tuple(args), timeout)
        self._tasks.put(task)
        return task.future

    def stop(self) -> None:
        """Kill all workers; tasks that have not ended never do."""
        self._stopped.set()

    def join(self) -> None:
        """Wait until all tasks have ended, or `stop` was called, and no worker is left."""
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        worker: _Worker | None = None
        while not self._stopped.is_set() and (task := self._tasks.get()) is not None:
            if worker is not None and not worker.lives():  # between two tasks: the next one shall not suffer for it
                worker.kill()
                worker = None
            try:
                worker = worker or _Worker(self._stopped)
                task.future.set_result(worker.ask((task.function, task.args), task.timeout))
            except Exception as error:  # noqa: BLE001  # whatever it is, it belongs to this task
                if worker is not None and not isinstance(error, TaskFailed):
                    worker.kill()
                    worker = None
                task.future.set_exception(error)
        if worker is not None:
            worker.kill()


@dataclass(frozen=True)
class _Task:
    future: Future[Any]
    function: Callable[..., Any]
    args: tuple[Any, ...]
    timeout: float | None


class _Worker:
    """The parent's end of one worker."""

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = _Process(target=_work, args=(theirs, os.getpid()), name="optbench worker")
        try:
            with _spawning:
                self._process.start()
        finally:
            theirs.close()  # else its end would not be seen here
        try:
            self._answer(None)  # it is ready
        except (WorkerDied, TaskFailed) as error:
            self.kill()
            raise OptbenchError(f"a worker cannot start: {error}") from error

    def lives(self) -> bool:
        return self._process.is_alive()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def ask(self, question: Any, timeout: float | None) -> Any:
        """Send a task and wait for its result."""
        try:
            self._pipe.send(question)
        except OSError:
            raise self._died() from None
        return self._answer(timeout)

    def _answer(self, timeout: float | None) -> Any:
        end = time.monotonic() + timeout if timeout else float("inf")
        try:
            while not self._pipe.poll(max(0.0, min(_LOOK, end - time.monotonic()))):
                # A child of the worker's may hold the pipe open after the worker's death.
                if self._stopped.is_set() or not (self.lives() or self._pipe.poll()):
                    raise self._died()
                if time.monotonic() >= end:
                    raise TimeoutError
            result, fault = self._pipe.recv()
        except (EOFError, ConnectionError):
            raise self._died() from None
        if fault:
            raise TaskFailed(fault)
        return result

    def _died(self) -> WorkerDied:
        # Its pipe closes a moment before it can be waited for, which changes nothing; or a plugin closed it, and it lives.
        self._process.kill()
        self._process.join()
        return WorkerDied(self._process.exitcode)


class _Process(SpawnProcess):
    """A spawned process that does not import the user's script again: a script needs no `if __name__ == "__main__"`.

    It is born deaf to Ctrl-C, which reaches the whole group; the parent decides.
    """

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802  # multiprocessing's name
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        resource_tracker.ensure_running()  # before: where it starts that process, it ends by letting SIGINT through
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return SpawnProcess._Popen(process_obj)  # noqa: SLF001  # what is overridden
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            sys.modules["__main__"] = main


@contextmanager
def worker_pool(workers: int) -> Iterator[WorkerPool]:
    """Open a pool of `workers` spawned processes; on an exception (Ctrl-C too) they are killed at once."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))  # inherited: must be set before NumPy loads in the child
    pool = WorkerPool(workers)
    try:
        yield pool
    except BaseException:
        pool.stop()
        raise
    finally:
        pool.join()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def default_workers() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else multiprocessing.cpu_count()


def _work(pipe: Connection, parent: int) -> None:
    """Do one task after another; what a worker is."""
    _send(pipe, lambda: _start(parent))
    while True:
        try:
            function, args = pipe.recv()
        except EOFError:
            return
        _send(pipe, lambda: function(*args))  # noqa: B023  # called at once


def _send(pipe: Connection, call: Callable[[], Any]) -> None:
    """Send what `call` returns, or why it returned nothing."""
    try:
        pipe.send((call(), ""))
    except BaseException:  # noqa: BLE001  # a task may raise anything, and return what cannot be pickled
        pipe.send((None, traceback.format_exc()))


def _start(parent: int) -> None:
    """Prepare a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with(parent)
    os.dup2(2, 1)  # what a plugin prints must not end up between the lines of --json
    from threadpoolctl import threadpool_info  # after the environment, with NumPy

    import optbench.training.run_job  # noqa: F401  # pay for imports before the first task's time-out starts

    threads = {library["num_threads"] for library in threadpool_info()}
    if threads - {1}:
        raise RuntimeError(f"a worker's BLAS uses {sorted(threads)} threads; results are reproducible with one only")


def _die_with(parent: int) -> None:
    """Make sure that this process ends when its parent does, however that ended."""
    if sys.platform == "linux":  # the kernel kills us, even if a C call never gives the interpreter back
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_ORPHANED_AFTER)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
