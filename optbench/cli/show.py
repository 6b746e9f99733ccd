"""`optbench show`."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from optbench.cli.console import json_lines, out
from optbench.cli.options import json_option, load_registry, plugin_option, store_option
from optbench.core.errors import UsageError

if TYPE_CHECKING:
    from optbench.core.specs import RunResult

_KINDS = ("optimizer", "wrapper", "architecture", "embedder")
_COLUMNS = (
    "key",
    "optimizer_label",
    "architecture_label",
    "embedder_label",
    "dataset",
    "seed",
    "status",
    "epochs",
    "train_loss",
    "val_loss",
    "test_accuracy",
    "seconds",
)
_LABELS = 18
_TEXT = 100


@click.command()
@click.argument("what", required=False, metavar="[KEY | KIND]")
@click.argument("name", required=False, metavar="[NAME]")
@store_option
@json_option
@plugin_option
def show(what: str | None, name: str | None, store: Path, as_json: bool) -> None:
    """Show stored runs, or what a method is.

    Without an argument all runs, one a line; with KEY (or the beginning of one) all of that run. 'show optimizer adam' is the
    page of a method: its source, equation, defaults, deviations, state, oracle and origin. So with wrapper, architecture and
    embedder.
    """
    if what in _KINDS:
        _show_method(what, name, as_json=as_json)
    elif name is not None:
        raise UsageError(f"there is no kind of method {what!r} to show; kinds: {', '.join(_KINDS)}")
    else:
        _show_runs(what, store, as_json=as_json)


def _show_method(kind: str, name: str | None, *, as_json: bool) -> None:
    from optbench.method_docs import component_doc, measured_state  # NumPy

    if name is None:
        raise UsageError(f"which {kind}? 'optbench list {kind}s' shows all there are")
    method = load_registry().find(kind, name)
    found = component_doc(method, kind, measured_state(method) if kind == "optimizer" else None)
    if as_json:
        json_lines([found.as_json()])
        return
    out(found.name)
    before = ""
    for what, text in found.lines():
        label = "" if what == before else what
        out(textwrap.fill(text, _LABELS + _TEXT, initial_indent=f"  {label:{_LABELS - 2}}", subsequent_indent=" " * _LABELS))
        before = what


def _show_runs(key: str | None, store: Path, *, as_json: bool) -> None:
    from optbench.analysis.frames import row
    from optbench.store import Store

    with Store(store, create=False) as opened:
        results = opened.results()
    if key is not None:
        results = _matching(results, key)
    rows = [row(result) for result in results]
    if as_json:
        json_lines(rows)
    elif key is not None and len(rows) == 1:
        for name, value in rows[0].items():
            out(f"{name:20} {value}")
        if results[0].reason:
            out(results[0].reason)
    else:
        from optbench.cli.tables import print_table

        print_table([{name: one[name][:10] if name == "key" else one[name] for name in _COLUMNS} for one in rows], without=())


def _matching(results: list[RunResult], key: str) -> list[RunResult]:
    found = [result for result in results if result.spec.key.startswith(key.lower())]
    if not found:
        raise UsageError(f"no stored run has a key that begins with {key!r}; 'optbench show' lists all {len(results)}")
    return found
