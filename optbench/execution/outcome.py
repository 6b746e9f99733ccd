"""From the exception of a task in a pool to the status of its run."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from optbench.core.specs import Status
from optbench.execution.pool import NoWorker
from optbench.execution.worker import NotPicklable, TaskFailed, WorkerDied


@dataclass(frozen=True)
class Failure:
    """Why there is no result."""

    status: Status
    reason: str


def outcome(future: Future[Any], timeout: float | None) -> Any:
    """Wait for a task of a `WorkerPool`; return its value, or a `Failure`."""
    try:
        return future.result()
    except TimeoutError:
        return Failure("timeout", f"not done after {timeout:g} seconds; --timeout sets the limit")
    except (WorkerDied, NoWorker) as error:
        return Failure("crashed", str(error))
    except NotPicklable as error:
        return not_sent(str(error))
    except TaskFailed as error:  # it could not be unpickled in the worker: a plugin that can be imported in this process only
        return Failure("failed", error.trace)


def not_sent(reason: str) -> Failure:
    """Return the failure of a task that cannot be pickled."""
    return Failure("failed", f"it cannot be sent to a worker: {reason}")
