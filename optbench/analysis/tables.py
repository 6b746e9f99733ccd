"""Benchmark tables: one per workload, one row per variant, scores on the seeds that the variants have in common."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from optbench.analysis.grouping import Variant, final_runs, seed_ranges, seeds
from optbench.analysis.labels import (
    architecture_labels,
    embedder_labels,
    loss_labels,
    variant_labels,
    workload_labels,
    workload_names,
)
from optbench.analysis.score_table import ScoreTable, WorkloadScores, score_table
from optbench.analysis.scores import Spread, spread
from optbench.core.metrics import SCORES
from optbench.core.specs import RunResult, Status
from optbench.core.targets import Target
from optbench.core.workload import Workload


@dataclass(frozen=True)
class TableRow:
    """The results of one variant on one workload.

    Attributes:
        workload: what it was run on.
        variant: the optimizer and its source.
        label: the variant's display name.
        runs: all its runs, by seed.
        statuses: how many runs have each status.
        compared: the runs that the scores are computed from, if their status is final.
        reached: how many of these runs reached the target.
        scores: median and quartiles of each metric in `SCORES`; NaN where no run has a value.
    """

    workload: Workload
    variant: Variant
    label: str
    runs: tuple[RunResult, ...]
    statuses: Mapping[Status, int]
    compared: tuple[RunResult, ...]
    reached: int
    scores: Mapping[str, Spread]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of all its runs."""
        return seeds(self.runs)

    @property
    def scored(self) -> tuple[int, ...]:
        """The seeds that the scores are computed from."""
        return seeds(final_runs(self.compared))


@dataclass(frozen=True)
class WorkloadTable:
    """The benchmark table of one workload, ordered by the median of the passes to target, then of the best validation loss.

    Attributes:
        label: the workload's display name.
        name: its name in a suite; empty where there is none.
        architecture: the architecture's display name.
        embedder: the embedder's display name.
        loss: the loss's display name.
        quality: what the quality of predictions is, such as "accuracy".
        target: for the validation loss.
        frozen: the frozen target; None where `target` is provisional.
        common: the seeds that all variants with a final status were run with; empty if there are none.
        rows: one per variant.
    """

    workload: Workload
    label: str
    name: str
    architecture: str
    embedder: str
    loss: str
    quality: str
    target: float
    frozen: Target | None
    common: tuple[int, ...]
    rows: tuple[TableRow, ...]

    @property
    def unequal(self) -> bool:
        """Whether the variants were run with different seeds."""
        return len({row.seeds for row in self.rows}) > 1

    def seed_notes(self) -> list[str]:
        """Return sentences that say which seeds were compared, where this is not simply all of them."""
        notes = []
        if self.common and self.unequal:
            notes.append(f"Scores are computed on seeds {seed_ranges(self.common)}, which all optimizers have in common.")
        elif not self.common and any(row.scored for row in self.rows):
            notes.append(
                "The optimizers have no seed in common: each is scored on its own, and differences may be due to seeds."
            )
        for row in self.rows:
            missing = sorted(set(seeds(row.compared)) - set(row.scored))
            if missing and row.scored:
                notes.append(f"The scores of {row.label} leave out seeds {seed_ranges(missing)}, which have no result.")
        return notes


def tables(results: Iterable[RunResult], targets: Mapping[Workload, Target] = MappingProxyType({})) -> list[WorkloadTable]:
    """Return the benchmark table of each workload, in the order of the workloads; see `score_table` for `targets`."""
    return tables_of(score_table(results, targets))


def tables_of(scored: ScoreTable) -> list[WorkloadTable]:
    """Return the benchmark tables of a score table, in the order of the workloads."""
    grouped = scored.runs()
    variants, workloads, names = variant_labels(grouped), workload_labels(grouped), workload_names(grouped)
    architectures, embedders, losses = architecture_labels(grouped), embedder_labels(grouped), loss_labels(grouped)
    return [
        WorkloadTable(
            workload,
            workloads[workload],
            names[workload],
            architectures[workload.architecture],
            embedders[workload.embedder],
            losses[workload.loss],
            _quality(own),
            own.target,
            own.frozen,
            own.common,
            tuple(sorted((_row(workload, variant, variants[variant], own) for variant in own.runs), key=_order)),
        )
        for workload, own in scored.workloads.items()
    ]


def _quality(own: WorkloadScores) -> str:
    """What the runs say that their quality is; runs that failed do not know."""
    runs = [run for of_variant in own.runs.values() for run in of_variant.values()]
    return next((run.quality for run in (*final_runs(runs), *runs)), "accuracy")


def table(results: Iterable[RunResult], targets: Mapping[Workload, Target] = MappingProxyType({})) -> list[TableRow]:
    """Return the rows of all benchmark tables; see `score_table` for `targets`."""
    return [row for found in tables(results, targets) for row in found.rows]


def _row(workload: Workload, variant: Variant, label: str, own: WorkloadScores) -> TableRow:
    runs = tuple(own.runs[variant].values())
    return TableRow(
        workload,
        variant,
        label,
        runs,
        statuses=dict(sorted(Counter(run.status for run in runs).items())),
        compared=tuple(own.compared(variant)),
        reached=sum(map(math.isfinite, own.values("epochs_to_target", variant))),
        scores={name: spread(own.values(name, variant)) for name in SCORES},
    )


def _order(row: TableRow) -> tuple[float, float, str]:
    passes, loss = (row.scores[name].median for name in ("passes_to_target", "best_val_loss"))
    return math.inf if math.isnan(passes) else passes, math.inf if math.isnan(loss) else loss, row.label
