"""The comparison of two optimizers as a value: on each workload, over all of them, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from optbench.analysis.grouping import Variant
from optbench.analysis.statistics import Comparison, NotAvailable, Verdict
from optbench.core.plans import Track
from optbench.core.specs import Status
from optbench.core.workload import Workload

SECONDARY = ("epochs_to_target", "evaluations_to_target", "seconds_to_target", "best_val_loss", "test_quality")
"""The metrics that are shown beside the primary endpoint, passes to target; they have no verdict."""


@dataclass(frozen=True)
class WorkloadComparison:
    """A against B on one workload.

    Attributes:
        workload: what both were run on.
        label: its display name.
        target: for the validation loss; None where no run has a result.
        frozen: whether the target is a frozen one; a provisional one depends on the runs that it was made from.
        quality: what the quality of predictions is, such as "accuracy".
        seeds: those that both have a result with, which are compared.
        planned: those that were planned before the first run.
        comparison: of the passes to target.
        verdict: as a member of the family of all workloads.
        diverged: how many of the compared runs of A, and of B, diverged.
        secondary: the medians of A and B over the compared seeds by metric of `SECONDARY`, infinite for a target that was not
            reached; None where nothing was recorded.
        variants: A and B as they were run on this workload; on the tuned track their hyper-parameters differ between workloads.
    """

    workload: Workload
    label: str
    target: float | None
    frozen: bool
    quality: str
    seeds: tuple[int, ...]
    planned: tuple[int, ...]
    comparison: Comparison
    verdict: Verdict
    diverged: tuple[int, int]
    secondary: Mapping[str, tuple[float | None, float | None]]
    variants: tuple[Variant, Variant]


@dataclass(frozen=True)
class OverallComparison:
    """A against B over all workloads, by the share of them on which each was sooner: a family of its own, of one comparison.

    Attributes:
        seeds: those that both have a result with on every workload.
        planned: those that were planned.
        comparison: of the differences of these shares, negative where A was sooner on more workloads.
        verdict: of this comparison.
    """

    seeds: tuple[int, ...]
    planned: tuple[int, ...]
    comparison: Comparison
    verdict: Verdict


@dataclass(frozen=True)
class MissingRuns:
    """Runs without a result that a comparison could use.

    Attributes:
        optimizer: the display name of A or B.
        workload: what the runs are on.
        label: its display name.
        seeds: theirs.
        statuses: the seeds of those that were executed and failed, crashed or timed out, by status; the others were not run.
    """

    optimizer: str
    workload: Workload
    label: str
    seeds: tuple[int, ...]
    statuses: Mapping[Status, tuple[int, ...]]


@dataclass(frozen=True)
class PairComparison:
    """A against B: the work that each needs to reach the target, on all workloads of a comparison.

    `str()` gives the text that `optbench compare` prints, `as_json()` plain values; a notebook shows a table.

    Attributes:
        a: the display name of A.
        b: that of B.
        track: whether hyper-parameters were the published ones or tuned ones.
        family: m, the number of workloads that were asked for, whether or not both have runs on all of them.
        workloads: those on which both have runs.
        overall: over all of them; not available where it would say nothing more, or no seed is common to all.
        missing: runs that would complete the comparison.
        further: the seeds to add where a verdict is undecided, by workload, for workloads where more seeds would help.
        notes: sentences on what limits this comparison.
        completing: the commands that add what is missing.
        continuing: the commands that add the further seeds.
    """

    a: str
    b: str
    track: Track
    family: int
    workloads: tuple[WorkloadComparison, ...]
    overall: OverallComparison | NotAvailable
    missing: tuple[MissingRuns, ...] = ()
    further: Mapping[Workload, tuple[int, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    completing: tuple[str, ...] = ()
    continuing: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the comparison as plain values: None stands for what does not exist or is infinite."""
        from optbench.analysis.pair_json import plain  # it imports these classes

        return plain(self)

    def __str__(self) -> str:
        from optbench.analysis.pair_words import text  # so does it

        return text(self)

    def _repr_html_(self) -> str:
        """Return a small table for a notebook."""
        from optbench.analysis.pair_html import html

        return html(self)
