"""Options that select runs, and those that say how they are executed: shared by the commands that plan runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import rich_click as click

from optbench.cli.options import Number, jobs_option
from optbench.core.plans import TRACKS
from optbench.planning import defaults

F = TypeVar("F", bound=Callable[..., Any])

_OPTIMIZER = click.option(
    "-o",
    "--optimizer",
    "optimizers",
    multiple=True,
    metavar="OPT",
    help="For example adam, adam[lr=1e-3,1e-2] for two, or 'adam|clip[norm=1]|cosine' with wrappers.",
)
_SEEDS = click.option(
    "--seeds", metavar="0-4", help=f"Seeds and ranges of seeds. [default: {defaults.SEEDS.start}-{defaults.SEEDS.stop - 1}]"
)
_NOT_OF_WORKLOADS = (_OPTIMIZER, _SEEDS)
_SELECTION = (
    click.option("--suite", metavar="NAME", help="Run the workloads of a suite: core, quick, or a TOML file."),
    _OPTIMIZER,
    click.option(
        "-m", "--architecture", "architectures", multiple=True, metavar="ARCH", help="For example two-layer-mlp[hidden=32]."
    ),
    click.option("-e", "--embedder", "embedders", multiple=True, metavar="EMB", help="For example hashing."),
    click.option(
        "-d",
        "--dataset",
        "datasets",
        multiple=True,
        metavar="NAME_OR_PATH",
        help=f"A dataset. [default: {defaults.DATASETS[0]}]",
    ),
    click.option(
        "--loss", "losses", multiple=True, metavar="LOSS", help="What networks are trained with. [default: the dataset's own]"
    ),
    click.option("-k", "expression", metavar="EXPR", help="Keep runs whose names match, such as 'adam and not single'."),
    _SEEDS,
    click.option("--epochs", type=click.IntRange(1), help=f"Passes over the training rows. [default: {defaults.EPOCHS}]"),
    click.option("--batch-size", type=click.IntRange(1), help=f"Rows per step. [default: {defaults.BATCH_SIZE}]"),
    click.option(
        "--dtype", type=click.Choice(defaults.DTYPES), help=f"Data type of weights and inputs. [default: {defaults.DTYPE}]"
    ),
)
_TRACK = (
    click.option(
        "--track",
        type=click.Choice(TRACKS),
        help="Published hyper-parameters, or those that 'optbench tune' found. [default: default]",
    ),
    click.option(
        "--budget",
        type=click.IntRange(0),
        metavar="N",
        help=f"Draws of the search whose settings the tuned track uses. [default: {defaults.BUDGET}]",
    ),
    click.option(
        "--study",
        type=click.IntRange(0),
        metavar="K",
        help="The study whose settings the tuned track uses. [default: 0]",
    ),
)
_EXECUTION = (
    jobs_option,
    click.option("--timeout", type=Number(0, min_open=True), metavar="SECONDS", help="Stop a run after this time."),
    click.option(
        "--executor",
        "executor_name",
        default="local",
        show_default=True,
        metavar="local|dask[=ADDRESS]",
        help="Where runs are executed: processes of this machine, or a Dask cluster (a new local one, or that at ADDRESS).",
    ),
)


def workload_options(command: F) -> F:
    """Add the options that select workloads alone."""
    return _add(tuple(option for option in _SELECTION if option not in _NOT_OF_WORKLOADS), command)


def selection_options(command: F) -> F:
    """Add the options that select workloads, optimizers and seeds."""
    return _add(_SELECTION, command)


def track_options(command: F) -> F:
    """Add `--track`, `--budget` and `--study`."""
    return _add(_TRACK, command)


def executor_options(command: F) -> F:
    """Add `-j`, `--timeout` and `--executor`."""
    return _add(_EXECUTION, command)


def _add(options: tuple[Callable[[Any], Any], ...], command: F) -> F:
    for option in reversed(options):
        command = option(command)
    return command
