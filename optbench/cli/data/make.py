"""`optbench data make`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from optbench.cli.console import say
from optbench.cli.data.embed import encoder_options
from optbench.cli.data.freeze import about_options, freeze, new_dataset
from optbench.cli.data.generate import generate, generate_options
from optbench.cli.data.verify import verify

PAIRS = Path(".optbench/pairs")
"""Where the pairs of a dataset in the making lie, so that the same command goes on where an earlier one stopped."""
_ASKED = ("model", "host", "topics", "n", "seed", "temperature", "timeout")


@click.command()
@generate_options
@about_options
@click.option("--embedder", "sets", multiple=True, default=("e5",), show_default=True, metavar="SET", help="e5 or minilm.")
@encoder_options("--encoder")
@click.pass_context
def make(context: click.RichContext, /, name: str, force: bool, **given: Any) -> None:
    """Generate, embed, freeze and verify a dataset; the same command goes on where an earlier one stopped.

    With Ollama and a network, 'optbench data make --model gemma2:9b --embedder e5 --name gemma-e5' makes the very kind of
    dataset that the original experiment used.
    """
    folder = new_dataset(name)
    if folder.exists() and not force:
        say(f"{folder} is frozen already; --force makes it anew")
    else:
        pairs = PAIRS / f"{name}.jsonl"
        pairs.parent.mkdir(parents=True, exist_ok=True)
        asked = {key: given.pop(key) for key in _ASKED}
        context.invoke(generate, **asked, out=pairs)
        made = f"Written by {asked['model']} through Ollama, with structured output, seed {asked['seed']}; no person read them."
        context.invoke(freeze, file=pairs, name=name, force=force, made=made, **given)
    context.invoke(verify, name=name, as_json=False)
