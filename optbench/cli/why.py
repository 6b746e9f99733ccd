"""What `optbench compare --why` executes and prints."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from click.exceptions import Exit

from optbench.cli.console import json_lines, out, say
from optbench.cli.progress import duration

if TYPE_CHECKING:
    from optbench.core.specs import RunResult
    from optbench.why import Inquiry, Work

_FINAL = ("ok", "diverged")


def show_why(inquiry: Inquiry, *, as_json: bool = False, after: bool = False) -> None:
    """Execute the runs that an inquiry needs, and print what they show; exit with 1 if one of them failed.

    It says first how many runs there are and how long they take.

    Args:
        inquiry: what is asked.
        as_json: print one JSON object per line instead of text.
        after: whether another text was printed before, from which an empty line separates it.
    """
    from optbench.why import rows, text

    experiment = inquiry.experiment
    work = inquiry.work()
    say(announcement(work, experiment.executor.workers))
    try:
        with _progress(work) as on_result:
            explanation = inquiry.explain(on_result)
    except KeyboardInterrupt:
        say(f"interrupted: what has ended is stored in {experiment.store.path}; the same command continues")
        raise
    if as_json:
        json_lines(rows(explanation))
    else:
        if after:
            out("")
        out(text(explanation))
    if explanation.failed:
        say(f"{explanation.failed} runs failed; the same command retries them")
        raise Exit(1)


def announcement(work: Work, workers: int) -> str:
    """Return how much there is to execute, in a sentence."""
    if not work.runs and not work.replays:
        return "why: all runs are stored"
    runs = f"{'' if work.exact else 'up to '}{work.runs} runs to tune learning rates, to remove parts and to compare"
    replayed = f"{work.replays} replay{'s' * (work.replays != 1)} to measure steps"
    time = f"{'about' if work.exact else 'at most about'} {duration(work.seconds)}"
    return f"why: {runs}, {replayed}, {time} with {workers} worker{'s' * (workers != 1)}"


@contextmanager
def _progress(work: Work) -> Iterator[Callable[[RunResult], None]]:
    """Show a bar where standard error is a terminal, and one line per run that failed."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("running"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    visible = sys.stderr.isatty() and work.runs > 0
    with Progress(*columns, console=Console(stderr=True), disable=not visible, transient=True) as bar:
        line = bar.add_task("run", total=work.runs)

        def on_result(result: RunResult) -> None:
            bar.update(line, advance=1)
            if result.status not in _FINAL:
                reason = result.reason.strip().rpartition("\n")[2]
                say(f"{result.status}: {result.labels.optimizer} seed {result.spec.seed}: {reason}")

        yield on_result
