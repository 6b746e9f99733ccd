"""The benchmark table: one row for each task and variant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from optbench.analysis.grouping import Workload, by_workload, final_runs
from optbench.analysis.scores import Spread, best_loss, final_accuracy, final_loss, spread, target, time_to_target
from optbench.core.specs import RunResult, Status


@dataclass(frozen=True)
class TableRow:
    """How one variant did on one task, over its seeds."""

    task: Workload
    variant: str
    statuses: dict[Status, int]
    target: float
    reached: int
    test_accuracy: Spread
    best_val_loss: Spread
    train_loss: Spread
    epochs_to_target: Spread
    evaluations_to_target: Spread
    seconds_to_target: Spread
    seconds: Spread
    cost: Spread
    """`update` alone as a ratio to SGD's, the median of each run's calls."""
    cost_90: Spread
    """The same of their 90th percentile."""
    state_bytes: int | None

    @property
    def runs(self) -> int:
        """The number of runs, however they ended."""
        return sum(self.statuses.values())


def table(results: Iterable[RunResult]) -> list[TableRow]:
    """Return the table, tasks in order of name, within a task the highest median test accuracy first."""
    rows = []
    for task, variants in by_workload(results).items():
        goal = target(variants)
        found = [_row(task, variant, runs, goal) for variant, runs in variants.items()]
        rows += sorted(
            found, key=lambda row: (-row.test_accuracy.median if final_runs(variants[row.variant]) else 1.0, row.variant)
        )
    return rows


def _row(task: Workload, variant: str, runs: Sequence[RunResult], goal: float) -> TableRow:
    counted = final_runs(runs)
    arrivals = [time_to_target(run, goal) for run in counted]
    return TableRow(
        task,
        variant,
        statuses=dict(sorted(Counter(run.status for run in runs).items())),
        target=goal,
        reached=sum(a.epochs < float("inf") for a in arrivals),
        test_accuracy=spread([final_accuracy(run) for run in counted]),
        best_val_loss=spread([best_loss(run) for run in counted]),
        train_loss=spread([final_loss(run, "train_loss") for run in counted]),
        epochs_to_target=spread([a.epochs for a in arrivals]),
        evaluations_to_target=spread([a.evaluations for a in arrivals]),
        seconds_to_target=spread([a.seconds for a in arrivals]),
        seconds=spread([run.seconds[-1] for run in counted]),
        cost=spread([run.measured.cost for run in counted if run.measured.cost is not None]),
        cost_90=spread([run.measured.cost_90 for run in counted if run.measured.cost_90 is not None]),
        state_bytes=max((run.measured.state_bytes for run in counted if run.measured.state_bytes is not None), default=None),
    )
