"""`optbench data embed`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from optbench.cli.console import say
from optbench.cli.data.common import encoder_from, encoder_options
from optbench.cli.options import load_registry, plugin_option
from optbench.core.errors import UsageError

if TYPE_CHECKING:
    from optbench.data.manifest import Slot


@click.command()
@click.argument("dataset")
@click.option(
    "--embedder", "name", required=True, metavar="SET", help="The set of vectors to compute, such as e5-small (offline) or e5."
)
@click.option("--question-prompt", help="The prompt before each question. [default: the set's, or none]")
@click.option("--answer-prompt", help="The prompt before each answer. [default: the set's, or none]")
@click.option("--raw", is_flag=True, help="Do not scale vectors to unit length.")
@encoder_options("--model")
@plugin_option
def embed(dataset: str, name: str, question_prompt: str | None, answer_prompt: str | None, raw: bool, **options: Any) -> None:
    """Compute vectors for all texts of DATASET (a name or a folder) with a neural encoder.

    SET is an embedder with a model of its own, such as e5-small of the plugin optbench-e5, or a set that the dataset declares,
    with model and prompts (qa-tr-2 declares e5, turkish-e5-large); for any other set, give --model. The vectors are written to
    .optbench/vectors, where 'optbench run' finds them.
    """
    from optbench.curation.encoders import find_encoder
    from optbench.curation.encoding import keep_beside, make_vectors
    from optbench.data.manifest import Slot, is_dataset_name
    from optbench.planning.catalogue import Catalogue
    from optbench.planning.datasets import find_dataset

    registry = load_registry()
    target = find_dataset(registry, dataset)
    if target.kind == "table":
        raise UsageError(
            f"{target.name} is a table of numbers and has no texts to embed; its embedders are raw and standardized"
        )
    if not is_dataset_name(name):
        raise UsageError(f"{name!r} is not a valid name for a set of vectors: lower-case letters and digits joined by - _ or .")
    own = [entry for entry in Catalogue(registry, [target]).entries("embedder") if entry.name == name and entry.frozen]
    if any(not entry.replaceable for entry in own):
        raise UsageError(f"{target.name} was frozen with vectors called {name!r}; choose another name")
    slots = dict(target.manifest.slots)
    if name not in slots and options["model_path"] is not None:
        slots[name] = Slot(model=options["model_path"], dimension=1, prompts={"question": "", "answer": ""}, normalised=True)
    changed = {key: _changed(slot, question_prompt, answer_prompt, raw=raw) for key, slot in slots.items()}
    entry, content = make_vectors(target.rows, name, find_encoder(registry, name, changed, encoder_from(options)))
    declared = target.manifest.slots.get(name)
    if declared is not None and entry.dimension != declared.dimension:
        raise UsageError(
            f"{name} has {declared.dimension} dimensions, but this model {entry.dimension}; choose another name for its vectors"
        )
    path: Path = keep_beside(target, name, entry, content)
    say(f"{path}: {entry.dimension} dimensions, SHA-256 {entry.sha256}; use it with 'optbench run -e {name} -d {dataset}'")


def _changed(slot: Slot, question_prompt: str | None, answer_prompt: str | None, *, raw: bool) -> Slot:
    """The slot with the prompts and the scaling of the command line."""
    prompts = {
        "question": slot.prompts["question"] if question_prompt is None else question_prompt,
        "answer": slot.prompts["answer"] if answer_prompt is None else answer_prompt,
    }
    return slot.model_copy(update={"prompts": prompts, "normalised": slot.normalised and not raw})
