"""The wrappers that come with optbench, registered through the same entry-point group as anyone's."""

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
