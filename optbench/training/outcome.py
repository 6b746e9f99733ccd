"""Results of runs that could not be completed."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from optbench.core.errors import OptbenchError
from optbench.core.specs import RunResult, Status
from optbench.training.job import Job


def failed_result(
    job: Job, status: Status, reason: str | BaseException, *, fingerprint: Mapping[str, Any] = MappingProxyType({})
) -> RunResult:
    """Return the result of a job that raised, timed out or lost its worker: a status and a reason, without curves or digest.

    Args:
        job: the job.
        status: "failed", "timeout" or "crashed".
        reason: a message, or the exception. An `OptbenchError` is its own message, any other exception is given as a traceback.
        fingerprint: the environment in which the job ran; empty where it is not known.
    """
    if isinstance(reason, OptbenchError):
        reason = str(reason)
    elif isinstance(reason, BaseException):
        reason = "".join(traceback.format_exception(reason))
    return RunResult(job.spec, job.labels, status, reason=reason, fingerprint=dict(fingerprint))
