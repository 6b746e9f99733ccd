"""The scores of all runs by workload, variant and seed: what tables and statistics are computed from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from optbench.analysis.grouping import Variant, by_workload, final_runs
from optbench.analysis.scores import score, scores
from optbench.analysis.time_to_target import provisional_target
from optbench.core.specs import FINAL, RunResult
from optbench.core.targets import Target
from optbench.core.workload import Workload


@dataclass(frozen=True)
class WorkloadScores:
    """The runs of one workload and their scores.

    Attributes:
        target: for the validation loss; NaN where there is no frozen one and no run has a final status.
        frozen: the frozen target; None where there is none, so that `target` is provisional: it depends on the compared runs.
        common: the seeds that every variant was run with, of those that have a final status at all; empty if there are none.
        runs: all runs, by variant and seed, whatever their status.
        scores: by variant, seed and name of the metric, for runs with a final status.
    """

    target: float
    frozen: Target | None
    common: tuple[int, ...]
    runs: Mapping[Variant, Mapping[int, RunResult]]
    scores: Mapping[Variant, Mapping[int, Mapping[str, float]]]

    def compared(self, variant: Variant) -> list[RunResult]:
        """Return the runs that are compared: those with a common seed, or all of them where there is none."""
        return [run for seed, run in self.runs[variant].items() if not self.common or seed in self.common]

    def values(self, metric: str, variant: Variant) -> list[float]:
        """Return a metric of the compared runs with a final status, by seed."""
        return [self.scores[variant][run.spec.seed][metric] for run in final_runs(self.compared(variant))]


@dataclass(frozen=True)
class ScoreTable:
    """Scores by workload, variant and seed: `table[workload, variant, seed]["best_val_loss"]`."""

    workloads: Mapping[Workload, WorkloadScores]

    def __getitem__(self, place: tuple[Workload, Variant, int]) -> Mapping[str, float]:
        workload, variant, seed = place
        return self.workloads[workload].scores[variant][seed]

    def runs(self) -> dict[Workload, dict[Variant, list[RunResult]]]:
        """Return the runs as `by_workload` does."""
        return {
            workload: {variant: list(runs.values()) for variant, runs in own.runs.items()}
            for workload, own in self.workloads.items()
        }


def score_table(results: Iterable[RunResult], targets: Mapping[Workload, Target] = MappingProxyType({})) -> ScoreTable:
    """Return the scores of `results`.

    Args:
        results: the runs.
        targets: the frozen targets. A workload without one has a provisional target.
    """
    return ScoreTable(
        {
            workload: _workload_scores(
                targets.get(workload), {variant: {run.spec.seed: run for run in runs} for variant, runs in variants.items()}
            )
            for workload, variants in by_workload(results).items()
        }
    )


def _workload_scores(frozen: Target | None, runs: Mapping[Variant, Mapping[int, RunResult]]) -> WorkloadScores:
    scorable = [of_variant for of_variant in runs.values() if final_runs(of_variant.values())]
    common = set.intersection(*map(set, scorable)) if scorable else set()
    compared = [[run for seed, run in found.items() if not common or seed in common] for found in runs.values()]
    goal = (
        frozen.loss
        if frozen
        else provisional_target([score("best_val_loss", run, math.nan) for run in final_runs(found)] for found in compared)
    )
    return WorkloadScores(
        goal,
        frozen,
        tuple(sorted(common)),
        runs,
        {
            variant: {seed: scores(run, goal) for seed, run in found.items() if run.status in FINAL}
            for variant, found in runs.items()
        },
    )
