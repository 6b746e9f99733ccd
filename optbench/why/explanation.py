"""What an inquiry found, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from optbench.analysis.statistics import Comparison, Verdict
from optbench.why.members import Member

Kind = Literal["pair", "part", "remaining"]


@dataclass(frozen=True)
class Setting:
    """The learning rate at which a member was compared on a workload.

    Attributes:
        member: the optimizer.
        place: the workload.
        rates: the chosen rates by name; empty for a method that sets its own.
        factor: what the rates as given were multiplied by.
        losses: by factor, the median over the tuning seeds of the best validation loss; infinite where it diverged.
        edge: whether the best point was the first or the last of the grid.
        close: other factors whose loss is within 1 % of the best.
        target: the loss to reach.
        provisional: whether the target was made of the runs of A and B, because the workload has no frozen one.
        statuses: how many of its runs with evaluation seeds ended with each status.
    """

    member: Member
    place: str
    rates: Mapping[str, float]
    factor: float
    losses: Mapping[float, float]
    edge: bool
    close: tuple[float, ...]
    target: float
    provisional: bool
    statuses: Mapping[str, int]


@dataclass(frozen=True)
class Finding:
    """One comparison of two members: negative effects favour the first.

    Attributes:
        kind: "pair" for A and B, "part" for an optimizer without a part and the same with it, "remaining" for an optimizer
            without a part and the other one.
        first: the optimizer that the verdict is about.
        second: what it is compared with.
        place: the workload; empty for all workloads that both were run on.
        places: how many workloads that is.
        comparison: of passes to the target, or, over all workloads, of `net_wins`.
        verdict: as a member of its family.
        family: m, the number of comparisons of the inquiry that are on one workload or, for one over all, of those.
    """

    kind: Kind
    first: Member
    second: Member
    place: str
    places: int
    comparison: Comparison
    verdict: Verdict
    family: int

    @property
    def ablated(self) -> Member:
        """The one of the two that is without a part; the first where neither is."""
        return self.second if self.second.part else self.first


@dataclass(frozen=True)
class Steps:
    """What the steps of an optimizer were like on a workload: medians over some seeds, one value for each epoch.

    Attributes:
        member: A or B, at its chosen rate.
        place: the workload.
        seeds: the seeds that were replayed.
        steps_per_epoch: the number of steps in an epoch.
        update_norm: see `execution.step_recorder.EpochSteps`. NaN where a quantity does not exist.
        cosine: see there.
        noise_ratio: see there.
        completed: how many of the seeds completed the epoch.
        remark: what is to be known of these replays; empty if nothing is.
    """

    member: Member
    place: str
    seeds: tuple[int, ...]
    steps_per_epoch: int
    update_norm: tuple[float, ...]
    cosine: tuple[float, ...]
    noise_ratio: tuple[float, ...]
    completed: tuple[int, ...]
    remark: str = ""


@dataclass(frozen=True)
class Explanation:
    """What was found.

    Attributes:
        a: the first optimizer, as the user wrote it.
        b: the second one.
        places: the names of the workloads.
        seeds: the evaluation seeds that were asked for.
        settings: the rate of each member on each workload.
        findings: all comparisons.
        steps: for A and B on each workload.
        notes: what could not be done, in sentences.
        failed: how many runs did not end with a final status.
    """

    a: str
    b: str
    places: tuple[str, ...]
    seeds: tuple[int, ...]
    settings: tuple[Setting, ...]
    findings: tuple[Finding, ...]
    steps: tuple[Steps, ...]
    notes: tuple[str, ...]
    failed: int = 0

    def of(self, kind: Kind, first: Member, second: Member) -> list[Finding]:
        """Return the findings of one comparison: a workload each, then the one over all of them."""
        wanted = (kind, first, second)
        found = [finding for finding in self.findings if (finding.kind, finding.first, finding.second) == wanted]
        return sorted(found, key=lambda finding: not finding.place)
