"""`optbench verify`."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.core import ParameterSource
from click.exceptions import Exit

from optbench.cli.console import json_lines, out, say
from optbench.cli.options import Number, jobs_option, json_option, load_registry, plugin_option, store_option
from optbench.core.errors import NothingSelected, UsageError, printable

if TYPE_CHECKING:
    from optbench.core.specs import RunResult
    from optbench.experiment import Experiment
    from optbench.verify import Verified

_COUNTED = ("equal", "other source", "only here", "only there")
"""Verdicts that need no line for each run."""
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("report", required=False, type=_FILE)
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Only N of the runs.")
@click.option("--against", type=_FILE, metavar="FILE", help="Compare with the runs of another store; execute nothing.")
@click.option("--any-source", is_flag=True, help="Repeat runs of another version of their source with the installed one.")
@click.option("--twins", is_flag=True, help="Run a twin of every run, not only of those that are not equal.")
@click.option("--timeout", type=Number(0, min_open=True), metavar="SECONDS", help="Stop a run after this time.")
@store_option
@jobs_option
@json_option
@plugin_option
@click.pass_context
def verify(context: click.RichContext, /, **options: Any) -> None:
    """Execute the runs of a store, or of REPORT, again and compare the results.

    'equal' is bit for bit; 'close' is within tolerance, in another environment; 'differs' names the first epoch that differs.
    Runs that another version of the source computed are counted as 'other source' and not repeated. Of each run that is not
    equal a twin is run, which starts 1e-7 beside it: where the twin ends elsewhere, the outcome is chaotic. Nothing is stored.
    Exits with 1 if a run differs or is not available.
    """
    from optbench.execution.local import LocalExecutor
    from optbench.experiment import Experiment

    _refuse_combinations(context, options)
    if options["report"]:  # it may name any model of the Hub, and loading one may run its code
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    executor = LocalExecutor(options["jobs"], options["timeout"])
    with Experiment(load_registry(), options["store"], executor, create=False) as experiment:
        verdicts = (_against if options["against"] else _repeated)(experiment, options)
    if options["as_json"]:
        json_lines(_row(verified) for verified in verdicts)
        for verified in verdicts:
            if verified.verdict not in _COUNTED:
                say(printable(_line(verified, _name(verified))))
    else:
        for line in itertools.chain(_cells(verdicts), _environments(verdicts)):
            out(printable(line))  # a name from a report may contain a line feed
    _conclude(verdicts)


def _refuse_combinations(context: click.RichContext, options: dict[str, Any]) -> None:
    if options["report"] and context.get_parameter_source("store") == ParameterSource.COMMANDLINE:
        raise UsageError(
            "REPORT and --store both name the runs to verify; leave one out, or name a second store with --against"
        )
    if not options["against"]:
        return
    for name in ("sample", "any_source", "twins", "timeout", "jobs"):
        if options[name]:
            option = name.replace("_", "-")
            raise UsageError(f"--{option} is for runs that are executed, and --against executes none; leave one of them out")
    if not options["report"] and options["against"].resolve() == options["store"].resolve():
        raise UsageError(f"--against names {options['against']}, the store that is to be compared with it; name another one")


def _repeated(experiment: Experiment, options: dict[str, Any]) -> list[Verified]:
    from optbench.core.plans import TRACKS
    from optbench.verify import verifiable
    from optbench.verify.page import runs_of_page

    if options["report"]:
        results = runs_of_page(options["report"])
    else:  # a run that belongs to both tracks has the label of the default one
        tracks = (result for track in reversed(TRACKS) for result in experiment.results(track=track))
        results = [*{result.spec.key: result for result in tracks}.values()]
    chosen = _not_empty(verifiable(results, options["sample"]), options)
    return experiment.verify(chosen, any_source=options["any_source"], twins=options["twins"])


def _against(experiment: Experiment, options: dict[str, Any]) -> list[Verified]:
    from optbench.store import Store
    from optbench.verify import verifiable
    from optbench.verify.page import runs_of_page
    from optbench.verify.stores import compare_stores

    results = runs_of_page(options["report"]) if options["report"] else experiment.store.results()
    with Store(options["against"], create=False) as other:
        return compare_stores(_not_empty(verifiable(results), options), verifiable(other.results()))


def _not_empty(results: list[RunResult], options: dict[str, Any]) -> list[RunResult]:
    if not results:
        origin = options["report"] or options["store"]
        raise NothingSelected(f"{origin} has no run with status ok or diverged: there is nothing to verify")
    return results


def _cells(verdicts: Sequence[Verified]) -> Iterator[str]:
    """Yield lines on each workload, each optimizer on it, and each of its runs that is not equal or had a twin."""
    from optbench.analysis.grouping import by_workload
    from optbench.analysis.labels import variant_labels, workload_labels

    grouped = by_workload(verified.stored for verified in verdicts)
    by_key = {verified.stored.spec.key: verified for verified in verdicts}
    workloads, variants = workload_labels(grouped), variant_labels(grouped)
    for workload, runs_of in grouped.items():
        yield workloads[workload]
        for variant, runs in runs_of.items():
            own = [by_key[run.spec.key] for run in runs]
            yield f"  {variants[variant]}: {_counts(own)}"
            for verified in own:
                if verified.verdict not in _COUNTED[1:] and (verified.verdict != "equal" or verified.twin):
                    yield f"    {_line(verified, f'seed {verified.stored.spec.seed}')}"
                if verified.twin:
                    yield f"      {verified.twin.explanation}"


def _environments(verdicts: Sequence[Verified]) -> Iterator[str]:
    """Yield lines on what differs between environments, once for all runs of the same two."""
    found = Counter(tuple(change.words(one.sides) for change in one.environment) for one in verdicts if one.environment)
    for lines, count in found.items():
        yield f"environments of {count} run{'s' if count != 1 else ''}:"
        yield from (f"  {line}" for line in lines)


def _line(verified: Verified, run: str) -> str:
    return f"{verified.verdict}: {verified.stored.spec.key[:10]} {run}: {verified.explanation}"


def _counts(verdicts: Sequence[Verified]) -> str:
    counts = Counter[str](verified.verdict for verified in verdicts)
    chaotic = sum(verified.twin is not None and bool(verified.twin.chaotic) for verified in verdicts)
    return ", ".join(
        [*(f"{count} {verdict}" for verdict, count in sorted(counts.items())), *[f"{chaotic} chaotic"] * bool(chaotic)]
    )


def _conclude(verdicts: Sequence[Verified]) -> None:
    counts = Counter(verified.verdict for verified in verdicts)
    say(_counts(verdicts))
    if others := counts["other source"]:
        say(
            f"{others} runs belong to another version of their source; 'optbench run' repeats them with the installed one, and "
            "--any-source compares what it computes with them"
        )
    if counts["differs"] or counts["not available"]:
        raise Exit(1)


def _row(verified: Verified) -> dict[str, Any]:
    labels, spec = verified.stored.labels, verified.stored.spec
    return {
        "key": spec.key,
        "run": _name(verified),
        "optimizer": labels.optimizer,
        "architecture": labels.architecture,
        "embedder": labels.embedder,
        "dataset": labels.dataset,
        "loss": labels.loss,
        "workload": labels.workload,
        "seed": spec.seed,
        **verified.as_json(),
    }


def _name(verified: Verified) -> str:
    labels = verified.stored.labels
    return f"{labels.optimizer} {labels.architecture} {labels.embedder} seed {verified.stored.spec.seed}"
