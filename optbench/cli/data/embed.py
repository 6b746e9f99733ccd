"""`optbench data embed`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from optbench.cli.console import say
from optbench.cli.options import load_registry, plugin_option
from optbench.core.errors import UsageError

if TYPE_CHECKING:
    from optbench.curation.encoding import Encoder

F = TypeVar("F", bound=Callable[..., Any])


def encoder_options(model_option: str) -> Callable[[F], F]:
    """Add the options that say where a model is and how it computes; `model_option` is the name of the first."""

    def add(command: F) -> F:
        for option in reversed(
            (
                click.option(model_option, "model_path", metavar="NAME_OR_PATH", help="Another encoder than the set's."),
                click.option("--revision", metavar="REV", help="The encoder's revision on the Hub."),
                click.option("--local-files-only", is_flag=True, help="Never ask the network for the encoder."),
                click.option("--device", default="cpu", show_default=True, help="Where torch computes, such as cuda."),
                click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True, help="Texts at a time."),
            ),
        ):
            command = option(command)
        return command

    return add


def encoder_from(given: Mapping[str, Any]) -> Encoder:
    """Return what `encoder_options` were given."""
    from optbench.curation.encoding import Encoder

    return Encoder(given["model_path"], given["revision"], given["local_files_only"], given["device"], given["batch_size"])


@click.command()
@click.argument("dataset")
@click.option("--embedder", "name", required=True, metavar="SET", help="The set of vectors to make, such as e5.")
@click.option("--question-prompt", help="What stands before a question. [default: the set's, or nothing]")
@click.option("--answer-prompt", help="What stands before an answer. [default: the set's, or nothing]")
@click.option("--raw", is_flag=True, help="Keep the length that the model gives; else the set's way, or unit length.")
@encoder_options("--model")
@plugin_option
def embed(dataset: str, name: str, question_prompt: str | None, answer_prompt: str | None, raw: bool, **given: Any) -> None:
    """Make vectors for all texts of DATASET (a name or a folder) with a neural encoder.

    A dataset may have a place for a set of vectors (qa-tr has one for e5, turkish-e5-large), which names model and prompts;
    for any other set, --model does. The vectors are kept in .optbench/vectors, and 'optbench run' uses them from then on.
    """
    from optbench.curation.encoding import keep_beside, make_vectors
    from optbench.data.manifest import Slot, is_dataset_name
    from optbench.planning.catalogue import Catalogue
    from optbench.planning.datasets import find_dataset

    registry = load_registry()
    found = find_dataset(registry, dataset)
    embedders = Catalogue(registry, [found]).entries("embedder")
    if not is_dataset_name(name) or any(entry.name == name and not entry.replaceable for entry in embedders):
        raise UsageError(
            f"a set of vectors cannot be called {name!r} here: a name is lower-case letters and digits, joined by - _ or ., "
            "and no embedder's or set's that there is",
        )
    slot = found.manifest.slots.get(name)
    if slot is None and given["model_path"] is None:
        places = ", ".join(sorted(found.manifest.slots)) or "none"
        raise UsageError(
            f"{found.name} has no place for vectors called {name!r} (it has: {places}); --model says what makes them"
        )
    base = slot or Slot(model=given["model_path"], dimension=1, prompts={"question": "", "answer": ""}, normalised=True)
    prompts = {
        "question": base.prompts["question"] if question_prompt is None else question_prompt,
        "answer": base.prompts["answer"] if answer_prompt is None else answer_prompt,
    }
    asked = base.model_copy(update={"prompts": prompts, "normalised": base.normalised and not raw})
    entry, content = make_vectors(found.splits, name, asked, encoder_from(given))
    if slot is not None and entry.dimension != slot.dimension:
        raise UsageError(
            f"{name} has {slot.dimension} dimensions, this model gives {entry.dimension}; name its vectors otherwise"
        )
    path: Path = keep_beside(found, name, entry, content)
    say(f"{path}: {entry.dimension} dimensions, SHA-256 {entry.sha256}; 'optbench run -e {name} -d {dataset}' uses it")
