"""Which third-party code a job imports."""

from __future__ import annotations

import sys

from optbench.planning.catalogue import layers
from optbench.training.job import Job


def distributions(job: Job) -> frozenset[str]:
    """Return the third-party distributions of a job; where it does not name them, the packages that define its classes."""
    if job.distributions:
        return job.distributions
    components = (*layers(job.optimizer), job.architecture, job.embedder)
    modules = {base.__module__.partition(".")[0] for component in components for base in type(component).__mro__}
    return frozenset(modules - {"optbench"} - sys.stdlib_module_names)
