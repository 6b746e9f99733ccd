"""The whole sequence of an experiment: plan the runs, execute those that are missing, store them, return the results.

The command line, `optbench.run` and verification all use `Experiment`; no other module knows the whole sequence.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from optbench.analysis.sources import select_sources
from optbench.core.errors import StoreError
from optbench.core.plans import Track
from optbench.core.specs import FINAL, RunResult, RunSpec, digest_of
from optbench.core.studies import Study
from optbench.execution.executor import Executor
from optbench.execution.local import LocalExecutor
from optbench.planning import defaults
from optbench.planning.plan import make_plan
from optbench.planning.planned import plans_of, runs_of, stored_plans
from optbench.planning.selections import Selections
from optbench.planning.source_digest import installed_source
from optbench.planning.tuned import known_studies, tuned_by
from optbench.registry import Registry
from optbench.results import Results
from optbench.store import Store
from optbench.training.job import Job
from optbench.verify import Verified
from optbench.verify.repeating import Repetition, repeat


@dataclass
class Outcome:
    """What became of the jobs that were executed: results that are not final, by whether they were stored."""

    failed: list[RunResult] = field(default_factory=list)
    """Runs that failed, timed out or crashed, and are stored as such."""
    kept: list[RunResult] = field(default_factory=list)
    """The same, but an earlier final result of the run was kept instead."""


class Experiment:
    """Plans, executes, stores and verifies runs. A context manager that closes the store.

    Args:
        registry: the components that can be selected.
        store: the file that keeps the runs; it is opened on first use, and created where it does not exist.
        executor: what executes jobs; by default worker processes on this machine, one per processor.
        create: False raises StoreError where the file does not exist.
        command: the command that the report names as its origin.
    """

    def __init__(
        self,
        registry: Registry,
        store: Path = defaults.STORE,
        executor: Executor | None = None,
        *,
        create: bool = True,
        command: str = "optbench.run(...)",
    ) -> None:
        self.registry = registry
        self.executor = executor or LocalExecutor()
        self._path, self._create, self._command = store, create, command

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if "store" in self.__dict__:
            self.store.close()

    @cached_property
    def store(self) -> Store:
        """The store, opened on first use."""
        return Store(self._path, create=self._create)

    def plan(self, selections: Selections) -> list[Job]:
        """Return the jobs of a selection, sorted.

        Raises:
            PluginError: two plugins bring a component of one name.
            UsageError: the selection cannot be run; on the tuned track also where an optimizer has not been tuned.
            NothingSelected: no job is left.
        """
        self.registry.refuse_clashes()
        if selections.track == "default":
            return make_plan(self.registry, selections)
        tuned = tuned_by(self.studies(), selections)
        return make_plan(self.registry, selections, tuned)

    def studies(self) -> dict[str, Study]:
        """Return what is known of tuned settings, by key: the studies of installed suites and those of the store."""
        stored = self.store.records("study") if self.exists else {}
        try:
            return known_studies(self.registry, stored)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreError(
                f"a study in the store {self._path} is corrupt: {error!r}; name another file with --store"
            ) from error

    @property
    def exists(self) -> bool:
        """Whether there is a store: it is created when something is to be stored."""
        return "store" in self.__dict__ or self._path.exists()

    def missing(self, jobs: Sequence[Job], *, force: bool = False) -> list[Job]:
        """Return the jobs without a final result in the store; all of them with `force`. It never creates the store."""
        if force or not self.exists:
            return list(jobs)
        final = self.store.finished()
        return [job for job in jobs if job.spec.key not in final]

    def superseded(self, jobs: Sequence[Job]) -> int:
        """Return how many jobs have no final result of their own, but one that another version of their source computed."""
        final, identities = self.store.finished(), self.store.identities()
        return sum(job.spec.key not in final and job.spec.identity in identities for job in jobs)

    def record_plans(self, jobs: Sequence[Job]) -> None:
        """Store which seeds these runs are planned with, before the first of them is executed; see `core.plans`."""
        for plan in plans_of(jobs):
            content = plan.as_json()
            self.store.record("plan", digest_of(content), content)

    def run(self, jobs: Sequence[Job], on_result: Callable[[RunResult], None] = lambda _: None) -> Outcome:
        """Execute `jobs` and store each result as it arrives.

        Args:
            jobs: what to execute, usually what `missing` returned.
            on_result: called with each result after it was stored.

        Raises:
            StoreError: a result cannot be stored; the remaining jobs are not executed.
        """
        outcome = Outcome()
        results = self.executor.run(jobs)
        try:
            for result in results:
                stored = self.store.put(result)
                if result.status not in FINAL:
                    (outcome.failed if stored else outcome.kept).append(result)
                on_result(result)
                self.registry.notify("optbench_run_done", result=result)
        finally:
            results.close()
        return outcome

    def complete(self, selections: Selections, *, force: bool = False) -> Results:
        """Plan, execute what is missing (everything with `force`), and return all results of the selection."""
        jobs = self.plan(selections)
        self.record_plans(jobs)
        self.run(self.missing(jobs, force=force))
        return self.results(jobs)

    def results(self, jobs: Iterable[Job] | None = None, *, track: Track = "default", all_sources: bool = False) -> Results:
        """Return the stored results of `jobs`, or of all stored evaluation runs of a track.

        Args:
            jobs: a plan; None for all that is stored, without the runs of tuning and targets.
            track: which runs, where `jobs` is None.
            all_sources: of stored runs that differ in nothing but the source that computed them, return all. By default those
                of the installed source are returned or, where there are none, the latest.
        """
        if jobs is not None:
            labels = {job.spec.key: job.labels for job in jobs}  # as planned now: a run may have been stored for another suite
            found = [replace(result, labels=labels[result.spec.key]) for result in self.store.results(list(labels))]
        else:
            found = runs_of(track, self.store.results(), stored_plans(self.store))
            if not all_sources:
                found, _ = select_sources(found, self.installed_source)
        return self.results_of(found)

    def results_of(self, runs: Iterable[RunResult]) -> Results:
        """Return some stored runs as results of this experiment."""
        return Results(runs, self.store.path, self.registry, self._command)

    def installed_source(self, spec: RunSpec) -> str | None:
        """Return the digest of the installed source that would compute a run; None where a component is not installed."""
        return installed_source(self.registry, spec)

    def verify(
        self,
        results: Iterable[RunResult],
        on_verdict: Callable[[Verified], None] = lambda _: None,
        *,
        any_source: bool = False,
        twins: bool = False,
    ) -> list[Verified]:
        """Execute runs of a store or of a report again and compare them with what is stored; nothing is stored.

        Runs of the installed source are repeated. Others are returned with the verdict "other source" or, where a component or
        the dataset is missing, "not available". Of runs that are not equal to the bit a twin is run too, which starts 1e-7
        beside them and tells whether their outcome is chaotic.

        Args:
            results: runs with a final status; `verify.page.runs_of_page` reads those of a report.
            on_verdict: called with each verdict as it arrives.
            any_source: repeat the runs of other versions of their source too, with the installed one.
            twins: run the twin of every run that is repeated.
        """
        return repeat(results, self.registry, self.executor, Repetition(any_source, twins), on_verdict)


def run(
    optimizers: Sequence[str] | None = None,
    architectures: Sequence[str] | None = None,
    embedders: Sequence[str] | None = None,
    datasets: Sequence[str] | None = None,
    *,
    losses: Sequence[str] | None = None,
    suite: str | None = None,
    seeds: Iterable[int] | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    dtype: str | None = None,
    expression: str = "",
    track: Track = "default",
    budget: int = defaults.BUDGET,
    study: int = 0,
    store: str | Path = defaults.STORE,
    workers: int | None = None,
    timeout: float | None = None,
    force: bool = False,
) -> Results:
    """Execute the runs that are not in the store, and return all that were selected; for a cluster, see `Experiment`.

    Args:
        optimizers: selections such as `"adam[lr=1e-3,1e-2]"`; None for all that are installed.
        architectures: the same for architectures.
        embedders: the same for embedders.
        datasets: names or folders; None for qa-tr-2.
        losses: what networks are trained with; None for each dataset's own.
        suite: the name or the TOML file of a suite, whose workloads are run; it excludes architectures, embedders, datasets,
            losses, epochs, batch size and dtype.
        seeds: one run per seed; None for 0 to 4 or the suite's.
        epochs: passes over the training rows; None for 100.
        batch_size: rows per step; None for 32.
        dtype: "float32" or "float64"; None for the first.
        expression: keep only runs whose names match, in the language of pytest's `-k`.
        track: "default" for published hyper-parameters, "tuned" for those that a search found: see `optbench tune`.
        budget: on the tuned track, the number of draws of the search.
        study: on the tuned track, which search.
        store: the file that keeps the runs.
        workers: number of worker processes; None for one per processor.
        timeout: seconds after which a run is stopped; None for no limit.
        force: execute stored runs again.

    Raises:
        OptbenchError: the selection cannot be run; the message says why.
    """
    selections = Selections(
        optimizers=optimizers,
        architectures=architectures,
        embedders=embedders,
        losses=losses,
        datasets=datasets,
        suite=suite,
        expression=expression,
        seeds=None if seeds is None else sorted({operator.index(seed) for seed in seeds}),
        epochs=epochs,
        batch_size=batch_size,
        dtype=dtype,
        track=track,
        budget=budget,
        study=study,
    )
    with Experiment(Registry(), Path(store), LocalExecutor(workers, timeout)) as experiment:
        return experiment.complete(selections, force=force)
