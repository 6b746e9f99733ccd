"""`optbench data generate`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.exceptions import Exit

from optbench.cli.console import say
from optbench.cli.data.common import options

if TYPE_CHECKING:
    from optbench.curation.generation.loop import Progress
    from optbench.curation.generation.recipe import Recipe

_INTERVAL = 60.0  # seconds between two lines of progress if there is no terminal

generate_options = options(
    click.option("--model", default="gemma2:9b", show_default=True, help="A model of Ollama, by its tag."),
    click.option(
        "--host",
        envvar="OLLAMA_HOST",
        default="http://127.0.0.1:11434",
        show_default=True,
        show_envvar=True,
        help="The address of Ollama.",
    ),
    click.option(
        "--topics",
        type=click.Path(dir_okay=False, path_type=Path),
        help="A file with one topic per line. [default: topics in Turkish that come with optbench]",
    ),
    click.option(
        "-n", "n", type=click.IntRange(1), default=600, show_default=True, help="The number of pairs, over all topics."
    ),
    click.option("--seed", type=int, default=1, show_default=True, help="Determines the seeds of all requests."),
    click.option("--temperature", type=float, default=0.8, show_default=True, help="The temperature of the sampler, 0 to 2."),
    click.option(
        "--tokens",
        type=click.IntRange(1),
        default=512,
        show_default=True,
        help="The longest answer, in tokens; a longer one is rejected as truncated.",
    ),
    click.option(
        "--timeout",
        type=float,
        default=300.0,
        show_default=True,
        metavar="SECONDS",
        help="Retry a request after so many seconds without an answer; the first one includes loading the model.",
    ),
)
"""Add the options that determine the requests."""


GENERATE_OPTIONS = ("model", "host", "topics", "n", "seed", "temperature", "tokens", "timeout", "language")
"""The names of the options of `generate_options`, and `language`."""


@click.command()
@generate_options
@click.option("--language", default="tr", show_default=True, help="Reject texts that are not in it; only tr is checked.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("pairs.jsonl"),
    show_default=True,
    help="The file of pairs, one JSON object per line.",
)
def generate(out: Path, **options: Any) -> None:
    """Generate questions, each with a right and a wrong answer, with a local model through Ollama.

    Every pair is written as soon as it is generated, with all that determined it; the same command continues where an earlier
    one stopped. The prompts are in Turkish. An answer that is useless by its form is rejected and requested again; the reasons
    are counted, but nobody checks that a text is true. Exits with 1 if pairs were given up. Needs
    pip install 'optbench[generate]'.
    """
    progress = write_pairs(out, **options)
    if progress.written < progress.wanted:
        raise Exit(1)


def write_pairs(out: Path, *, n: int, host: str, timeout: float, **options: Any) -> Progress:
    """Write pairs to `out` as the options say, show the progress and print the outcome; return it."""
    from optbench.curation.generation import loop  # imports pydantic

    recipe = _recipe(**options)
    with _shown_progress(out) as (watch, wait), loop.connect(host, timeout, wait) as server:
        try:
            progress = loop.generate(recipe, n, out, server, watch)
        except KeyboardInterrupt:
            say(f"interrupted: the pairs in {out} are kept; the same command continues from there")
            raise
    _report(progress, out, loop.ATTEMPTS)
    return progress


def _recipe(*, topics: Path | None, **options: Any) -> Recipe:
    from optbench.curation.generation import prompts, recipe  # imports pydantic

    return recipe.Recipe(topics=prompts.read_topics(topics or prompts.TOPICS), **options)


@contextmanager
def _shown_progress(out: Path) -> Iterator[tuple[Callable[[Progress], None], Callable[[str, float], None]]]:
    """Show progress and the reasons of waits: a bar if standard error is a terminal, else one line per minute."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    visible = sys.stderr.isatty()
    columns = (
        TextColumn("pairs"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[refused]} rejected"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), disable=not visible, transient=True) as bar:
        task = bar.add_task("generate", total=None, refused=0)
        last_line = -_INTERVAL

        def watch(progress: Progress) -> None:
            nonlocal last_line
            completed = progress.written + progress.given_up
            bar.update(task, total=progress.wanted, completed=completed, refused=progress.refused.total())
            if not visible and time.monotonic() - last_line >= _INTERVAL:
                last_line = time.monotonic()
                say(f"{progress.written} of {progress.wanted} pairs in {out}, answers rejected: {progress.refused.total()}")

        def wait(reason: str, seconds: float) -> None:
            text = f"{reason}; retrying in {seconds:g} s"
            if visible:
                bar.console.out(text, highlight=False)
            else:
                say(text)

        yield watch, wait


def _report(progress: Progress, out: Path, attempts: int) -> None:
    """Print the outcome."""
    say(f"{progress.written} of {progress.wanted} pairs in {out}")
    if progress.refused:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(progress.refused.items()))
        say(f"answers rejected: {progress.refused.total()} ({reasons})")
    if progress.given_up:
        say(f"pairs given up: {progress.given_up}, after {attempts} attempts each; a larger -n requests others in their place")
    if progress.not_requested:
        say(f"pairs not requested: {progress.not_requested}, since too many in a row were given up; try other --topics")
