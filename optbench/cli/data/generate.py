"""`optbench data generate`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click
from click.exceptions import Exit

from optbench.cli.console import say

if TYPE_CHECKING:
    from optbench.curation.generation.loop import Tally

F = TypeVar("F", bound=Callable[..., Any])
_EVERY = 60.0  # seconds between two lines of progress where there is no terminal


def generate_options(command: F) -> F:
    """Add the options that say which model is asked, where, and for what."""
    for option in reversed(
        (
            click.option("--model", default="gemma2:9b", show_default=True, help="A model that Ollama has, by its tag."),
            click.option(
                "--host",
                envvar="OLLAMA_HOST",
                default="http://127.0.0.1:11434",
                show_default=True,
                show_envvar=True,
                help="Where Ollama listens.",
            ),
            click.option(
                "--topics",
                type=click.Path(dir_okay=False, path_type=Path),
                help="One topic a line. [default: some Turkish ones]",
            ),
            click.option(
                "-n", "n", type=click.IntRange(1), default=600, show_default=True, help="Pairs to ask for, over all topics."
            ),
            click.option("--seed", type=int, default=1, show_default=True, help="From it follow the seeds of all requests."),
            click.option("--temperature", type=float, default=0.8, show_default=True, help="Of the sampler, from 0 to 2."),
            click.option(
                "--timeout",
                type=float,
                default=300.0,
                show_default=True,
                metavar="SECONDS",
                help="Ask again after so long without an answer; the first one waits until the model is loaded.",
            ),
        ),
    ):
        command = option(command)
    return command


@click.command()
@generate_options
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("pairs.jsonl"),
    show_default=True,
    help="Where the pairs go, one JSON object a line.",
)
def generate(
    *, model: str, host: str, topics: Path | None, n: int, seed: int, temperature: float, timeout: float, out: Path
) -> None:
    """Let a local model write questions, each with a right and a wrong answer, through Ollama.

    Every pair is written, with all that made it, as it comes; the same command goes on where an earlier one stopped.
    Exits with 1 if pairs were given up. Needs pip install 'optbench[generate]'.
    """
    from optbench.curation.generation import loop, prompts, recipe  # pydantic

    asked = recipe.Recipe(model=model, topics=prompts.read_topics(topics or prompts.TOPICS), seed=seed, temperature=temperature)
    with _progress(out) as (watch, wait), loop.connect(host, timeout, wait) as server:
        try:
            tally = loop.generate(asked, n, out, server, watch)
        except KeyboardInterrupt:
            say(f"interrupted: what is written in {out} stays; the same command goes on from there")
            raise
    _tell(tally, out, loop.ATTEMPTS)
    if tally.made < tally.wanted:
        raise Exit(1)


@contextmanager
def _progress(out: Path) -> Iterator[tuple[Callable[[Tally], None], Callable[[str, float], None]]]:
    """Show how far it is: a bar where standard error is a terminal, else a line now and then; and why it waits."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    visible = sys.stderr.isatty()
    columns = (
        TextColumn("pairs"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[refused]} refused"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not visible, transient=True) as bar:
        line = bar.add_task("generate", total=None, refused=0)
        told = -_EVERY

        def watch(tally: Tally) -> None:
            nonlocal told
            bar.update(line, total=tally.wanted, completed=tally.made + tally.given_up, refused=tally.refused.total())
            if not visible and time.monotonic() - told >= _EVERY:
                told = time.monotonic()
                say(f"{tally.made} of {tally.wanted} pairs in {out}, answers refused: {tally.refused.total()}")

        def wait(why: str, seconds: float) -> None:
            text = f"{why}; asking again in {seconds:g} s"
            if visible:
                bar.console.out(text, highlight=False)
            else:
                say(text)

        yield watch, wait


def _tell(tally: Tally, out: Path, attempts: int) -> None:
    """Say what came of it."""
    say(f"{tally.made} of {tally.wanted} pairs in {out}")
    if tally.refused:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(tally.refused.items()))
        say(f"answers refused: {tally.refused.total()} ({reasons})")
    if tally.given_up:
        say(f"pairs given up: {tally.given_up}, after {attempts} attempts each; a larger -n asks for others in their place")
    if tally.untried:
        say(f"pairs not asked for: {tally.untried}, so many were given up one after another; other --topics may help")
