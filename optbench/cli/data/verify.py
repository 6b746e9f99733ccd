"""`optbench data verify`."""

from __future__ import annotations

import rich_click as click
from click.exceptions import Exit

from optbench.cli.console import json_lines, say
from optbench.cli.data.common import row_counts
from optbench.cli.options import json_option, load_registry, plugin_option


@click.command()
@click.argument("name")
@json_option
@plugin_option
def verify(name: str, as_json: bool) -> None:
    """Check every digest and every rule of the dataset NAME (a name or a folder), and print the measurements.

    A file that is not the one that was frozen, or that breaks a rule of form, is an error (exit 2). Rules of quality, such as
    the accuracy that is possible from the lengths of the answers alone, are measured; exits with 1 if one of them is violated.
    """
    from optbench.curation.baselines import baselines_of, beside_networks
    from optbench.curation.card import NAME as CARD
    from optbench.curation.quality_rules import findings
    from optbench.data.vectors import check, vector_sets
    from optbench.planning.datasets import find_dataset

    dataset = find_dataset(load_registry(), name)
    sets = vector_sets(dataset)
    check(sets.values(), dataset)
    baselines = baselines_of(dataset)
    checked = findings(dataset, baselines)
    rows = [{"rule": one.rule, "status": "ok" if one.holds else "failed", "measured": one.measured} for one in checked]
    # One column per kind of incorrect answer, whose rows include the correct answers to the same questions.
    by_kind = [{"model": model, "all": one.accuracy, **one.by_kind} for model, one in baselines.items()]
    if as_json:
        json_lines([*rows, *by_kind])
    else:
        from optbench.cli.tables import print_table

        print_table(rows)
        say("\naccuracy of simple models fitted to the training rows, on the test rows: of all, by kind of wrong answer:")
        print_table(by_kind)
        published = {} if dataset.split else dataset.manifest.figures  # networks were measured on the frozen division
        for line in beside_networks(baselines, published):
            say(line)
        say(f"known artefacts and how the texts were made: {dataset.folder / CARD}")
    vectors = f"; vectors {', '.join(sets)}" if sets else ""
    say(f"\n{dataset.name}: all digests match; {row_counts(dataset)}{vectors}; digest {dataset.digest}")
    if not all(one.holds for one in checked):
        raise Exit(1)
