"""What Python users hold: the results of runs, as values, frames and a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from optbench.analysis.benchmark import Benchmark, benchmark
from optbench.analysis.factors import FactorImportance, factor_importance
from optbench.analysis.frames import frame, table_frame
from optbench.analysis.pair_comparison import PairComparison
from optbench.analysis.ranking import Ranking, rank
from optbench.analysis.sensitivity import RateCurve, rate_curves
from optbench.analysis.sources import source_marks
from optbench.analysis.tables import TableRow
from optbench.core.plans import Plan
from optbench.core.specs import RunResult
from optbench.core.targets import Target
from optbench.core.workload import Workload
from optbench.execution.pool import default_workers
from optbench.planning import defaults
from optbench.planning.frozen_targets import frozen_targets
from optbench.planning.planned import stored_plans
from optbench.planning.selections import Selections
from optbench.planning.source_digest import installed_source
from optbench.registry import Registry
from optbench.report.numbers import number, significant
from optbench.store import RecordKind, Store

if TYPE_CHECKING:
    import pandas as pd


class Results(Sequence[RunResult]):
    """Results of runs, whatever their status: a sequence of `RunResult`.

    Args:
        results: the runs.
        store: the file that they come from; it caches the t-SNE fits of reports.
        registry: the installed components.
        command: the command that a report names as its origin.
    """

    def __init__(
        self, results: Iterable[RunResult], store: Path, registry: Registry, command: str = "optbench.run(...)"
    ) -> None:
        self._results = list(results)
        self._store, self._registry, self._command = store, registry, command

    @overload
    def __getitem__(self, index: int) -> RunResult: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[RunResult]: ...
    def __getitem__(self, index: int | slice) -> RunResult | Sequence[RunResult]:
        return self._results[index]

    def __len__(self) -> int:
        return len(self._results)

    def __iter__(self) -> Iterator[RunResult]:
        return iter(self._results)

    @cached_property
    def targets(self) -> Mapping[Workload, Target]:
        """The frozen target of each workload that has one; the others have a provisional target."""
        return frozen_targets(self._registry, self._results, self._records("target"))

    @cached_property
    def plans(self) -> list[Plan]:
        """The plans of the store, in the order in which they were made: they say which seeds a comparison was planned with."""
        if not self._store.exists():
            return []
        with Store(self._store) as store:
            return stored_plans(store)

    def _records(self, kind: RecordKind) -> Mapping[str, Mapping[str, Any]]:
        if not self._store.exists():
            return {}
        with Store(self._store) as store:
            return store.records(kind)

    def benchmark(self, baseline: str | None = None) -> Benchmark:
        """Return the benchmark tables, and every optimizer against a baseline: verdicts, effects and rank intervals.

        Args:
            baseline: a label of the tables; None for adam, and no verdicts where it was not run.

        Raises:
            UsageError: a baseline that was named was not run, or the runs are of two tracks.
        """
        return benchmark(self._results, self.targets, self.plans, baseline)

    def rows(self) -> list[TableRow]:
        """Return the benchmark table as values: medians, quartiles and statuses per workload and variant."""
        return [row for found in self.benchmark().tables for row in found.rows]

    def table(self, *, baseline: str | None = None) -> pd.DataFrame:
        """Return the benchmark table as a frame, one row per workload and variant; see `benchmark` for `baseline`."""
        return table_frame(self.benchmark(baseline))

    def frame(self) -> pd.DataFrame:
        """Return a frame with one row per run."""
        return frame(self._results)

    def rank(self, swept: Iterable[RunResult] | None = None) -> Ranking:
        """Return the optimizers ranked over all workloads and on each: rank intervals, scores, and how stable the order is.

        Args:
            swept: runs among which sweeps of the learning rate are looked for; then every optimizer of these results is ranked.
                None looks in these results, and ranks of each sweep the default alone.

        Raises:
            UsageError: the results are of several tracks, protocol versions, or states of one dataset.
        """
        return rank(self._results, self.targets, self.plans, swept)

    def sensitivity(self) -> list[RateCurve]:
        """Return the loss against the learning rate, for each optimizer on each workload with two rates or more.

        Raises:
            UsageError: the results are of several tracks, protocol versions, or states of one dataset.
        """
        return rate_curves(self._results)

    def importance(self) -> FactorImportance:
        """Return how much of the time to target depends on optimizer, workload, seed, split and learning rate.

        Raises:
            UsageError: the results are of several tracks, protocol versions, or states of one dataset.
        """
        return factor_importance(self._results, self.targets)

    def marks(self) -> dict[str, str]:
        """Return a remark for each run that the installed source did not compute, by key."""
        return source_marks(self._results, lambda spec: installed_source(self._registry, spec))

    def compare(self, a: str, b: str, on: Selections | None = None, protocol: int | None = None) -> PairComparison:
        """Return the comparison of two optimizers: the work that each needs to reach the target, by workload and over all.

        Printed it is the text of `optbench compare`, and `as_json()` its plain values; a notebook shows a table.

        Args:
            a: an optimizer as it is selected, such as "adam", "adam[lr=0.01]" or "adam|cosine", or its display name.
            b: the other one.
            on: the workloads and seeds to compare on; None for all on which both have runs.
            protocol: the protocol version of the runs; None where they are all of one.

        Raises:
            UsageError: there is no such optimizer, both are the same, or the runs must not be compared: they are of two tracks,
                two protocol versions, or on two versions of a dataset.
            NothingSelected: one has no runs, or no workload has runs of both; the message has the command that adds them.
        """
        from optbench.comparing import Sources, compare  # loaded on first use, like the report

        return compare(Sources(self._results, self.targets, self.plans, self._store, self._registry), a, b, on, protocol)

    def report(
        self,
        path: str | Path = defaults.REPORT,
        *,
        baseline: str | None = None,
        notes: Sequence[str] = (),
        workers: int | None = None,
    ) -> Path:
        """Write the HTML report and return its path.

        Args:
            path: where the report is written.
            baseline: what the optimizers are compared with; see `benchmark`.
            notes: sentences at the top of the page.
            workers: processes that fit t-SNE where the store has no cached fit; None for one per processor.

        Raises:
            NothingSelected: there are no results.
            UsageError: see `benchmark`.
            OptbenchError: the file cannot be written.
        """
        from optbench.report.methods import method_docs
        from optbench.report.page import Origin, write_page  # jinja2 and plotly are loaded on first use
        from optbench.report.parts.simple_models import published_baselines
        from optbench.report.sections import read_sections
        from optbench.trajectories import pictures

        compared = self.benchmark(baseline)
        answers = self._registry.notify("optbench_report_sections", read=read_sections, results=self)
        sections = tuple(section for answer in answers for section in answer)
        with Store(self._store) as store:
            drawn = pictures(self._results, store, workers=workers or default_workers())
        return write_page(
            self._results,
            drawn,
            Path(path),
            Origin(self._command, tuple(notes), sections),
            compared=compared,
            methods=method_docs(self._results, self._registry),
            marks=self.marks(),
            baselines=published_baselines(self._registry, self._results),
        )

    def _repr_html_(self) -> str:
        """Return the benchmark table for a notebook; pandas escapes the names."""
        return str(self.table().to_html(index=False, float_format=significant, na_rep=number(float("nan"))))
