"""An inquiry: its runs, in three stages, and what is still missing of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from optbench.core.specs import RunResult
from optbench.execution.estimate import run_seconds, total_seconds
from optbench.execution.pool import default_workers
from optbench.execution.replay import Replay, replays
from optbench.experiment import Experiment
from optbench.training.job import Job
from optbench.why.cached import cached_replay, keep_replay
from optbench.why.explanation import Explanation
from optbench.why.findings import explanation
from optbench.why.members import Cell
from optbench.why.progress import Progress

REPLAYED = 3
"""How many evaluation seeds are replayed, the first ones."""
_MEASURED = 1.3  # how much longer a replay takes than its run, about


@dataclass(frozen=True)
class Work:
    """What an inquiry has still to execute.

    Attributes:
        runs: at most so many runs. Rates, and so later runs, are known once earlier ones have ended; some may be stored.
        exact: whether it is exactly that number.
        replays: runs that are repeated to measure their steps.
        seconds: the estimated duration of all of them together.
    """

    runs: int
    exact: bool
    replays: int
    seconds: float


@dataclass
class _Needed:
    """Jobs that are missing, by cell, and how many more there may be."""

    jobs: dict[Cell, int] = field(default_factory=dict)
    replays: dict[Cell, int] = field(default_factory=dict)
    exact: bool = True


class Inquiry:
    """Why A is better than B, or not: tuned learning rates, ablations, and the steps that both take.

    Args:
        experiment: executes and stores the runs.
        a: what A is called, such as "adam".
        b: what B is called.
        cells: both and each of them without a part, on every workload; see `planned` and `of_runs`.
        seeds: the seeds with which they are compared, sorted.
    """

    def __init__(self, experiment: Experiment, a: str, b: str, cells: Sequence[Cell], seeds: Sequence[int]) -> None:
        self.experiment, self.a, self.b = experiment, a, b
        self.cells, self.seeds = tuple(cells), tuple(seeds)

    @cached_property
    def places(self) -> tuple[str, ...]:
        """The names of the workloads."""
        return tuple(dict.fromkeys(cell.place for cell in self.cells))

    def work(self) -> Work:
        """Return what is still to be executed, and an estimate of its duration."""
        needed = self._needed()
        templates = [cell.template for cell in self.cells]
        workers = self.experiment.executor.workers
        of_cell = run_seconds(templates, self.experiment.store.durations(), workers=workers)
        runs, seconds, repeated = 0, [0.0], 0
        jobs: list[Job] = []
        for cell, one in zip(self.cells, of_cell, strict=True):
            own, again = needed.jobs.get(cell, 0), needed.replays.get(cell, 0)
            runs, repeated = runs + own, repeated + again
            seconds += [one] * own + [_MEASURED * one] * again
            jobs += [cell.template] * (own + again)
        total = total_seconds(jobs, seconds, workers=workers, pictures=False) if jobs else 0.0
        return Work(runs, needed.exact, repeated, total)

    def explain(self, on_result: Callable[[RunResult], None] = lambda _: None) -> Explanation:
        """Execute what is missing, stage by stage, and return what was found.

        Interrupted, it keeps what has ended, and continues from there when it is called again.

        Args:
            on_result: called with each result after it was stored.
        """
        progress = Progress(self.experiment.store)
        failed = self._run([job for cell in self.cells for job in progress.decades(cell)], on_result)
        failed += self._run([job for cell in self.cells for job in progress.half_decades(cell)], on_result)
        chosen = {cell: progress.chosen(cell) for cell in self.cells}
        jobs = {cell: cell.jobs(step, self.seeds) for cell, step in chosen.items()}
        everything = [job for own in jobs.values() for job in own]
        self.experiment.record_plans(everything)
        failed += self._run(everything, on_result)
        results = self.experiment.results(everything)
        return explanation(
            self.a,
            self.b,
            self.seeds,
            cells={cell: (step, progress.worths(cell)) for cell, step in chosen.items()},
            jobs=jobs,
            results=results,
            replays=self._replays({cell: own for cell, own in jobs.items() if not cell.member.part}, results),
            failed=failed,
        )

    def _run(self, jobs: Sequence[Job], on_result: Callable[[RunResult], None]) -> int:
        unique = list({job.spec.key: job for job in jobs}.values())
        outcome = self.experiment.run(self.experiment.missing(unique), on_result)
        return len(outcome.failed)

    def _replays(self, jobs: Mapping[Cell, Sequence[Job]], results: Iterable[RunResult]) -> dict[Cell, dict[int, Replay]]:
        """Return the replays of the first seeds of each cell, by seed; those that are not cached are executed."""
        final = {run.spec.key for run in results if run.digest is not None}
        store, found = self.experiment.store, dict[str, Replay]()
        wanted = {cell: [job for job in own[:REPLAYED] if job.spec.key in final] for cell, own in jobs.items()}
        missing = []
        for job in (job for own in wanted.values() for job in own):
            cached = cached_replay(store, job.spec)
            if cached is None:
                missing.append(job)
            else:
                found[job.spec.key] = cached
        for job, replay in replays(missing, min(self.experiment.executor.workers, default_workers())):
            found[job.spec.key] = replay
            if replay.final:
                keep_replay(store, job.spec, replay)
        return {cell: {job.spec.seed: found[job.spec.key] for job in own} for cell, own in wanted.items()}

    def _needed(self) -> _Needed:
        """Return what is missing: exactly where earlier stages are stored, else with the most that may follow."""
        progress, needed = Progress(self.experiment.store), _Needed()
        for cell in self.cells:
            first = progress.count_missing(progress.decades(cell))
            second = progress.count_missing(progress.half_decades(cell)) if not first else progress.most_half_decades
            if not cell.rates:
                second = 0
            replayed = min(REPLAYED, len(self.seeds)) * (not cell.member.part)
            if first or second:
                third = len(self.seeds)
                needed.exact = False
            else:
                jobs = cell.jobs(progress.chosen(cell), self.seeds)
                third = progress.count_missing(jobs)
                replayed = sum(cached_replay(self.experiment.store, job.spec) is None for job in jobs[:replayed])
            needed.jobs[cell], needed.replays[cell] = first + second + third, replayed
        return needed
