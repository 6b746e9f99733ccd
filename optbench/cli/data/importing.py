"""`optbench data import`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click import get_current_context as click_context
from click.core import ParameterSource

from optbench.cli.console import say
from optbench.cli.data.common import new_dataset, one_line, options, row_counts, warn_of_small_splits
from optbench.cli.options import Number, load_registry
from optbench.core.errors import UsageError, shown

if TYPE_CHECKING:
    from optbench.core.contracts import Task

SPLITS = ("train", "validation", "test")
OF_TABLES = {
    "features": "--features",
    "split_column": "--split-column",
    "classes": "--classification/--regression",
    "loss": "--loss",
}
"""The options that only a table has, by the name of their argument."""

file_options = options(
    click.option("--train", type=click.Path(path_type=Path), help="The training rows, CSV or JSON Lines."),
    click.option(
        "--validation", type=click.Path(path_type=Path), help="The validation rows. [default: part of the training rows]"
    ),
    click.option("--test", type=click.Path(path_type=Path), help="The test rows."),
    click.option("--name", help="The name of the dataset, in place of NAME."),
    click.option(
        "--validation-share",
        type=Number(0, 1, min_open=True, max_open=True),
        default=0.2,
        show_default=True,
        help="The share of the training rows (of texts: questions) that is used for validation if there is no validation file.",
    ),
)
table_options = options(
    click.option("--target", "targets", multiple=True, metavar="COLUMN", help="For a table: a column to predict."),
    click.option("--features", multiple=True, metavar="COLUMN", help="A column to predict from. [default: all others]"),
    click.option(
        "--classification/--regression",
        "classes",
        default=None,
        help="Whether the target is a class. [default: if its cells are names, or whole numbers of at most 20 values]",
    ),
    click.option("--split-column", metavar="COLUMN", help="The column of FILE with train, validation or test in each row."),
    click.option("--loss", help="What networks are trained with. [default: cross-entropy for classes, squared for numbers]"),
)
about_options = options(
    click.option("--title", default="", callback=one_line, help="Its title, one line."),
    click.option("--licence", default="", help="Its licence, such as CC-BY-4.0."),
    click.option("--made", default="", help="How the rows were made."),
    click.option("--force", is_flag=True, help="Replace a dataset of the same name."),
)


@click.command("import")
@click.argument("name_and_file", nargs=-1, metavar="[NAME] [FILE]")
@file_options
@table_options
@about_options
def import_files(name_and_file: tuple[str, ...], name: str | None, force: bool, **chosen: Any) -> None:
    """Create a dataset from files: a table of numbers, or texts with columns question, answer, label (or soru, cevap, etiket).

    It is written to .optbench/datasets/NAME, where it is found by its name. Cells are separated by commas, semicolons or tabs.

    A table has at least one --target. FILE is divided 60/20/20, class by class, in an order determined by NAME, or as its
    --split-column says; --train and --test are the splits themselves. Every cell of a feature is a number: missing values,
    texts and copies of columns are refused. A --target and a --features for each column make an autoencoder.

    Texts have files of their own for each split. A label is 1 for a correct answer and -1 for an incorrect one, and each file
    must have both. No question may be in two files, not even with other case, spaces or final punctuation. Without a validation
    file, the rows with the lowest SHA-256 are used for validation, with both answers of each question.
    """
    found, file = _name_and_file(name_and_file, name)
    folder = new_dataset(found)
    files = {split: chosen[split] for split in SPLITS if chosen[split] is not None}
    _check(file, files, chosen)
    about = {"name": found, **{key: chosen[key] for key in ("title", "licence", "made")}}
    if chosen["targets"]:
        _import_table(folder, file, files, about, chosen, force=force)
    else:
        _import_texts(folder, files, about, chosen["validation_share"], force=force)


def _import_texts(
    folder: Path, files: Mapping[str, Path], about: Mapping[str, Any], validation_share: float, *, force: bool
) -> None:
    from optbench.curation.importing import read_files, write

    dataset = write(folder, read_files(files, validation_share), about, replace=force)
    warn_of_small_splits(dataset)
    say(f"{dataset.folder}: {row_counts(dataset)}; use it with 'optbench run --all -d {about['name']}'")


def _import_table(
    folder: Path, file: Path | None, files: Mapping[str, Path], about: dict[str, Any], chosen: Mapping[str, Any], *, force: bool
) -> None:
    from optbench.core.contracts import Task
    from optbench.curation.table_importing import Request, read_table, read_tables
    from optbench.curation.table_writing import write_table
    from optbench.curation.writing import check_free

    check_free(folder, replace=force)
    request = Request(
        targets=chosen["targets"], features=chosen["features"], classes=chosen["classes"], split=chosen["split_column"] or ""
    )
    name = about["name"]
    if file is not None:
        table = read_table(file, request, name)
    else:
        table = read_tables(files, request, name, chosen["validation_share"])
    task = Task(tuple(table.columns.classes), len(table.columns.targets))
    about["loss"] = _loss(chosen["loss"], task)
    dataset = write_table(folder, table.tables, table.columns, about, measure=False, replace=force)
    warn_of_small_splits(dataset)
    kind = f"classification, {len(task.classes)} classes" if task.classes else "regression"
    say(f"{kind}: {table.reason}")
    say(f"{dataset.folder}: {row_counts(dataset)}, loss {about['loss']}; measure it with 'optbench data verify {name}'")


def _loss(name: str | None, task: Task) -> str:
    """Return the loss as users write it.

    Raises:
        UsageError: there is none of that name, or it is not for such a task.
    """
    from optbench.planning.catalogue import Catalogue

    selected = Catalogue(load_registry()).select("loss", [name or ("cross-entropy" if task.classes else "squared")])
    if len(selected) != 1:
        raise UsageError(f"--loss {shown(name)} is {len(selected)} losses; name one value for each parameter")
    (loss,) = selected
    if why := loss.component.incompatibility(task):
        raise UsageError(f"loss {loss.label!r} cannot be used with this table: it {why}")
    return loss.label


def _name_and_file(words: tuple[str, ...], name: str | None) -> tuple[str, Path | None]:
    """Return the name of the dataset and the file, if there is one."""
    words = words if name is None else (name, *words)
    if not words:
        raise UsageError("a dataset needs a name: 'optbench data import NAME FILE --target COLUMN', or --name NAME")
    if len(words) > 2:  # noqa: PLR2004  # name and file
        raise UsageError(f"{shown(words[2])} is one argument too many: the first two are the name and the file")
    return words[0], Path(words[1]) if words[1:] else None


def _check(file: Path | None, files: Mapping[str, Path], chosen: Mapping[str, Any]) -> None:
    """Check that files and options belong together.

    Raises:
        UsageError: they do not.
    """
    if file is not None and files:
        raise UsageError(f"FILE and --{next(iter(files))} are two sources of rows; name the one or the other")
    if file is not None and not chosen["targets"]:
        raise UsageError(
            f"{shown(str(file))} is read as a table, which needs --target COLUMN; 'optbench data freeze' divides a file of "
            "questions, answers and labels"
        )
    if file is None and not {"train", "test"} <= set(files):
        raise UsageError("name a FILE to divide, with --target COLUMN, or a file for each of --train and --test")
    context = click_context()
    given = context.get_parameter_source("validation_share") is ParameterSource.COMMANDLINE
    if given and (file is not None or "validation" in files):
        other = "FILE" if file is not None else "--validation"
        raise UsageError(f"--validation-share divides the rows of --train, and {other} leaves nothing to divide; leave it out")
    if not chosen["targets"]:
        used = [option for key, option in OF_TABLES.items() if chosen[key] not in (None, ())]
        if used:
            raise UsageError(f"{used[0]} is for tables, which have a --target; texts have columns question, answer and label")
