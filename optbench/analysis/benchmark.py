"""What a page or a terminal shows of results: the benchmark tables, and every variant against a baseline."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from optbench.analysis.against_baseline import Standing, Standings, against_baseline
from optbench.analysis.score_table import score_table
from optbench.analysis.tables import TableRow, WorkloadTable, tables_of
from optbench.core.errors import UsageError
from optbench.core.plans import Plan, Track
from optbench.core.specs import RunResult
from optbench.core.targets import Target
from optbench.core.workload import Workload


@dataclass(frozen=True)
class Benchmark:
    """The benchmark tables of a track, and where every variant stands.

    Attributes:
        track: whether hyper-parameters were the published ones or tuned ones.
        tables: one per workload, in the order of the workloads.
        standings: of the same runs.
    """

    track: Track
    tables: tuple[WorkloadTable, ...]
    standings: Standings

    def standing(self, row: TableRow) -> Standing:
        """Return where the variant of a row stands on its workload."""
        return self.standings.standings[row.workload][row.variant]

    def is_baseline(self, row: TableRow) -> bool:
        """Return whether the other rows of the workload are compared with this one."""
        return self.standings.baselines.get(row.workload) == row.variant


def benchmark(
    results: Collection[RunResult],
    targets: Mapping[Workload, Target] = MappingProxyType({}),
    plans: Sequence[Plan] = (),
    baseline: str | None = None,
) -> Benchmark:
    """Return the benchmark tables of `results`, and where every variant stands.

    Args:
        results: the runs, all of one track.
        targets: the frozen targets. A workload without one has a provisional target.
        plans: see `against_baseline`.
        baseline: see `against_baseline`.

    Raises:
        UsageError: the runs are of two tracks, or a baseline that was named was not run.
    """
    tracks = sorted({result.labels.track for result in results})
    if len(tracks) > 1:
        raise UsageError("runs of the default track and of the tuned track are never compared; select those of one track")
    scored = score_table(results, targets)
    return Benchmark(tracks[0] if tracks else "default", tuple(tables_of(scored)), against_baseline(scored, plans, baseline))
