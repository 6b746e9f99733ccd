"""`optbench run`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.exceptions import Exit

from optbench.cli.console import harmless, json_lines, say
from optbench.cli.options import Number, jobs_option, json_option, load_registry, plugin_option, store_option
from optbench.core.errors import NothingSelected

if TYPE_CHECKING:
    from optbench.core.specs import RunResult
    from optbench.planning.config import Config
    from optbench.planning.plan import Selections
    from optbench.registry import Registry
    from optbench.store import Store
    from optbench.training.job import Job

_AXES = ("optimizers", "architectures", "embedders")
_QUICK = "presets/quick.toml"
_FAILED = ("failed", "timeout", "crashed")


@click.command()
@click.option("--all", "everything", is_flag=True, help="Run every combination of all that is installed.")
@click.option("--quick", is_flag=True, help="Run the original five optimizers with two seeds; options that are given win.")
@click.option(
    "-o",
    "--optimizer",
    "optimizers",
    multiple=True,
    metavar="OPT",
    help="Such as adam, adam[lr=1e-3,1e-2] for two, or 'adam|clip[norm=1]|cosine' with wrappers.",
)
@click.option("-m", "--architecture", "architectures", multiple=True, metavar="ARCH", help="Such as two-layer-mlp[hidden=32].")
@click.option("-e", "--embedder", "embedders", multiple=True, metavar="EMB", help="Such as hashing.")
@click.option("-d", "--dataset", "datasets", multiple=True, metavar="NAME_OR_PATH", help="A dataset. [default: qa-tr]")
@click.option("-k", "expression", metavar="EXPR", help="Keep runs whose names fit, such as 'adam and not single'.")
@click.option("--seeds", metavar="0-4", help="Seeds and ranges of them. [default: 0-4]")
@click.option("--epochs", type=click.IntRange(1), help="Passes over the training rows. [default: 100]")
@click.option("--batch-size", type=click.IntRange(1), help="Rows a step. [default: 32]")
@click.option("--dtype", type=click.Choice(["float32", "float64"]), help="Type of weights and data. [default: float32]")
@jobs_option
@click.option("--timeout", type=Number(0, min_open=True), metavar="SECONDS", help="Kill a run after so long.")
@click.option("--config", "config_name", metavar="FILE", help="An experiment in TOML, or a preset: presets/original.toml.")
@store_option
@click.option(
    "--report",
    "report_path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("reports/index.html"),
    show_default=True,
    help="Where the report goes.",
)
@click.option("--no-report", is_flag=True, help="Write no report: no t-SNE, no page.")
@click.option("--force", is_flag=True, help="Run again what is stored.")
@click.option("-n", "--dry-run", is_flag=True, help="List the runs and stop.")
@json_option
@click.option("-q", "--quiet", is_flag=True, help="No progress, no table.")
@click.option("-v", "--verbose", is_flag=True, help="A line for each run as it ends.")
@plugin_option
def run(**given: Any) -> None:
    """Run optimizers and compare them.

    An axis that is not named spans all that is installed. Runs that are stored are not run again; Ctrl-C keeps what has
    finished. Exits with 1 if a run failed, crashed or timed out.
    """
    from optbench.planning.plan import make_plan
    from optbench.results import Results, missing, run_missing, stored  # NumPy and all that follows
    from optbench.store import Store

    selections, timeout = _selections(given)
    registry = load_registry()
    plan = make_plan(registry, selections)
    if given["dry_run"]:
        _dry_run(plan, given["store"], as_json=given["as_json"])
        return
    with Store(given["store"]) as store:
        todo = missing(plan, store, force=given["force"])
        try:
            with _progress(plan, todo, store, given) as on_result:
                run_missing(
                    registry, plan, store, workers=given["jobs"], timeout=timeout, force=given["force"], on_result=on_result
                )
        except KeyboardInterrupt:
            kept = len(plan) - len(missing(plan, store))
            say(f"interrupted: {kept} of {len(plan)} runs are stored in {store.path}; the same command goes on from there")
            raise
        bad = len(missing(plan, store))
        # Ten thousand results take seconds to read: not for those who look at none.
        results = [] if given["quiet"] and given["no_report"] and not given["as_json"] else stored(store, plan)
    if not given["no_report"]:
        made = Results(results, given["store"], registry, _command())
        made.report(given["report_path"], notes=_missing(registry, plan, selections), workers=given["jobs"])
    _show(results, given)
    if not (given["no_report"] or given["quiet"]):
        say(f"report: {given['report_path']}")
    if bad:
        say(f"{bad} of {len(plan)} runs did not end well; 'optbench show' says why, the same command tries them again")
        raise Exit(1)


def _selections(given: dict[str, Any]) -> tuple[Selections, float | None]:
    """Join the options with the configuration file and --quick; an option that was given wins."""
    from optbench.planning import config
    from optbench.planning.plan import Selections

    written = config.read(given["config_name"]) if given["config_name"] is not None else config.Config()
    quick = config.read(_QUICK) if given["quick"] else config.Config()
    chosen = {name: value for name in config.Config.model_fields if (value := _either(given, written, quick, name)) is not None}
    if not (given["everything"] or given["config_name"] is not None or any(axis in chosen for axis in _AXES)):
        raise NothingSelected(
            "nothing was selected: say --all for every combination, --quick for a few, or name an axis, such as -o adam"
        )
    timeout = chosen.pop("timeout", None)
    if "seeds" in chosen:
        chosen["seeds"] = _seeds(chosen["seeds"])
    return Selections(**chosen), timeout


def _either(given: dict[str, Any], written: Config, quick: Config, name: str) -> Any:
    """Return what an option says, or else the file, or else --quick."""
    values = (given[name], getattr(written, name), getattr(quick, name))
    return next((value for value in values if value is not None and value != ()), None)


def _seeds(value: str | list[int]) -> list[int]:
    from optbench.planning.selectors import parse_seeds

    return parse_seeds(value if isinstance(value, str) else ",".join(map(str, value)))


def _missing(registry: Registry, plan: Sequence[Job], selections: Selections) -> list[str]:
    """Say which embedders of the datasets are not available, where all were asked for."""
    from optbench.planning.catalogue import Catalogue

    datasets = dict.fromkeys(task.dataset for task in plan) if selections.embedders is None else ()
    lines = [f"{entry.name}: {entry.missing}" for entry in Catalogue(registry, datasets).missing("embedder")]
    for line in lines:
        say(line)
    return lines


def _dry_run(plan: Sequence[Job], path: Path, *, as_json: bool) -> None:
    from optbench.store import Store

    done: set[str] = set()
    if path.exists():
        with Store(path, create=False) as store:
            done = store.finished()
    rows = [
        {
            "key": task.spec.key,
            "optimizer": task.labels.optimizer,
            "architecture": task.labels.architecture,
            "embedder": task.labels.embedder,
            "dataset": task.spec.dataset,
            "seed": task.spec.seed,
            "stored": task.spec.key in done,
        }
        for task in plan
    ]
    if as_json:
        json_lines(rows)
        return
    from optbench.cli.tables import print_table

    print_table(rows)
    say(f"{len(rows)} runs, {sum(bool(row['stored']) for row in rows)} of them stored already")


def _announce(plan: Sequence[Job], todo: Sequence[Job], store: Store, given: dict[str, Any]) -> dict[str, float]:
    """Say how many runs there are to do and how long they should take; return the seconds of each, by key."""
    from optbench.execution.pool import default_workers

    told = f"{len(plan)} runs: {len(plan) - len(todo)} stored, {len(todo)} to run"
    seconds: list[float] = []
    if todo:
        from optbench.execution.estimate import run_seconds, total_seconds

        workers = min(given["jobs"] or default_workers(), len(todo))
        seconds = run_seconds(todo, store.durations(), workers=workers)
        total = total_seconds(todo, seconds, workers=workers, pictures=not given["no_report"])
        told += f", about {_duration(total)} with {workers} worker{'s' if workers > 1 else ''}"
    say(told)
    return dict(zip((task.spec.key for task in todo), seconds, strict=True))


def _duration(seconds: float) -> str:
    """Write seconds as a person would say them."""
    exact, minutes, hours = 10, 90, 5400  # from where on it is told in tens, in minutes and in hours
    if seconds < minutes:
        return f"{max(1, round(seconds)) if seconds < exact else round(seconds, -1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < hours else f"{seconds / 3600:.1f} h"


@contextmanager
def _progress(
    plan: Sequence[Job], todo: Sequence[Job], store: Store, given: dict[str, Any]
) -> Iterator[Callable[[RunResult], None]]:
    """Show how far the runs are: a bar where standard error is a terminal, with -v a line a run.

    The bar goes by estimated seconds, not by runs, which differ much: so what is left is told well from the first runs on.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    seconds = {} if given["quiet"] else _announce(plan, todo, store, given)
    columns = (
        TextColumn("running"),
        BarColumn(),
        TextColumn("{task.fields[done]}/{task.fields[of]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    visible = sys.stderr.isatty() and bool(seconds)
    with Progress(*columns, console=Console(stderr=True), disable=not visible, transient=True) as bar:
        line = bar.add_task("run", total=sum(seconds.values()), done=0, of=len(todo))

        def say_above_bar(text: str) -> None:
            if visible:
                bar.console.out(harmless(text), highlight=False)
            else:
                say(text)

        def on_result(result: RunResult) -> None:
            bar.update(line, advance=seconds.get(result.spec.key, 0.0), done=bar.tasks[0].fields["done"] + 1)
            if given["verbose"] or result.status in _FAILED:
                say_above_bar(_line(result))

        yield on_result


def _line(result: RunResult) -> str:
    labels, why = result.labels, result.reason.strip().rpartition("\n")[2]
    text = f"{result.status}: {labels.optimizer} {labels.architecture} {labels.embedder} seed {result.spec.seed}"
    return f"{text}: {why}" if why else text


def _show(results: Sequence[RunResult], given: dict[str, Any]) -> None:
    if given["as_json"]:
        from optbench.analysis.frames import row

        json_lines(row(result) for result in results)
    elif not given["quiet"]:
        from optbench.cli.tables import print_benchmark

        print_benchmark(results)


def _command() -> str:
    """Return the command as it was typed."""
    return shlex.join(["optbench", *sys.argv[1:]])
