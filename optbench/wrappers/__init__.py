"""The built-in wrappers, registered through the same entry-point group as those of plugins."""

from __future__ import annotations

from optbench import Wrapper, hookimpl
from optbench.wrappers.clip import Clip
from optbench.wrappers.constant import Constant
from optbench.wrappers.cosine import Cosine
from optbench.wrappers.one_cycle import OneCycle
from optbench.wrappers.step import Step
from optbench.wrappers.warmup import Warmup


@hookimpl
def optbench_wrappers() -> list[type[Wrapper]]:
    """Return the built-in wrappers."""
    return [Clip, Constant, Cosine, OneCycle, Step, Warmup]
