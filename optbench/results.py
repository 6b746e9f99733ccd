"""optbench from Python: `optbench.run(optimizers=["adam"], seeds=range(5))`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, overload

from optbench.analysis.frames import frame, table_frame
from optbench.analysis.tables import TableRow, table
from optbench.core.specs import RunResult
from optbench.execution.executor import execute
from optbench.execution.pool import default_workers
from optbench.planning.plan import Selections, make_plan
from optbench.registry import Registry
from optbench.report.numbers import number, significant
from optbench.store import Store
from optbench.training.job import Job

if TYPE_CHECKING:
    import pandas as pd

STORE = Path(".optbench/runs.sqlite")
REPORT = Path("reports/index.html")


class Results(Sequence[RunResult]):
    """Runs that have ended, however; a sequence of `RunResult`."""

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

    def rows(self) -> list[TableRow]:
        """Return the benchmark table as values: medians, quartiles and statuses for each task and optimizer."""
        return table(self._results)

    def table(self) -> pd.DataFrame:
        """Return the benchmark table as a frame of numbers, one row per workload and variant."""
        return table_frame(self._results)

    def frame(self) -> pd.DataFrame:
        """Return one row per run."""
        return frame(self._results)

    def report(self, path: str | Path = REPORT, *, notes: Sequence[str] = (), workers: int | None = None) -> Path:
        """Write the HTML report and return its path."""
        from optbench.report.methods import method_pages
        from optbench.report.page import Origin, write_page  # jinja2: not needed before
        from optbench.report.sections import read_sections
        from optbench.trajectories import pictures

        sections = [
            section
            for found in self._registry.tell("optbench_report_sections", read_sections, results=self)
            for section in found
        ]
        with Store(self._store) as store:
            drawn = pictures(self._results, store, workers=workers or default_workers())
        origin = Origin(self._command, tuple(notes), tuple(sections))
        return write_page(self._results, drawn, Path(path), origin, methods=method_pages(self._results, self._registry))

    def _repr_html_(self) -> str:
        """Return the benchmark table for a notebook; pandas escapes the names."""
        return str(self.table().to_html(index=False, float_format=significant, na_rep=number(float("nan"))))


def run(
    optimizers: Sequence[str] | None = None,
    architectures: Sequence[str] | None = None,
    embedders: Sequence[str] | None = None,
    datasets: Sequence[str] = ("qa-tr",),
    *,
    seeds: Iterable[int] = range(5),
    epochs: int = 100,
    batch_size: int = 32,
    dtype: str = "float32",
    expression: str = "",
    store: str | Path = STORE,
    workers: int | None = None,
    timeout: float | None = None,
    force: bool = False,
) -> Results:
    """Run what is not in the store yet, and return all that was asked for.

    Args:
        optimizers: selections such as `"adam[lr=1e-3,1e-2]"`; None for all that are installed.
        architectures: the same for architectures.
        embedders: the same for embedders.
        datasets: names or folders.
        seeds: one run each.
        epochs: passes over the training rows.
        batch_size: rows a step.
        dtype: "float32" or "float64".
        expression: keep only runs whose names fit, in the language of pytest's `-k`.
        store: the file that keeps the runs.
        workers: processes; None for one a processor.
        timeout: seconds after which a run is killed; None for no limit.
        force: run again what is stored.

    Raises:
        OptbenchError: what was asked for cannot be run; the message says why.
    """
    registry = Registry()
    registry.refuse_clashes()
    selections = Selections(
        optimizers=optimizers,
        architectures=architectures,
        embedders=embedders,
        datasets=tuple(datasets),
        expression=expression,
        seeds=sorted({operator.index(seed) for seed in seeds}),
        epochs=epochs,
        batch_size=batch_size,
        dtype=dtype,
    )
    plan = make_plan(registry, selections)
    with Store(Path(store)) as opened:
        run_missing(registry, plan, opened, workers=workers, timeout=timeout, force=force)
        return Results(stored(opened, plan), opened.path, registry)


def missing(plan: Sequence[Job], store: Store, *, force: bool = False) -> list[Job]:
    """Return the tasks of a plan that are still to be run."""
    done = set() if force else store.finished()
    return [task for task in plan if task.spec.key not in done]


def run_missing(
    registry: Registry,
    plan: Sequence[Job],
    store: Store,
    *,
    workers: int | None = None,
    timeout: float | None = None,
    force: bool = False,
    on_result: Callable[[RunResult], None] = lambda _: None,
) -> None:
    """Run the tasks of `plan` that are not in `store`, and put each result there as it comes."""

    def keep(result: RunResult) -> None:
        store.put(result)
        on_result(result)
        registry.tell("optbench_run_done", bool, result=result)

    tasks = missing(plan, store, force=force)
    if tasks:
        execute(tasks, keep, workers=min(workers or default_workers(), len(tasks)), timeout=timeout)


def stored(store: Store, plan: Sequence[Job]) -> list[RunResult]:
    """Return the results of a plan, written as this plan writes its names."""
    labels = {task.spec.key: task.labels for task in plan}
    return [replace(result, labels=labels[result.spec.key]) for result in store.results(labels)]
