"""What the commands for datasets share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from optbench.cli.console import say
from optbench.cli.options import load_registry
from optbench.core.errors import UsageError, shown

if TYPE_CHECKING:
    from optbench.core.contracts import Embedder
    from optbench.curation.encoders import Encoder
    from optbench.data.loader import FrozenDataset

F = TypeVar("F", bound=Callable[..., Any])


def options(*decorators: Callable[[Any], Any]) -> Callable[[F], F]:
    """Return a decorator that adds options to a command, in this order."""

    def add(command: F) -> F:
        for option in reversed(decorators):
            command = option(command)
        return command

    return add


def one_line(_context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Return the value of an option.

    Raises:
        UsageError: it has more than one line.
    """
    if len(value.splitlines()) > 1 or value.endswith("\n"):
        raise UsageError(f"--{parameter.name} {shown(value)} has a line break; write it on one line")
    return value


about_options = options(
    click.option("--name", required=True, help="The name of the dataset."),
    click.option("--version", default="0", show_default=True, help="Its version."),
    click.option("--title", default="", callback=one_line, help="Its title, one line."),
    click.option("--language", help="The language of the texts. [default: what generated pairs were to be written in, or tr]"),
    click.option("--licence", default="", help="Its licence, such as CC-BY-4.0."),
    click.option("--force", is_flag=True, help="Replace a dataset of the same name."),
)
"""Add the options that describe a dataset."""


def encoder_options(model_option: str) -> Callable[[F], F]:
    """Add the options that say where a model is and how it computes; `model_option` is the name of the first."""
    return options(
        click.option(model_option, "model_path", metavar="NAME_OR_PATH", help="Another encoder than the set's."),
        click.option("--revision", metavar="REV", help="The encoder's revision on the Hub."),
        click.option("--local-files-only", is_flag=True, help="Do not use the network for the encoder."),
        click.option("--device", default="cpu", show_default=True, help="The device of torch, such as cuda."),
        click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True, help="Texts per batch."),
    )


def encoder_from(options: Mapping[str, Any]) -> Encoder:
    """Return the encoder from the values of `encoder_options`."""
    from optbench.curation.encoders import Encoder

    fields = ("model_path", "revision", "local_files_only", "device", "batch_size")
    return Encoder(*(options[field] for field in fields))


def encoders(sets: Sequence[str], options: Mapping[str, Any]) -> dict[str, Embedder]:
    """Return what computes each of the sets of vectors that a command names: by default the one that is installed.

    Raises:
        UsageError: one is not known or not installed.
    """
    from optbench.curation.encoders import NONE, SLOTS, default_set, find_encoder

    registry = load_registry()
    names = [default_set(registry)] if not sets else [name for name in sets if name != NONE]
    return {name: find_encoder(registry, name, SLOTS, encoder_from(options)) for name in names}


def new_dataset(name: str) -> Path:
    """Return the folder for a new dataset called `name`.

    Raises:
        UsageError: the name is not valid, or is that of an installed dataset.
    """
    from optbench.data.manifest import is_dataset_name
    from optbench.planning.datasets import DATASETS

    if not is_dataset_name(name):
        raise UsageError(
            f"{name!r} is not a valid name for a dataset: a name is lower-case letters and digits, joined by - _ or ."
        )
    if name in load_registry().names("dataset"):
        raise UsageError(f"{name!r} is the name of an installed dataset; choose another")
    return DATASETS / name


def row_counts(dataset: FrozenDataset) -> str:
    """Return the number of rows of each split, in words."""
    return ", ".join(f"{count} {split}" for split, count in dataset.sizes.items()) + " rows"


def warn_of_small_splits(dataset: FrozenDataset) -> None:
    """Warn of each split of a new dataset that has few rows."""
    from optbench.curation.row_rules import small_splits

    for text in small_splits(dataset.sizes):
        say(f"warning: {text}")
