"""`optbench data verify`."""

from __future__ import annotations

import rich_click as click
from click.exceptions import Exit

from optbench.cli.console import json_lines, say
from optbench.cli.options import json_option, load_registry, plugin_option


@click.command()
@click.argument("name")
@json_option
@plugin_option
def verify(name: str, as_json: bool) -> None:
    """Check every digest and every rule of the dataset NAME (a name or a folder), and print what was measured.

    A file that is not the one that was frozen, or that breaks a rule of form, is refused (exit 2). Rules of quality, such as
    how far one gets by the answers' lengths alone, are measured; exits with 1 if one of them is broken.
    """
    from optbench.curation.baselines import baselines_of
    from optbench.curation.quality_rules import findings
    from optbench.data.vectors import check, vector_sets
    from optbench.planning.datasets import find_dataset

    dataset = find_dataset(load_registry(), name)
    sets = vector_sets(dataset)
    check(sets.values(), dataset)
    measured = baselines_of(dataset)
    checked = findings(dataset, measured)
    rows = [{"rule": one.rule, "status": "ok" if one.holds else "failed", "found": one.found} for one in checked]
    by_kind = [
        {"model": model, "all": one.accuracy, **one.by_kind}  # each kind of incorrect answer, with the correct ones beside it
        for model, one in measured.items()
    ]
    if as_json:
        json_lines([*rows, *by_kind])
    else:
        from optbench.cli.tables import print_table

        print_table(rows)
        say("\naccuracy without the question, five-fold by group, in all and by kind of incorrect answer:")
        print_table(by_kind)
    counts = ", ".join(f"{len(found)} {split}" for split, found in dataset.splits.items())
    vectors = f"; vectors {', '.join(sets)}" if sets else ""
    say(f"\n{dataset.name}: every file is the one that was frozen; {counts} rows{vectors}; digest {dataset.digest}")
    if not all(one.holds for one in checked):
        raise Exit(1)
