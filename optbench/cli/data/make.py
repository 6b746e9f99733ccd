"""`optbench data make`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any

import rich_click as click
from click.exceptions import Exit

from optbench.cli.console import say
from optbench.cli.data.common import about_options, encoder_options, encoders, new_dataset
from optbench.cli.data.freeze import freeze
from optbench.cli.data.generate import GENERATE_OPTIONS, generate_options, write_pairs
from optbench.cli.data.verify import verify
from optbench.core.errors import UsageError

PAIRS = Path(".optbench/pairs")
"""Where the pairs of an unfinished dataset are, so that the same command continues where an earlier one stopped."""
ENOUGH = 0.9
"""The share of the pairs asked for that is enough for a dataset, unless --at-least says otherwise."""


@click.command()
@generate_options
@about_options
@click.option(
    "--at-least",
    type=click.IntRange(1),
    metavar="N",
    help="Create the dataset if there are so many pairs, though others were given up. [default: nine tenths of -n]",
)
@click.option(
    "--embedder",
    "sets",
    multiple=True,
    metavar="SET",
    help="A set of vectors to compute: e5-small, e5, minilm or none. [default: the one that is installed, e5-small or e5]",
)
@encoder_options("--encoder")
@click.pass_context
def make(context: click.RichContext, /, name: str, force: bool, at_least: int | None, **options: Any) -> None:
    """Generate, freeze and verify a dataset; the same command continues where an earlier one stopped.

    With Ollama and a network, 'optbench data make --model gemma2:9b --embedder e5 --name gemma-e5' creates the same kind of
    dataset as that of the original experiment. What it needs is checked before the first pair is requested. Exits with 1 if too
    many pairs were given up, or if the dataset violates a rule of quality.
    """
    folder = new_dataset(name)
    if folder.exists() and not force:
        say(f"{folder} already exists; --force creates it again")
    else:
        options["language"] = options["language"] or "tr"
        request = {key: options[key] for key in GENERATE_OPTIONS}
        needed = _needed(request["n"], at_least)
        options["sets"] = _check_parts(request, options)
        pairs = PAIRS / f"{name}.jsonl"
        _enough(write_pairs(pairs, **request).written, request["n"], needed, pairs)
        rest = {key: value for key, value in options.items() if key not in GENERATE_OPTIONS or key == "language"}
        context.invoke(freeze, file=pairs, name=name, force=force, made="", **rest)
    context.invoke(verify, name=name, as_json=False)


def _needed(n: int, at_least: int | None) -> int:
    """Return the number of pairs that is enough.

    Raises:
        UsageError: it is larger than the number of pairs asked for.
    """
    if at_least is not None and at_least > n:
        raise UsageError(f"--at-least {at_least} is more than the pairs asked for, -n {n}")
    return ceil(ENOUGH * n) if at_least is None else at_least


def _check_parts(request: Mapping[str, Any], options: Mapping[str, Any]) -> Sequence[str]:
    """Check that all parts of the work are there, and return the names of the sets of vectors.

    These are the server with the model, and the embedder of each set with its model, which may be downloaded.

    Raises:
        UsageError: a set of vectors is not known, or nothing that computes one is installed.
        OptbenchError: the server does not answer or does not have the model, or an embedder is not available.
    """
    from optbench.curation.encoders import NONE
    from optbench.curation.generation.loop import connect

    embedders = encoders(options["sets"], options)
    with connect(request["host"], request["timeout"]) as server:
        server.identity(request["model"])
    for embedder in embedders.values():
        embedder.model_info()
    return (*embedders,) or (NONE,)


def _enough(written: int, n: int, needed: int, pairs: Path) -> None:
    """Exit with 1, after a message about how to go on, if fewer pairs than needed were written."""
    if written >= needed:
        return
    lower = f", or --at-least {written}" if written else ""
    say(
        f"no dataset was created: {written} pairs are fewer than the {needed} that are needed (--at-least). They are kept in "
        f"{pairs}. Continue with a larger -n than {n}, which requests others in place of those given up{lower}, or choose "
        "another --model, --topics or --name"
    )
    raise Exit(1)
