"""`optbench list` and `optbench plugins`."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import rich_click as click

from optbench.cli.console import json_lines, out, say
from optbench.cli.options import json_option, load_registry, plugin_option
from optbench.core.errors import OptbenchError
from optbench.core.names import plural

if TYPE_CHECKING:
    from optbench.data.loader import FrozenDataset
    from optbench.planning.suites import SuiteFile
    from optbench.registry import Registry

_KINDS = {plural(kind): kind for kind in ("optimizer", "wrapper", "architecture", "embedder", "loss", "dataset")}
_TEXT = 80  # columns of a paragraph


@click.command("list")
@click.argument("kind", type=click.Choice([*_KINDS, "suites", "workloads"]))
@json_option
@plugin_option
def list_methods(kind: str, as_json: bool) -> None:
    """List the installed components, with defaults and origin."""
    registry = load_registry()
    rows = _LISTS[kind](registry) if kind in _LISTS else _components(registry, _KINDS[kind])
    if kind == "workloads" and not as_json:
        for row in rows:
            _print_workload(row)
    else:
        _print(rows, as_json=as_json)


@click.command()
@json_option
@plugin_option
def plugins(as_json: bool) -> None:
    """List all plugins, with the reason for each that could not be used."""
    registry = load_registry(with_clashes=True)
    rows = [
        {
            "name": plugin.name,
            "version": plugin.version,
            "status": plugin.status,
            "provides": ", ".join(name for names in plugin.provides.values() for name in names),
            "entry_point": plugin.entry_point,
            "error": plugin.error,
        }
        for plugin in registry.plugins
    ]
    _print(rows, as_json=as_json)
    registry.refuse_clashes()


def _components(registry: Registry, kind: str) -> list[dict[str, Any]]:
    from optbench.planning.catalogue import Catalogue

    datasets = [dataset for _, dataset in _readable(registry)] if kind == "embedder" else []
    return [
        {
            "name": entry.name,
            "defaults": ", ".join(f"{name}={value}" for name, value in entry.defaults.items()),
            "origin": entry.origin,
            "summary": entry.summary,
        }
        for entry in Catalogue(registry, datasets).entries(kind)
    ]


def _datasets(registry: Registry) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "version": dataset.manifest.version,
            "kind": dataset.kind,
            "task": _task(dataset),
            "rows": sum(split.rows for split in dataset.manifest.splits.values()),
            "vectors": ", ".join(sorted(dataset.manifest.vectors)),
            "summary": dataset.manifest.title,
        }
        for name, dataset in _readable(registry)
    ]


def _task(dataset: FrozenDataset) -> str:
    task = dataset.task
    if task.classes:
        return f"{len(task.classes)} classes"
    return f"{task.columns} number{'s' * (task.columns > 1)}"


def _suites(registry: Registry) -> list[dict[str, Any]]:
    return [
        {
            "name": suite.name,
            "version": suite.version,
            "workloads": len(suite.workload),
            "optimizers": ", ".join(suite.optimizers or ["all"]),
            "seeds": suite.seeds,
            "origin": origin,
            "summary": suite.title,
        }
        for suite, origin in _readable_suites(registry)
    ]


def _workloads(registry: Registry) -> list[dict[str, Any]]:
    from optbench.execution.workload_facts import described

    return [facts for suite, _ in _readable_suites(registry) for facts in described(registry, suite)]


def _print_workload(row: Mapping[str, Any]) -> None:
    """Print what is run, how large and how hard it is, and why, each as a paragraph below the name."""
    parts = [row["dataset"], row["embedder"], row["architecture"], row["loss"]]
    facts = [f"{row['rows']:,} training rows"]
    if row["weights"] is not None:
        best = max(row["baselines"], key=row["baselines"].get, default=None)
        facts += [f"{row['weights']:,} weights", f"condition number {row['condition']:.3g}"]
        facts += [f"{best} {row['baselines'][best]:.3f}"] if best else []
    out(f"{row['suite']} {row['name']}")
    for text in (
        f"{', '.join(parts)}; {row['epochs']} epochs, batches of {row['batch_size']}",
        f"{', '.join(facts)}; about {row['seconds']:.2g} s a run",
        row["why"],
    ):
        out(textwrap.fill(text, _TEXT, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False))


def _readable_suites(registry: Registry) -> Iterator[tuple[SuiteFile, str]]:
    """Yield all suites with their origin, with a warning for each that breaks a rule."""
    from optbench.planning.suites import find_suite

    for component in registry.components("suite"):
        try:
            yield find_suite(registry, component.name), f"{component.plugin.distribution} {component.plugin.version}"
        except OptbenchError as error:
            say(f"warning: {error}")


def _readable(registry: Registry) -> Iterator[tuple[str, FrozenDataset]]:
    """Yield all datasets by name, with a warning for each that breaks a rule."""
    from optbench.planning.datasets import dataset_names, find_dataset

    for name in dataset_names(registry):
        try:
            yield name, find_dataset(registry, name)
        except OptbenchError as error:
            say(f"warning: {error}")


_LISTS: Mapping[str, Callable[[Registry], list[dict[str, Any]]]] = {
    "datasets": _datasets,
    "suites": _suites,
    "workloads": _workloads,
}
"""What has columns of its own."""


def _print(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        json_lines(rows)
        return
    from optbench.cli.tables import print_table

    print_table(rows)
