"""`optbench doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click
from click.exceptions import Exit

from optbench.cli.console import json_lines
from optbench.cli.options import json_option, load_registry, plugin_option, store_option
from optbench.core.errors import OptbenchError

if TYPE_CHECKING:
    from optbench.registry import Registry


@click.command()
@store_option
@json_option
@plugin_option
def doctor(store: Path, as_json: bool) -> None:
    """Check plugins, datasets, workers and the store.

    One line per check, and one per fault of the store. Exits with 1 if a check failed.
    """
    rows = [
        {"status": "failed" if error else "ok", "check": check, "detail": error or detail}
        for check, detail, error in _checks(store)
    ]
    if as_json:
        json_lines(rows)
    else:
        from optbench.cli.tables import print_table

        print_table(rows)
    if any(row["status"] != "ok" for row in rows):
        raise Exit(1)


def _checks(store: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (check, detail, error) for each check; the error is empty where the check passed."""
    registry = load_registry(with_clashes=True)
    for plugin in registry.plugins:
        yield f"plugin {plugin.name}", f"{plugin.version}, {plugin.status}", plugin.error
    for clash in registry.clashes:
        yield "plugins", "", clash
    yield from _check_datasets(registry)
    yield _check_worker()
    yield from _check_store(store)


def _check_datasets(registry: Registry) -> Iterator[tuple[str, str, str]]:
    from optbench.planning.datasets import dataset_names, find_dataset

    for name in dataset_names(registry):
        try:
            sizes = find_dataset(registry, name).sizes
            yield f"dataset {name}", ", ".join(f"{count} {split}" for split, count in sizes.items()), ""
        except OptbenchError as error:
            yield f"dataset {name}", "", str(error)


def _check_worker() -> tuple[str, str, str]:
    from optbench.execution.pool import worker_pool
    from optbench.training.environment import fingerprint

    try:
        with worker_pool(1) as pool:
            worker = pool.schedule(fingerprint, timeout=60).result()
    except Exception as error:  # noqa: BLE001  # whatever keeps a worker from starting is what the check reports
        return "worker", "", f"{type(error).__name__}: {error}"
    blas = "; ".join(f"{library['prefix']} {library['version']} {library['num_threads']} thread" for library in worker["blas"])
    return "worker", f"python {worker['python']}, numpy {worker['numpy']}, scipy {worker['scipy']}, {blas}", ""


def _check_store(path: Path) -> Iterator[tuple[str, str, str]]:
    from optbench.store import Store

    check = f"store {path}"
    if not path.exists():
        yield check, "does not exist yet", ""
        return
    try:
        with Store(path, create=False) as store:
            faults = store.check()
            final = len(store.finished())
    except OptbenchError as error:
        yield check, "", str(error)
        return
    yield check, f"runs with a final status: {final}", f"{len(faults)} fault{'s' * (len(faults) > 1)}" if faults else ""
    for fault in faults:
        yield check, "", fault
