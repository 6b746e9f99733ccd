"""`optbench show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from optbench.cli.console import json_lines, out
from optbench.cli.options import json_option, store_option
from optbench.errors import UsageError

if TYPE_CHECKING:
    from optbench.specs import RunResult

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


@click.command()
@click.argument("key", required=False)
@store_option
@json_option
def show(key: str | None, store: Path, as_json: bool) -> None:
    """Show stored runs, one a line; with KEY (or the beginning of one) all of that run."""
    from optbench.analysis.frame import row  # noqa: PLC0415
    from optbench.store import Store  # noqa: PLC0415

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
        from optbench.cli.tables import print_table  # noqa: PLC0415

        print_table([{name: one[name][:10] if name == "key" else one[name] for name in _COLUMNS} for one in rows], without=())


def _matching(results: list[RunResult], key: str) -> list[RunResult]:
    found = [result for result in results if result.spec.key.startswith(key.lower())]
    if not found:
        raise UsageError(f"no stored run has a key that begins with {key!r}; 'optbench show' lists all {len(results)}")
    return found
