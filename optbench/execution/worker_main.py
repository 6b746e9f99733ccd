"""What runs inside a worker process."""

from __future__ import annotations

import ctypes
import importlib
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

_INTERVAL = 1.0  # seconds between two checks that the parent is alive
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def serve(pipe: Connection, parent: int, preload: Sequence[str]) -> None:
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
            time.sleep(_INTERVAL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
