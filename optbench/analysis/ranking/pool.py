"""The pool of a ranking: times to target by workload, optimizer and seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optbench.analysis.grouping import Variant, final_runs, variant_of
from optbench.analysis.labels import short_workload_labels, variant_labels
from optbench.analysis.paired_times import planned_passes
from optbench.analysis.score_table import ScoreTable, WorkloadScores
from optbench.analysis.statistics import crossing
from optbench.core.numerics import Array
from optbench.core.specs import RunResult
from optbench.core.workload import Workload, group_of


@dataclass(frozen=True)
class Entry:
    """The runs of one optimizer on one workload that have a time to target.

    Attributes:
        variant: of these runs.
        group: what `workload.group_of` returns for them.
        runs: by seed.
        times: passes to the target by seed, infinity for a miss.
        budgets: passes that each run took, or would have taken if it had not diverged.
    """

    variant: Variant
    group: str
    runs: Mapping[int, RunResult]
    times: Mapping[int, float]
    budgets: Mapping[int, float]


@dataclass(frozen=True)
class Pool:
    """The optimizers that are ranked.

    Attributes:
        workloads: a display name for each.
        own: the scores of each workload.
        entries: by workload and the name of the optimizer; only those with a result.
    """

    workloads: Mapping[Workload, str]
    own: Mapping[Workload, WorkloadScores]
    entries: Mapping[Workload, Mapping[str, Entry]]

    @property
    def names(self) -> list[str]:
        """All optimizers with a result, sorted."""
        return sorted({name for entries in self.entries.values() for name in entries})

    @property
    def complete(self) -> list[str]:
        """The optimizers with a result on every workload, sorted."""
        return [name for name in self.names if not self.lacking(name)]

    def lacking(self, name: str) -> list[Workload]:
        """Return the workloads on which an optimizer has no result."""
        return [workload for workload, entries in self.entries.items() if name not in entries]

    def seeds(self, names: Sequence[str]) -> tuple[int, ...]:
        """Return the seeds that these optimizers have results with on every workload."""
        found = [set(entries[name].times) for entries in self.entries.values() for name in names]
        return tuple(sorted(set.intersection(*found))) if found else ()

    def grid(self, names: Sequence[str], seeds: Sequence[int]) -> Grid:
        """Return the times of optimizers that have results with these seeds on every workload."""

        def values(get: str) -> Array:
            return np.array(
                [[[getattr(entries[name], get)[seed] for seed in seeds] for entries in self.entries.values()] for name in names]
            )

        limits = values("budgets").min(axis=(0, 2))
        times = values("times")
        return Grid(tuple(names), tuple(seeds), np.where(times > limits[:, None], np.inf, times), limits)


@dataclass(frozen=True)
class Grid:
    """Times of optimizers on the same workloads and seeds.

    Attributes:
        names: the optimizers.
        seeds: the seeds.
        times: shape (optimizers, workloads, seeds), infinity for a miss or beyond the budget.
        budgets: shape (workloads,), the smallest budget of a run on each.
    """

    names: tuple[str, ...]
    seeds: tuple[int, ...]
    times: Array
    budgets: Array


def pool_of(scored: ScoreTable) -> Pool:
    """Return the pool of all optimizers in a score table."""
    grouped = scored.runs()
    names = variant_labels(grouped)
    entries: dict[Workload, dict[str, Entry]] = {}
    for workload, own in scored.workloads.items():
        found = {names[variant]: entry_of(list(runs.values()), own.target) for variant, runs in own.runs.items()}
        if any(entry.times for entry in found.values()):
            entries[workload] = {name: entry for name, entry in sorted(found.items()) if entry.times}
    labels = short_workload_labels(grouped)
    return Pool(
        {workload: labels[workload] for workload in entries},
        {workload: scored.workloads[workload] for workload in entries},
        entries,
    )


def entry_of(runs: Sequence[RunResult], goal: float) -> Entry:
    """Return the runs with a final status and recorded passes, with their times to a target."""
    usable = {run.spec.seed: run for run in final_runs(runs) if run.curves.get("passes") is not None}
    return Entry(
        variant_of(runs[0]),
        group_of(runs[0].spec),
        usable,
        {seed: passes_to(run, goal) for seed, run in usable.items()},
        {seed: planned_passes(run) for seed, run in usable.items()},
    )


def passes_to(run: RunResult, goal: float) -> float:
    """Return the passes at which a run reached a loss; infinity for a miss, divergence, and where there is no target."""
    if run.status == "diverged" or not math.isfinite(goal):
        return math.inf
    return crossing(run.curves["passes"], run.curves["val_loss"], goal)
