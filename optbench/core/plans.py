"""Planned runs, as `run` stores them before its first job: which seeds a comparison was planned with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Track = Literal["default", "tuned", "ablation"]
TRACKS: tuple[Track, ...] = ("default", "tuned")
"""The tracks that tables show. The variants of an ablation are on a third one, so that they are in no table."""


@dataclass(frozen=True)
class Plan:
    """Runs that were planned together.

    Attributes:
        track: whether hyper-parameters were the published ones, tuned ones, or those of an ablation.
        seeds: in increasing order.
        variants: the display name of the optimizer by `workload.group_of` the runs.
        workloads: the name of the workload in a suite, by the same; only where there is one.
    """

    track: Track
    seeds: tuple[int, ...]
    variants: Mapping[str, str]
    workloads: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the plan as plain values."""
        return {
            "track": self.track,
            "seeds": list(self.seeds),
            "variants": dict(sorted(self.variants.items())),
            "workloads": dict(sorted(self.workloads.items())),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Plan:
        """Return the plan that `as_json` was called on."""
        return cls(plain["track"], tuple(plain["seeds"]), plain["variants"], plain["workloads"])


def planned_seeds(plans: Sequence[Plan], groups: Iterable[str]) -> tuple[int, ...]:
    """Return the seeds that a comparison of these variants on one workload was planned with.

    They are those of the first plan that has all of them: their results can have been compared only after it. Variants that
    were never planned together were planned with the seeds that their own first plans have in common. Empty where a variant
    is in no plan, as in stores of earlier versions.

    Args:
        plans: in the order in which they were made.
        groups: what `workload.group_of` returns for the variants.
    """
    wanted = set(groups)
    for plan in plans:
        if wanted <= plan.variants.keys():
            return plan.seeds
    first = [next((set(plan.seeds) for plan in plans if group in plan.variants), set[int]()) for group in wanted]
    return tuple(sorted(set.intersection(*first))) if first else ()
