"""Which third-party code a job imports."""

from __future__ import annotations

import sys

from optbench.planning.catalogue import layers
from optbench.training.job import Job


def third_party(job: Job) -> frozenset[str]:
    """Return the top-level packages outside optbench that define the job's components, or a base class of one."""
    components = (*layers(job.optimizer), job.architecture, job.embedder)
    modules = {base.__module__.partition(".")[0] for component in components for base in type(component).__mro__}
    return frozenset(modules - {"optbench"} - sys.stdlib_module_names)
