"""What a comparison is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from optbench.core.plans import Plan
from optbench.core.specs import RunResult
from optbench.core.targets import Target
from optbench.core.workload import Workload
from optbench.registry import Registry


@dataclass(frozen=True)
class Sources:
    """What a comparison is made from.

    Attributes:
        runs: the stored runs, of one track.
        targets: the frozen targets.
        plans: those of the store.
        store: its file, which the commands name.
        registry: the installed components.
    """

    runs: Sequence[RunResult]
    targets: Mapping[Workload, Target]
    plans: Sequence[Plan]
    store: Path
    registry: Registry
