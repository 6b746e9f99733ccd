"""Factor importance: the crossed design of stored runs, and which factor the time to target depends on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from optbench.analysis.commands import run_command
from optbench.analysis.comparable import require_comparable
from optbench.analysis.grouping import by_workload, variant_of
from optbench.analysis.labels import short_workload_labels, variant_labels
from optbench.analysis.paired_times import planned_passes
from optbench.analysis.ranking.pool import passes_to
from optbench.analysis.score_table import score_table
from optbench.analysis.statistics import Importance, NotAvailable, importance
from optbench.analysis.sweeps import rate_of, sweeps, with_rates, without_rate
from optbench.core.datasets import split_of, with_split, without_split
from optbench.core.specs import FINAL, RunResult
from optbench.core.targets import Target
from optbench.core.workload import Workload, workload_of


class Cell(NamedTuple):
    """A combination of levels; `lr` is a multiple of the default, `workload` leaves out which division of the rows it is."""

    optimizer: str
    workload: str
    seed: int
    split: int
    lr: float


@dataclass(frozen=True)
class FactorImportance:
    """The importance of each factor for the logarithm of the passes to target.

    Attributes:
        levels: of every factor, those with one level included.
        runs: how many runs there are.
        missed: how many of them missed the target and count with their budget, the least that their time can be.
        found: the shares of the variance; not available where the runs are not crossed.
        missing: the combinations without a run.
        command: the command that runs the first of them; empty where none is missing.
        workloads: those of the runs, each division of the rows by itself.
    """

    levels: Mapping[str, tuple[object, ...]]
    runs: int
    missed: int
    found: Importance | NotAvailable
    missing: tuple[Cell, ...] = ()
    command: str = ""
    workloads: frozenset[Workload] = frozenset()

    def as_json(self) -> dict[str, Any]:
        """Return the design and the shares as plain values; None where they are not available."""
        found = None if isinstance(self.found, NotAvailable) else self.found
        return {
            "design": {name: list(levels) for name, levels in self.levels.items()},
            "runs": self.runs,
            "missed": self.missed,
            "main": found and dict(found.main),
            "pairs": found and {f"{one} x {other}": share for (one, other), share in found.pairs.items()},
            "rest": found and found.rest,
            "reason": self.found.reason if isinstance(self.found, NotAvailable) else "",
            "missing": [cell._asdict() for cell in self.missing],
            "command": self.command,
        }


def factor_importance(
    results: Iterable[RunResult], targets: Mapping[Workload, Target] = MappingProxyType({})
) -> FactorImportance:
    """Return eta^2 of optimizer, workload, seed, split and learning rate within the crossed design of these runs.

    Every workload and division has a target of its own, and times are compared on the logarithmic scale. A run that missed
    its target counts with its budget, so that the shares of factors that decide between hit and miss are lower bounds.

    Args:
        results: the runs; every combination of the levels that occur must be there once.
        targets: the frozen targets.

    Raises:
        UsageError: the results are of several tracks, protocol versions, or states of one dataset.
    """
    runs = [run for run in results if run.status in FINAL and run.curves.get("passes") is not None]
    require_comparable(runs)
    cells = list(_cells(runs))
    goals = {workload: own.target for workload, own in score_table(runs, targets).workloads.items()}
    times = [passes_to(run, goals[workload_of(run.spec)]) for run in runs]
    levels: dict[str, tuple[object, ...]] = {
        name: tuple(sorted({cell[at] for cell in cells}, key=_in_order)) for at, name in enumerate(Cell._fields)
    }
    known = set(cells)
    # Learning rates and optimizers alone can make a design of tens of thousands of combinations; it is walked through once.
    missing = tuple(cell for cell in map(Cell._make, itertools.product(*levels.values())) if cell not in known) if runs else ()
    missed = sum(map(math.isinf, times))
    if missing:
        found: Importance | NotAvailable = NotAvailable(
            f"the runs are not crossed: {len(missing)} of {len(known) + len(missing)} combinations have no result, "
            f"the first is {describe(missing[0], levels)}"
        )
        return FactorImportance(levels, len(runs), missed, found, missing, _command(missing[0], cells, runs), frozenset(goals))
    above = {cell.workload for cell, time in zip(cells, times, strict=True) if time == 0}
    if above:
        reason = NotAvailable(
            f"on {', '.join(sorted(above))} the target is not below a first loss, and a time of 0 has no logarithm; select "
            "other workloads"
        )
        return FactorImportance(levels, len(runs), missed, reason, workloads=frozenset(goals))
    found = importance(
        {name: [cell[at] for cell in cells] for at, name in enumerate(Cell._fields)},
        [min(time, planned_passes(run)) for time, run in zip(times, runs, strict=True)],
    )
    return FactorImportance(levels, len(runs), missed, found, workloads=frozenset(goals))


def describe(cell: Cell, levels: Mapping[str, Sequence[object]]) -> str:
    """Return a combination in words, without the factors that have one level."""
    words = {
        "optimizer": cell.optimizer,
        "workload": f"on {cell.workload}",
        "seed": f"seed {cell.seed}",
        "split": f"split {cell.split}",
        "lr": f"learning rate {cell.lr:g} x default",
    }
    named = [text for name, text in words.items() if name == "optimizer" or len(levels[name]) > 1]
    return ", ".join(named)


def _cells(runs: Sequence[RunResult]) -> Iterator[Cell]:
    """Yield the combination of each run. On the tuned track the learning rate belongs to what was tuned, and is no factor."""
    tuned = any(run.labels.track == "tuned" for run in runs)
    multiples = {
        run.spec.key: sweep.multiple(rate)
        for sweep in ([] if tuned else sweeps(runs))
        for rate, by_seed in sweep.runs.items()
        for run in by_seed.values()
    }
    plain = runs if tuned else [without_rate(run) if rate_of(run) is not None else run for run in runs]
    names = variant_labels(by_workload(plain))
    frozen = [_without_split(run) for run in runs]
    workloads = short_workload_labels(by_workload(frozen))
    for run, bare, base in zip(runs, plain, frozen, strict=True):
        optimizer = names[variant_of(bare)]
        workload = workloads[workload_of(base.spec)]
        yield Cell(optimizer, workload, run.spec.seed, split_of(run.spec.dataset), multiples.get(run.spec.key, 1.0))


def _without_split(run: RunResult) -> RunResult:
    name = without_split(run.spec.dataset)
    spec = replace(run.spec, dataset=name, dataset_digest="")
    return replace(run, spec=spec, labels=replace(run.labels, dataset=without_split(run.labels.dataset)))


def _command(cell: Cell, cells: Sequence[Cell], runs: Sequence[RunResult]) -> str:
    known = list(zip(cells, runs, strict=True))
    on = next(run for one, run in known if one.workload == cell.workload)
    same = [(one, run) for one, run in known if one.optimizer == cell.optimizer]
    at_rate = [run.labels.optimizer for one, run in same if one.lr == cell.lr]
    name = at_rate[0] if at_rate else with_rates(cell.optimizer, [_default(same) * cell.lr])
    return run_command(name, on, [cell.seed], with_split(on.labels.dataset, cell.split))


def _default(same: Sequence[tuple[Cell, RunResult]]) -> float:
    cell, run = same[0]
    return (rate_of(run) or 1.0) / cell.lr


def _in_order(level: object) -> tuple[float, str]:
    return (float(level), "") if isinstance(level, int | float) else (0.0, str(level))
