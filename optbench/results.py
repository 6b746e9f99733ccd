"""optbench from Python: `optbench.run(optimizers=["adam"], seeds=range(5))`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from optbench.analysis.frames import frame
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

    from optbench.method_docs import Page

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
        """Return the benchmark table as a frame of numbers, one row for each task and optimizer."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "dataset": row.task.dataset,
                    "embedder": row.task.embedder,
                    "architecture": row.task.architecture,
                    "optimizer": row.variant,
                    "runs": row.runs,
                    "diverged": row.statuses.get("diverged", 0),
                    "test_accuracy": row.test_accuracy.median,
                    "best_val_loss": row.best_val_loss.median,
                    "train_loss": row.train_loss.median,
                    "target": row.target,
                    "reached": row.reached,
                    "epochs_to_target": row.epochs_to_target.median,
                    "seconds_to_target": row.seconds_to_target.median,
                    "seconds": row.seconds.median,
                    "update_cost": row.cost.median,
                    "state_bytes": row.state_bytes,
                }
                for row in self.rows()
            ],
        )

    def frame(self) -> pd.DataFrame:
        """Return one row a run."""
        return frame(self._results)

    def report(self, path: str | Path = REPORT, *, notes: Sequence[str] = (), workers: int | None = None) -> Path:
        """Write the HTML report, unless it is there already, and return its path."""
        from optbench.report.build import Origin, build, content_of, is_current  # jinja2: not needed before
        from optbench.trajectories import pictures

        told = self._registry.notify("optbench_report_sections", read=_sections, results=self)
        origin = Origin(self._command, tuple(notes), tuple(section for found in told for section in found))
        if not is_current(Path(path), content_of(self._results, origin)):
            with Store(self._store) as store:
                drawn = pictures(self._results, store, workers=workers or default_workers())
            build(self._results, drawn, Path(path), origin, self._pages())
        return Path(path)

    def _pages(self) -> dict[str, Page]:
        """The page of each optimizer that is still installed, by the name of its variant, with its largest state."""
        from optbench.method_docs import StateSize, page

        found = {}
        for result in sorted(self._results, key=lambda result: result.measured.weights or 0, reverse=True):
            label, choice = result.labels.optimizer, result.spec.optimizer
            if label not in found and choice.name in self._registry.names("optimizer"):
                held, weights = result.measured.state_bytes, result.measured.weights
                state = None if held is None or weights is None else StateSize(held, weights, result.spec.dtype)
                own = page(self._registry.find("optimizer", choice.name), "optimizer", state)
                known = [w.name for w in choice.wrappers if w.name in self._registry.names("wrapper")]
                found[label] = own.within([page(self._registry.find("wrapper", name), "wrapper") for name in known])
        return found

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
        registry.notify("optbench_run_done", result=result)

    tasks = missing(plan, store, force=force)
    if tasks:
        execute(tasks, keep, workers=min(workers or default_workers(), len(tasks)), timeout=timeout)


def stored(store: Store, plan: Sequence[Job]) -> list[RunResult]:
    """Return the results of a plan, written as this plan writes its names."""
    labels = {task.spec.key: task.labels for task in plan}
    return [replace(result, labels=labels[result.spec.key]) for result in store.results(labels)]


def _sections(told: Any) -> list[tuple[str, str]]:
    return [(str(title), str(text)) for title, text in told]
