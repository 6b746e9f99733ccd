"""`optbench show`."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from optbench.cli.console import json_lines, out, say
from optbench.cli.options import all_sources_option, json_option, load_registry, plugin_option, store_option
from optbench.core.errors import UsageError
from optbench.core.names import plural

if TYPE_CHECKING:
    from optbench.core.specs import RunResult

_KINDS = ("optimizer", "wrapper", "architecture", "embedder", "loss")
_COLUMNS = {
    "key": "key",
    "optimizer_label": "optimizer",
    "architecture_label": "architecture",
    "embedder_label": "embedder",
    "dataset": "dataset",
    "seed": "seed",
    "status": "status",
    "epochs": "epochs",
    "best_val_loss": "best val loss",
    "test_quality": "test quality",
    "seconds": "seconds",
}
"""The columns of the list of runs, from names in `analysis.frames.row` to headings."""
_LABELS = 18  # columns of the labels in the documentation of a component
_TEXT = 100  # columns of its text
_KEY = 10  # digits of a key that are shown in a list


@click.command()
@click.argument("what", required=False, metavar="[KEY | KIND]")
@click.argument("name", required=False, metavar="[NAME]")
@store_option
@all_sources_option
@json_option
@plugin_option
def show(what: str | None, name: str | None, store: Path, all_sources: bool, as_json: bool) -> None:
    """Show stored runs, or the documentation of a component.

    Without an argument, list the stored runs, one per line. With KEY, or the first digits of one, show everything about that
    run. 'show optimizer adam' documents a component: its source, equation, defaults, deviations, state, oracle and origin;
    KIND is optimizer, wrapper, architecture, embedder or loss.
    """
    if what in _KINDS:
        _show_component(what, name, as_json=as_json)
    elif name is not None:
        raise UsageError(f"there is no kind of component {what!r}; kinds: {', '.join(_KINDS)}")
    else:
        _show_runs(what, store, all_sources=all_sources, as_json=as_json)


def _show_component(kind: str, name: str | None, *, as_json: bool) -> None:
    from optbench.method_docs import component_doc, measured_state

    if name is None:
        raise UsageError(f"which {kind}? 'optbench list {plural(kind)}' lists them all")
    component = load_registry().find(kind, name)
    doc = component_doc(component, kind, measured_state(component) if kind == "optimizer" else None)
    if as_json:
        json_lines([doc.as_json()])
        return
    out(doc.name)
    before = ""
    for label, text in doc.lines():
        shown = "" if label == before else label
        out(textwrap.fill(text, _LABELS + _TEXT, initial_indent=f"  {shown:{_LABELS - 2}}", subsequent_indent=" " * _LABELS))
        before = label


def _show_runs(key: str | None, store: Path, *, all_sources: bool, as_json: bool) -> None:
    from optbench.analysis.frames import row
    from optbench.experiment import Experiment

    with Experiment(load_registry(), store, create=False) as experiment:
        # A run that is named by its key is shown whichever source computed it.
        results = experiment.results(all_sources=all_sources or key is not None)
        marks = results.marks()
    found = list(results) if key is None else _matching(results, key)
    rows = [row(result) for result in found]
    if as_json:
        json_lines(rows)
    elif key is not None and len(rows) == 1:
        for name, value in rows[0].items():
            out(f"{name:20} {value}")
        if found[0].reason:
            out(found[0].reason)
    else:
        from optbench.cli.tables import print_table

        columns = [{heading: one[name] for name, heading in _COLUMNS.items()} | {"key": one["key"][:_KEY]} for one in rows]
        if marks:
            columns = [
                {**shown, "source": marks.get(one["key"], "installed")} for shown, one in zip(columns, rows, strict=True)
            ]
        print_table(columns, without=())
    if key is None and (count := sum(result.spec.key in marks for result in found)):
        say(f"{count} of {len(found)} runs were not computed by the installed source")


def _listed(one: Mapping[str, Any], marks: Mapping[str, str]) -> dict[str, Any]:
    listed = {heading: one[name] for name, heading in _COLUMNS.items()} | {"key": one["key"][:_KEY]}
    return listed | {"source": marks.get(one["key"], "installed")} if marks else listed


def _matching(results: Sequence[RunResult], key: str) -> list[RunResult]:
    found = [result for result in results if result.spec.key.startswith(key.lower())]
    if not found:
        raise UsageError(f"no stored run has a key that begins with {key!r}; 'optbench show' lists all {len(results)}")
    return found
