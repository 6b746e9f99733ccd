"""What limits a comparison of two optimizers, in sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from optbench.analysis.grouping import seed_ranges, seeds
from optbench.analysis.pair_comparison import PairComparison
from optbench.core.specs import FINAL, RunResult


def pair_notes(pair: PairComparison, runs: Iterable[RunResult], only: Collection[int] | None = None) -> Iterator[str]:
    """Yield the notes, without a full stop.

    Args:
        pair: the comparison.
        runs: all stored runs of A and B.
        only: the seeds that the comparison was restricted to; None for all.
    """
    if not all(one.frozen for one in pair.workloads):
        yield (
            "a provisional target is made from the runs that are compared, so with it p and E are approximate, and more runs "
            "may move it; 'optbench targets' makes one that is frozen"
        )
    if pair.track == "tuned":
        yield "the settings come from one search for each workload, and the luck of its draws is not covered"
    final = [run for run in runs if run.status in FINAL]
    if only is not None and (left_out := sorted(set(seeds(final)) - set(only))):
        yield (
            f"stored seeds {seed_ranges(left_out)} are left out; p and E are valid only if that was decided before they were "
            "seen"
        )
    if any("passes" not in run.curves for run in final):
        yield "some runs were stored by an earlier version, which did not record passes; they are left out"
