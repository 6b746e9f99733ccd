"""One worker: a spawned process that computes one task after another, and the object by which its parent controls it."""

from __future__ import annotations

import ctypes
import importlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from optbench.training.environment import THREAD_VARIABLES

_PARENT_INTERVAL = 1.0  # seconds between two checks of a worker that its parent is alive
_WORKER_INTERVAL = 0.2  # seconds between two checks of the parent that a worker is alive
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_spawning = threading.Lock()


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
        self._process = _Process(target=_serve, args=arguments, name="optbench worker", daemon=False)
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
            while not self._pipe.poll(max(0.0, min(_WORKER_INTERVAL, end - time.monotonic()))):
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
        with _one_blas_thread(), _without_main(), _sigint_blocked():
            return SpawnProcess._Popen(process_obj)  # noqa: SLF001  # the overridden method

    def start(self) -> None:
        """Start the process, also where this process is daemonic, as a Dask worker with a nanny is.

        multiprocessing forbids children to daemonic processes because nobody would end them: such a process is terminated
        without notice when its parent exits. A worker ends by itself when its parent does (`_end_with`), so that the reason
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
def _without_main() -> Iterator[None]:
    """Hide the user's script, which the child would import: a script then needs no `if __name__ == "__main__"`."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
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


def _serve(pipe: Connection, parent: int, preload: Sequence[str]) -> None:
    """Compute one task after another until the pipe ends; the main function of a worker process."""
    _send(pipe, lambda: _prepare(parent, preload))
    while True:
        try:
            task = pipe.recv_bytes()
        except EOFError:
            return
        _send(pipe, lambda: _compute(task))  # noqa: B023  # called at once


def _compute(task: bytes) -> Any:
    # Unpickled here, where exceptions are caught: a plugin that cannot be imported in a worker fails its own task only.
    function, args = pickle.loads(task)  # noqa: S301  # pickled by our parent
    return function(*args)


def _send(pipe: Connection, call: Callable[[], Any]) -> None:
    """Send the value of `call()`, or the traceback of its exception."""
    try:
        pipe.send((call(), ""))
    except BaseException:  # noqa: BLE001  # a task may raise anything, and return what cannot be pickled
        pipe.send((None, traceback.format_exc()))


def _prepare(parent: int, preload: Sequence[str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with(parent)
    os.dup2(2, 1)  # standard output belongs to --json; what a plugin prints goes to standard error
    from threadpoolctl import threadpool_info  # NumPy must be imported after the environment is set

    for module in preload:
        importlib.import_module(module)
    threads = {library["num_threads"] for library in threadpool_info()}
    if threads - {1}:
        raise RuntimeError(f"a worker's BLAS uses {sorted(threads)} threads; results are reproducible with one only")


def _end_with(parent: int) -> None:
    """Make sure that this process ends when its parent does, whatever ended the parent."""
    if sys.platform == "linux":  # the kernel's signal arrives even while a C call holds the interpreter's lock
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_INTERVAL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
