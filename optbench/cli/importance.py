"""`optbench importance`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click
from click.exceptions import Exit

from optbench.cli.console import json_lines, out, say
from optbench.cli.options import json_option, load_registry, plugin_option, store_option
from optbench.cli.stored import stored_options
from optbench.cli.stored_runs import optimizers_option, stored_runs
from optbench.core.names import counted

if TYPE_CHECKING:
    from optbench.analysis.factors import FactorImportance

_WORDS = {"lr": "learning rate"}


@click.command()
@stored_options
@optimizers_option
@store_option
@json_option
@plugin_option
def importance(**options: Any) -> None:
    """Show which factor the time to target depends on: optimizer, workload, seed, split or learning rate.

    The share of each factor is eta squared, of the variance of the logarithm of passes to target, over stored runs that are
    crossed: one for every combination of the levels that occur. Where one is missing, it is named, and the exit code is 1.
    """
    from optbench.analysis.statistics import NotAvailable
    from optbench.experiment import Experiment

    with Experiment(load_registry(), options["store"], create=False) as experiment:
        stored = stored_runs(experiment, options, options["optimizers"])
    found = stored.results.importance()
    if options["as_json"]:
        json_lines([found.as_json()])
    else:
        _print(found)
    if isinstance(found.found, NotAvailable):
        say(f"no importance: {found.found.reason}")
        if found.command:
            say(found.command)
            say("runs it; or leave out a level with -o, -k or --seeds")
        raise Exit(1)
    if not options["as_json"] and stored.results.targets.keys() != found.workloads:
        out("Some targets are provisional and depend on the optimizers that were run.")


def _print(found: FactorImportance) -> None:
    from optbench.analysis.statistics import NotAvailable
    from optbench.cli.columns import print_columns, print_wrapped

    design = " x ".join(counted(len(levels), _WORDS.get(name, name)) for name, levels in found.levels.items())
    out(f"{design}: {counted(found.runs, 'run')}")
    if isinstance(found.found, NotAvailable):
        return
    pairs = {f"{one} x {other}": share for (one, other), share in found.found.pairs.items()}
    ordered = sorted((dict(found.found.main) | pairs).items(), key=lambda one: -one[1])
    rows = [{"Factor": name, "Share of variance": f"{100 * share:.1f} %"} for name, share in ordered]
    rows.append({"Factor": "all higher, and noise", "Share of variance": f"{100 * found.found.rest:.1f} %"})
    print_columns(rows, ("Factor",), width=30)
    if found.missed:
        text = (
            f"{found.missed} of {found.runs} runs missed the target. They count with their budget, the least that their time "
            "can be, so differences between those that miss and those that reach it are underrated."
        )
        print_wrapped(text)
