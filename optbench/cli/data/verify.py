"""`optbench data verify`."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.exceptions import Exit

from optbench.cli.console import json_lines, say
from optbench.cli.data.common import row_counts
from optbench.cli.options import json_option, load_registry, plugin_option
from optbench.core.errors import PluginError, UsageError, shown

if TYPE_CHECKING:
    from optbench.curation.quality_rules import Finding
    from optbench.data.loader import FrozenDataset
    from optbench.registry import Registry


@click.command()
@click.argument("name")
@json_option
@plugin_option
def verify(name: str, as_json: bool) -> None:
    """Check every digest and every rule of the dataset NAME (a name or a folder), and print the measurements.

    A file that is not the one that was frozen, or that breaks a rule of form, is an error (exit 2). Rules of quality, such as
    the accuracy that is possible from the lengths of the answers alone, or equal rows in two splits of a table, are measured;
    exits with 1 if one of them is violated. A generated table is generated twice.
    """
    from optbench.planning.datasets import find_dataset

    registry = load_registry()
    dataset = find_dataset(registry, name)
    loss = _loss_finding(registry, dataset)
    checked = _verify_table(dataset, loss, as_json) if dataset.kind == "table" else _verify_texts(dataset, loss, as_json)
    if not all(one.holds for one in checked):
        raise Exit(1)


def _loss_finding(registry: Registry, dataset: FrozenDataset) -> Finding:
    from optbench.curation.quality_rules import Finding
    from optbench.planning.catalogue import Catalogue

    rule, name = "the loss exists and is for such a task", dataset.manifest.loss
    try:
        selected = Catalogue(registry).select("loss", [name])
    except (UsageError, PluginError) as error:
        return Finding(rule, False, str(error))
    if len(selected) != 1:
        return Finding(rule, False, f"{shown(name)} is {len(selected)} losses")
    why = selected[0].component.incompatibility(dataset.manifest.task)
    return Finding(rule, not why, f"{shown(name)} {why}" if why else name)


def _verify_texts(dataset: FrozenDataset, loss: Finding, as_json: bool) -> Sequence[Finding]:
    from optbench.curation.baselines import baselines_of, beside_networks
    from optbench.curation.card import NAME as CARD
    from optbench.curation.quality_rules import findings
    from optbench.data.vectors import check, vector_sets

    sets = vector_sets(dataset)
    check(sets.values(), dataset)
    baselines = baselines_of(dataset)
    checked = [*findings(dataset, baselines), loss]
    # One column per kind of incorrect answer, whose rows include the correct answers to the same questions.
    by_kind = [{"model": model, "all": one.accuracy, **one.by_kind} for model, one in baselines.items()]
    if as_json:
        json_lines([*_rows(checked), *by_kind])
    else:
        from optbench.cli.tables import print_table

        print_table(_rows(checked))
        say("\naccuracy of simple models fitted to the training rows, on the test rows: of all, by kind of wrong answer:")
        print_table(by_kind)
        published = {} if dataset.split else dataset.manifest.figures  # networks were measured on the frozen division
        for line in beside_networks(baselines, published):
            say(line)
        say(f"known artefacts and how the texts were made: {dataset.folder / CARD}")
    vectors = f"; vectors {', '.join(sets)}" if sets else ""
    say(f"\n{dataset.name}: all digests match; {row_counts(dataset)}{vectors}; digest {dataset.digest}")
    return checked


def _verify_table(dataset: FrozenDataset, loss: Finding, as_json: bool) -> Sequence[Finding]:
    from optbench.curation.table_baselines import measure_name, table_baselines
    from optbench.curation.table_rules import finite, table_findings, table_measurements, unfit

    checked = [*table_findings(dataset), loss]
    measure = measure_name(dataset.manifest)
    measurements: list[dict[str, Any]] = []
    baselines: list[dict[str, Any]] = []
    if not unfit(dataset.tables, dataset.manifest.table_columns):  # otherwise nothing can be computed from the numbers
        qualities = table_baselines(dataset)
        checked.append(finite(qualities))
        measurements = [{"measurement": name, "value": value} for name, value in table_measurements(dataset).items()]
        baselines = [{"model": model, measure: value} for model, value in qualities.items() if isfinite(value)]
    if as_json:
        json_lines([*_rows(checked), *measurements, *baselines])
    else:
        from optbench.cli.tables import print_table

        print_table(_rows(checked))
    if measurements and not as_json:
        say("")
        print_table(measurements)
        say(f"\n{measure} of simple models fitted to the standardized training rows, on the test rows:")
        print_table(baselines)
    say(f"\n{dataset.name}: all digests match; {row_counts(dataset)}; digest {dataset.digest}")
    return checked


def _rows(checked: Sequence[Finding]) -> list[dict[str, Any]]:
    return [{"rule": one.rule, "status": "ok" if one.holds else "failed", "measured": one.measured} for one in checked]
