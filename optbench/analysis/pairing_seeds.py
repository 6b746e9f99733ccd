"""Which runs a comparison of two optimizers lacks, and which seeds it could go on with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from optbench.analysis.grouping import variant_of
from optbench.analysis.opponents import Opponent
from optbench.analysis.pair_comparison import MissingRuns, OverallComparison, WorkloadComparison
from optbench.analysis.statistics import NotAvailable
from optbench.core.plans import Plan, planned_seeds
from optbench.core.seeding import TUNING
from optbench.core.specs import FINAL, PROTOCOL, RunResult, Status
from optbench.core.workload import Workload, group_of, workload_of

RECOMMENDED = 20
"""The number of seeds that PROTOCOL 2 recommends."""
MOST = 500
"""Where more seeds than this would be needed in all, none are proposed."""
_FIRST_SEEDS = range(5)


def missing_runs(
    results: Iterable[RunResult],
    opponents: tuple[Opponent, Opponent],
    plans: Sequence[Plan],
    labels: Mapping[Workload, str],
    asked: Collection[Workload],
    *,
    only: Collection[int] | None = None,
) -> Iterator[MissingRuns]:
    """Yield what would give both optimizers a result with every seed that was planned, or that one of them was run with.

    Args:
        results: the runs.
        opponents: A and B.
        plans: those of the store.
        labels: the display name of each workload.
        asked: workloads that the comparison is about, whether they have runs or not.
        only: the seeds that the comparison is restricted to; None for all.
    """
    runs: dict[tuple[Workload, int], dict[int, RunResult]] = {}
    for run in results:
        workload = workload_of(run.spec)
        for side, opponent in enumerate(opponents):
            if opponent.variants.get(workload) == variant_of(run):
                runs.setdefault((workload, side), {})[run.spec.seed] = run
    # Runs of an earlier protocol cannot be added to.
    workloads = sorted(w for w in {*(workload for workload, _ in runs), *asked} if w.protocol == PROTOCOL)
    wanted = {w: _wanted([runs.get((w, side), {}) for side in (0, 1)], plans) for w in workloads}
    everywhere = set[int]().union(*wanted.values()) or set(_FIRST_SEEDS)
    for workload in workloads:
        seeds = wanted[workload] or everywhere
        for side, opponent in enumerate(opponents):
            own = runs.get((workload, side), {})
            lacking = [
                seed
                for seed in sorted(seeds)
                if (only is None or seed in only) and (seed not in own or own[seed].status not in FINAL)
            ]
            if lacking:
                yield MissingRuns(opponent.label, workload, labels[workload], tuple(lacking), _statuses(lacking, own))


def further_seeds(
    workloads: Iterable[WorkloadComparison], overall: OverallComparison | NotAvailable
) -> dict[Workload, tuple[int, ...]]:
    """Return the seeds to add on each workload: none where more seeds would not help, or where planned ones are missing first.

    An undecided comparison with fewer than 20 seeds goes on to 20; one with more goes on to as many as it would take. Where the
    comparison over all workloads is undecided, every workload goes on.
    """
    everywhere = set() if isinstance(overall, NotAvailable) else _further(overall)
    found = {one.workload: tuple(sorted((_further(one) | everywhere) - set(one.seeds))) for one in workloads}
    return {workload: seeds for workload, seeds in found.items() if seeds}


def _further(one: WorkloadComparison | OverallComparison) -> set[int]:
    counts, more, seeds = one.comparison.wins, one.verdict.more_seeds, set(one.seeds)
    if one.verdict.word != "undecided" or set(one.planned) - seeds or not counts.wins + counts.losses:
        return set()
    total = RECOMMENDED
    if len(seeds) >= RECOMMENDED:
        total = len(seeds) + (more if isinstance(more, int) else 0)
    if total > MOST:
        return set()
    unused = (seed for seed in range(TUNING) if seed not in seeds)
    return {next(unused) for _ in range(total - len(seeds))}


def _wanted(runs: Sequence[Mapping[int, RunResult]], plans: Sequence[Plan]) -> set[int]:
    groups = [group_of(next(iter(own.values())).spec) for own in runs if own]
    planned = planned_seeds(plans, groups) if len(groups) == len(runs) else ()
    return set(planned).union(*runs)


def _statuses(seeds: Iterable[int], runs: Mapping[int, RunResult]) -> dict[Status, tuple[int, ...]]:
    found: dict[Status, tuple[int, ...]] = {}
    for seed in seeds:
        if seed in runs:
            found[runs[seed].status] = (*found.get(runs[seed].status, ()), seed)
    return found
