"""`optbench doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rich_click as click
from click.exceptions import Exit

from optbench.cli.console import json_lines
from optbench.cli.options import json_option, load_registry, plugin_option, store_option
from optbench.core.errors import OptbenchError


@click.command()
@store_option
@json_option
@plugin_option
def doctor(store: Path, as_json: bool) -> None:
    """Check plugins, datasets, workers and the store; exits with 1 if something is wrong."""
    rows = [
        {"status": "ok" if not fault else "failed", "check": what, "found": fault or found}
        for what, found, fault in _checks(store)
    ]
    if as_json:
        json_lines(rows)
    else:
        from optbench.cli.tables import print_table

        print_table(rows)
    if any(row["status"] != "ok" for row in rows):
        raise Exit(1)


def _checks(store: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (what, found, fault) for each check; an empty fault means that all is well."""
    registry = load_registry(with_clashes=True)
    for plugin in registry.plugins:
        yield f"plugin {plugin.name}", f"{plugin.version}, {plugin.status}", plugin.error
    for clash in registry.clashes:
        yield "plugins", "", clash
    yield from _datasets(registry)
    yield _worker()
    yield _store(store)


def _datasets(registry: Any) -> Iterator[tuple[str, str, str]]:
    from optbench.planning.datasets import dataset_names, find_dataset

    for name in dataset_names(registry):
        try:
            rows = {split: len(rows) for split, rows in find_dataset(registry, name).splits.items()}
            yield f"dataset {name}", ", ".join(f"{count} {split}" for split, count in rows.items()), ""
        except OptbenchError as error:
            yield f"dataset {name}", "", str(error)


def _worker() -> tuple[str, str, str]:
    from optbench.execution.pool import worker_pool
    from optbench.training.environment import fingerprint

    try:
        with worker_pool(1) as pool:
            found = pool.schedule(fingerprint, timeout=60).result()
    except Exception as error:  # noqa: BLE001  # whatever keeps a worker from starting is the finding
        return "worker", "", f"{type(error).__name__}: {error}"
    blas = "; ".join(f"{library['prefix']} {library['version']} {library['num_threads']} thread" for library in found["blas"])
    return "worker", f"python {found['python']}, numpy {found['numpy']}, scipy {found['scipy']}, {blas}", ""


def _store(path: Path) -> tuple[str, str, str]:
    from optbench.store import Store

    if not path.exists():
        return f"store {path}", "none yet", ""
    try:
        with Store(path, create=False) as store:
            return f"store {path}", f"{len(store.finished())} finished runs", "; ".join(store.check())
    except OptbenchError as error:
        return f"store {path}", "", str(error)
