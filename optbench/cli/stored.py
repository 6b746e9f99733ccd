"""Options that select stored runs: what they leave open is not restricted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from optbench.core.plans import TRACKS
from optbench.planning import defaults

if TYPE_CHECKING:
    from optbench.planning.selections import Selections

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--suite", metavar="NAME", help="The workloads of a suite: core, quick, or a TOML file."),
    click.option(
        "-m", "--architecture", "architectures", multiple=True, metavar="ARCH", help="For example two-layer-mlp[hidden=32]."
    ),
    click.option("-e", "--embedder", "embedders", multiple=True, metavar="EMB", help="For example hashing."),
    click.option("-d", "--dataset", "datasets", multiple=True, metavar="NAME_OR_PATH", help="For example digits."),
    click.option("--loss", "losses", multiple=True, metavar="LOSS", help="For example cross-entropy."),
    click.option("-k", "expression", metavar="EXPR", help="Workloads whose names match, such as 'digits and not single'."),
    click.option("--seeds", metavar="0-4", help="Seeds and ranges of seeds. Fix them before you see results. [default: all]"),
    click.option("--epochs", type=click.IntRange(1), help="Workloads with so many passes over the training rows."),
    click.option("--batch-size", type=click.IntRange(1), help="Workloads with so many rows per step."),
    click.option("--dtype", type=click.Choice(defaults.DTYPES), help="Workloads with this data type."),
    click.option(
        "--track",
        type=click.Choice(TRACKS),
        default="default",
        show_default=True,
        help="Published hyper-parameters, or those that 'optbench tune' found.",
    ),
    click.option("--protocol", type=click.IntRange(1), metavar="N", help="Runs of this version of the rules of measurement."),
)


def stored_options(command: F) -> F:
    """Add the options that select stored runs, except by optimizer."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def selections_of(options: Mapping[str, Any]) -> Selections:
    """Return what these options select; None for what they leave open.

    Raises:
        UsageError: the seeds are malformed.
    """
    from optbench.planning.selections import Selections
    from optbench.planning.selectors import parse_seeds

    return Selections(
        suite=options["suite"],
        architectures=options["architectures"] or None,
        embedders=options["embedders"] or None,
        datasets=options["datasets"] or None,
        losses=options["losses"] or None,
        expression=options["expression"] or "",
        seeds=None if options["seeds"] is None else parse_seeds(options["seeds"]),
        epochs=options["epochs"],
        batch_size=options["batch_size"],
        dtype=options["dtype"],
        track=options["track"],
    )
