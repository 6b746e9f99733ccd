"""Worker processes: one BLAS thread each, alone in their failures, and never alive without their parent."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
import types
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from pebble import ProcessPool

from optbench.fingerprint import THREAD_VARIABLES

_ORPHANED_AFTER = 1.0  # seconds between two looks at whether the parent still lives
_PR_SET_PDEATHSIG = 1


class _Process(SpawnProcess):
    """A spawned process that does not import the user's script again: a script needs no `if __name__ == "__main__"`."""

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802  # multiprocessing's name
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            return SpawnProcess._Popen(process_obj)  # noqa: SLF001  # what is overridden
        finally:
            sys.modules["__main__"] = main


class _Context(SpawnContext):
    Process = _Process


@contextmanager
def worker_pool(workers: int) -> Iterator[ProcessPool]:
    """Open a pool of `workers` spawned processes; on an exception (Ctrl-C too) they are killed at once."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))  # inherited: must be set before NumPy loads in the child
    pool = ProcessPool(max_workers=workers, initializer=_start, initargs=(os.getpid(),), context=_Context())
    try:
        yield pool
        pool.close()  # type: ignore[no-untyped-call]
    except BaseException:
        pool.stop()  # type: ignore[no-untyped-call]
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


def _start(parent: int) -> None:
    """Prepare a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    _die_with(parent)
    os.dup2(2, 1)  # what a plugin prints must not end up between the lines of --json
    from threadpoolctl import threadpool_info  # noqa: PLC0415  # after the environment, with NumPy

    import optbench.work  # noqa: F401, PLC0415  # pay for imports before the first task's time-out starts

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
