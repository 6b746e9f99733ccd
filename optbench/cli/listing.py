"""`optbench list` and `optbench plugins`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import rich_click as click

from optbench.cli.console import json_lines, say
from optbench.cli.options import json_option, load_registry, plugin_option
from optbench.core.errors import OptbenchError

_KINDS = ("optimizers", "wrappers", "architectures", "embedders", "datasets")


@click.command("list")
@click.argument("kind", type=click.Choice(_KINDS))
@json_option
@plugin_option
def list_methods(kind: str, as_json: bool) -> None:
    """List what is installed, with defaults and origin."""
    registry = load_registry()
    rows = _datasets(registry) if kind == "datasets" else _methods(registry, kind.removesuffix("s"))
    if kind == "embedders":
        rows += _sets(registry)
    _print(rows, as_json=as_json)


@click.command()
@json_option
@plugin_option
def plugins(as_json: bool) -> None:
    """List plugins, those too that could not be used, and why."""
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


def _methods(registry: Any, axis: str) -> list[dict[str, Any]]:
    return [
        {
            "name": method.name,
            "defaults": ", ".join(f"{name}={value}" for name, value in method.defaults.items()),
            "origin": f"{method.plugin.distribution} {method.plugin.version}",
            "summary": method.summary,
        }
        for method in registry.components(axis)
    ]


def _sets(registry: Any) -> list[dict[str, Any]]:
    """Sets of vectors that come with datasets, and the places for those that are not here."""
    from optbench.data.vectors import absent, vector_sets

    rows = []
    for _, dataset in _found(registry):
        origin = f"dataset {dataset.name}"
        for name, vectors in vector_sets(dataset).items():
            defaults = f"dimension={vectors.entry.dimension}"
            rows.append({"name": name, "defaults": defaults, "origin": origin, "summary": vectors.entry.description})
        for line in absent(dataset):
            name, _, summary = line.partition(": ")
            rows.append({"name": name, "defaults": "", "origin": origin, "summary": summary})
    return rows


def _datasets(registry: Any) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "version": dataset.manifest.version,
            "rows": sum(split.rows for split in dataset.manifest.splits.values()),
            "vectors": ", ".join(sorted(dataset.manifest.vectors)),
            "summary": dataset.manifest.title,
        }
        for name, dataset in _found(registry)
    ]


def _found(registry: Any) -> Iterator[tuple[str, Any]]:
    """All datasets by name, but those that break a rule: the others can be listed nevertheless."""
    from optbench.planning.datasets import dataset_names, find_dataset

    for name in dataset_names(registry):
        try:
            yield name, find_dataset(registry, name)
        except OptbenchError as error:
            say(f"warning: {error}")


def _print(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        json_lines(rows)
        return
    from optbench.cli.tables import print_table

    print_table(rows)
