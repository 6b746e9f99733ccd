"""Progress of `optbench run`: the estimate before the first run, the bar, and one line per run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from optbench.cli.console import harmless, say

if TYPE_CHECKING:
    from optbench.core.specs import RunResult
    from optbench.experiment import Experiment
    from optbench.training.job import Job

_FAILED = ("failed", "timeout", "crashed")


def announce(experiment: Experiment, plan: Sequence[Job], missing: Sequence[Job], *, pictures: bool) -> dict[str, float]:
    """Print how many runs are missing and how long they should take.

    Args:
        experiment: what will execute them.
        plan: all selected jobs.
        missing: those to be executed.
        pictures: whether the report follows, with its t-SNE pictures.

    Returns:
        The estimated seconds of each missing run, by key.
    """
    text = f"{len(plan)} runs: {len(plan) - len(missing)} stored, {len(missing)} to run"
    seconds: list[float] = []
    if missing:
        from optbench.execution.estimate import run_seconds, total_seconds

        if experiment.exists and (superseded := experiment.superseded(missing)):
            text += f" ({superseded} of them again, because their source or the version of optbench has changed)"
        workers = min(experiment.executor.workers, len(missing))
        stored = experiment.store.durations() if experiment.exists else []
        seconds = run_seconds(missing, stored, workers=workers)
        total = total_seconds(missing, seconds, workers=workers, pictures=pictures)
        text += f", about {duration(total)} with {workers} worker{'s' if workers > 1 else ''}"
    say(text)
    return dict(zip((job.spec.key for job in missing), seconds, strict=True))


@contextmanager
def progress(missing: Sequence[Job], seconds: Mapping[str, float], *, verbose: bool) -> Iterator[Callable[[RunResult], None]]:
    """Show progress: a bar where standard error is a terminal, one line per failed run, and with `verbose` per run.

    The bar advances by estimated seconds instead of runs, because runs differ much in length.

    Args:
        missing: the jobs to be executed.
        seconds: estimated seconds by key; empty for no bar.
        verbose: print one line per run.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("running"),
        BarColumn(),
        TextColumn("{task.fields[done]}/{task.fields[of]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    visible = sys.stderr.isatty() and bool(seconds)
    with Progress(*columns, console=Console(stderr=True), disable=not visible, transient=True) as bar:
        line = bar.add_task("run", total=sum(seconds.values()), done=0, of=len(missing))

        def on_result(result: RunResult) -> None:
            bar.update(line, advance=seconds.get(result.spec.key, 0.0), done=bar.tasks[0].fields["done"] + 1)
            if not (verbose or result.status in _FAILED):
                return
            if visible:
                bar.console.out(harmless(_line(result)), highlight=False)
            else:
                say(_line(result))

        yield on_result


def _line(result: RunResult) -> str:
    labels, reason = result.labels, result.reason.strip().rpartition("\n")[2]
    text = f"{result.status}: {labels.optimizer} {labels.architecture} {labels.embedder} seed {result.spec.seed}"
    return f"{text}: {reason}" if reason else text


def duration(seconds: float) -> str:
    """Return seconds in the unit that a person would use, rounded to what an estimate can tell."""
    exact, minutes, hours = 10, 90, 5400  # the least seconds that are written in tens, in minutes and in hours
    if seconds < minutes:
        return f"{max(1, round(seconds)) if seconds < exact else round(seconds, -1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < hours else f"{seconds / 3600:.1f} h"
