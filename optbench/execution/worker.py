"""One worker process, as its parent sees it: how it is started, asked and killed."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnProcess
from typing import Any

from optbench.execution.worker_main import serve
from optbench.training.environment import THREAD_VARIABLES

_INTERVAL = 0.2  # seconds between two checks that the worker is alive, in case its end does not show in its pipe
_spawning = threading.Lock()
_hiding = threading.Lock()
_hidden: list[types.ModuleType] = []  # what was `__main__` at each entry of `without_main`


class WorkerDied(Exception):
    """The worker ended before its task did."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"its worker died with exit code {code}")


class TaskFailed(Exception):
    """The task raised an exception in the worker; the message is the last line of the traceback."""

    def __init__(self, trace: str) -> None:
        super().__init__(trace.strip().rpartition("\n")[2])
        self.trace = trace


class NotPicklable(Exception):
    """The task cannot be sent to a worker; the message says why."""


class Worker:
    """A running worker process.

    Args:
        stopped: once it is set, calls that wait for the worker kill it and raise WorkerDied.
        preload: modules that the worker imports before its first task, so that no task's time-out includes them.

    Raises:
        WorkerDied: the process ended before it was ready.
        TaskFailed: its preparation raised an exception.
        OSError: the process could not be started.
    """

    def __init__(self, stopped: threading.Event, preload: Sequence[str] = ()) -> None:
        self._stopped = stopped
        self._pipe, child_end = multiprocessing.Pipe()
        arguments = (child_end, os.getpid(), tuple(preload))
        self._process = _Process(target=serve, args=arguments, name="optbench worker", daemon=False)
        try:
            self._process.start()
        except BaseException:
            self._pipe.close()
            raise
        finally:
            child_end.close()  # while the parent holds this end too, the end of the worker does not end the pipe
        try:
            self._receive(None)
        except BaseException:
            self.kill()
            raise

    def is_alive(self) -> bool:
        """Return whether the process is running."""
        return self._process.is_alive()

    def kill(self) -> None:
        """Kill the process and wait for its end."""
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def call(self, function: Callable[..., Any], args: Sequence[Any], timeout: float | None) -> Any:
        """Return `function(*args)`, computed by the worker.

        Raises:
            NotPicklable: the function or an argument cannot be pickled. The worker is not affected.
            TaskFailed: the call raised an exception. The worker is not affected.
            TimeoutError: there was no result after `timeout` seconds. The worker is still busy.
            WorkerDied: the process has ended.
        """
        try:
            task = pickle.dumps((function, args))
        except Exception as error:  # a class that a plugin defines within a function, for example
            raise NotPicklable(f"{type(error).__name__}: {error}") from error
        try:
            self._pipe.send_bytes(task)
        except OSError:
            raise self._died() from None
        return self._receive(timeout)

    def _receive(self, timeout: float | None) -> Any:
        end = time.monotonic() + timeout if timeout else float("inf")
        try:
            while not self._pipe.poll(max(0.0, min(_INTERVAL, end - time.monotonic()))):
                # A child of the worker may keep the pipe open after the worker's death.
                if self._stopped.is_set() or not (self.is_alive() or self._pipe.poll()):
                    raise self._died()
                if time.monotonic() >= end:
                    raise TimeoutError
            result, trace = self._pipe.recv()
        except (EOFError, ConnectionError):
            raise self._died() from None
        if trace:
            raise TaskFailed(trace)
        return result

    def _died(self) -> WorkerDied:
        # Its pipe closes shortly before its exit code is available; or a plugin closed the pipe and the process is alive.
        self._process.kill()
        self._process.join()
        return WorkerDied(self._process.exitcode)


class _Process(SpawnProcess):
    """A spawned process that can be started from scripts, threads and daemonic processes alike."""

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802  # multiprocessing's name
        with _one_blas_thread(), without_main(), _sigint_blocked():
            return SpawnProcess._Popen(process_obj)  # noqa: SLF001  # the overridden method

    def start(self) -> None:
        """Start the process, also where this process is daemonic, as a Dask worker with a nanny is.

        multiprocessing forbids children to daemonic processes because nobody would end them: such a process is terminated
        without notice when its parent exits. A worker ends by itself when its parent does (`worker_main`), so that the reason
        for the ban does not apply.
        """
        config = multiprocessing.current_process()._config  # type: ignore[attr-defined]  # noqa: SLF001  # there is no public switch
        with _spawning:
            daemonic = config.pop("daemon", None)
            try:
                super().start()
            finally:
                if daemonic is not None:
                    config["daemon"] = daemonic


@contextmanager
def _one_blas_thread() -> Iterator[None]:
    """Set the environment that the child inherits: BLAS libraries read it when NumPy is imported."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def without_main() -> Iterator[None]:
    """Hide the user's script, which spawned processes would import: it then needs no `if __name__ == "__main__"`.

    Several threads may be inside at the same time; the last one to leave restores the script.
    """
    with _hiding:
        _hidden.append(sys.modules["__main__"])
        sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        with _hiding:
            main = _hidden.pop()
            if not _hidden:
                sys.modules["__main__"] = main


@contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Block SIGINT, for the child to inherit: a terminal sends it to the whole group, but the parent decides what ends."""
    resource_tracker.ensure_running()  # otherwise it is started later, by a function that unblocks SIGINT
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
