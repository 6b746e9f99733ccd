"""Several short runs in one task: what a task costs the cluster is then spent once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from optbench.core.specs import canonical
from optbench.training.job import Job

SECONDS = 2.0
"""The estimated duration at which a batch is complete; a result is returned when its batch is done."""
MOST = 50
"""The most runs in a batch, however short: what is lost with a worker."""
_PER_WORKER = 3  # batches, at least, so that workers end at about the same time


def batches(jobs: Sequence[Job], seconds: Sequence[float], workers: int) -> list[list[Job]]:
    """Divide jobs into batches of one embedded dataset and one set of distributions, in the order in which they come.

    Args:
        jobs: in the order of the plan.
        seconds: the estimated duration of each.
        workers: among how many the batches will be shared.
    """
    limit = min(SECONDS, sum(seconds) / (_PER_WORKER * workers))
    divided: list[list[Job]] = []
    for _, group in groupby(zip(jobs, seconds, strict=True), key=lambda pair: _together(pair[0])):
        total = float("inf")
        for job, duration in group:
            if total + duration > limit or len(divided[-1]) >= MOST:
                divided.append([])
                total = 0.0
            divided[-1].append(job)
            total += duration
    return divided


def _together(job: Job) -> tuple[object, ...]:
    return job.distributions, job.dataset, canonical(job.spec.embedder.as_json()), job.spec.dtype
