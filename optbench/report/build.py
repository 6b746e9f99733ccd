"""From results to the page."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jinja2

import optbench
from optbench.analysis.curves import curves
from optbench.analysis.grouping import Workload, by_workload, seeds
from optbench.analysis.scores import TARGET_MARGIN
from optbench.analysis.tables import TableRow, table
from optbench.core.errors import NothingSelected, OptbenchError
from optbench.core.files import write_atomically
from optbench.core.specs import RunResult, canonical, digest_of
from optbench.method_docs import ComponentDoc
from optbench.report import charts, numbers
from optbench.report.palette import styles
from optbench.trajectories import Picture

ROOT = Path(optbench.__file__).parent
_SOURCES = (".py", ".j2", ".css", ".js")
_HEAD = 1_000  # bytes of a page in which its digest stands


@dataclass(frozen=True)
class Origin:
    """Where a report comes from: the command that made it, and notes such as embedders that were left out."""

    command: str
    notes: tuple[str, ...] = ()
    sections: tuple[tuple[str, str], ...] = ()


def content_of(results: Iterable[RunResult], origin: Origin) -> str:
    """Return a digest of all that the page follows from: runs, their timings, where they come from, and our own source."""
    runs = sorted(
        [r.spec.key, r.status, r.digest or "", r.labels.optimizer, repr((r.seconds[-1:], r.measured))] for r in results
    )
    parts = (ROOT / "report", ROOT / "analysis", ROOT / "pages.py", ROOT / "trajectories.py")
    ours = [path for part in parts for path in ([part] if part.is_file() else part.rglob("*")) if path.suffix in _SOURCES]
    source = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(ours)]
    # Escaped to ASCII: a command line may hold bytes that are no text.
    return hashlib.sha256(json.dumps([runs, origin.command, origin.notes, origin.sections, source]).encode()).hexdigest()


def is_current(path: Path, content: str) -> bool:
    """Whether the page at `path` is that of `content`: nothing needs to be drawn twice."""
    try:
        with path.open("rb") as file:
            return f'content="{content}"'.encode() in file.read(_HEAD)
    except OSError:
        return False


def build(
    results: Sequence[RunResult],
    pictures: Iterable[Picture],
    path: Path,
    origin: Origin,
    pages: Mapping[str, ComponentDoc] = MappingProxyType({}),
) -> Path:
    """Write the report of `results` to `path` and return it; it is written beside, then renamed.

    Args:
        results: the runs.
        pictures: of their weights, for those tasks that have one.
        path: where the report goes.
        origin: what made the runs.
        pages: what is known of an optimizer, by the name of its variant.

    Raises:
        NothingSelected: there are no results.
        OptbenchError: the file cannot be written.
    """
    if not results:
        raise NothingSelected("there is nothing to report: the store has no such runs; 'optbench run' makes some")
    text = _render(results, list(pictures), origin, pages)
    try:
        # A command line may hold bytes that are no text, such as a file's name in another encoding.
        write_atomically(path, text.encode(errors="backslashreplace"))
    except OSError as error:
        raise OptbenchError(f"the report {path} cannot be written: {error.strerror}; --report names another place") from error
    return path


def _render(results: Sequence[RunResult], pictures: list[Picture], origin: Origin, pages: Mapping[str, ComponentDoc]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("optbench.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= numbers.FILTERS
    tasks = by_workload(results)
    rows = table(results)
    plotly = files("plotly").joinpath("package_data/plotly.min.js").read_text(encoding="utf-8")
    script = files("optbench.report").joinpath("assets/report.js").read_text(encoding="utf-8")
    return environment.get_template("report.html.j2").render(
        version=optbench.__version__,
        content=content_of(results, origin),
        origin=origin,
        pages=pages,
        tasks=[_task(number, name, variants, rows, pictures) for number, (name, variants) in enumerate(tasks.items())],
        overview=_overview(rows, list(tasks)),
        unusual=[run for variants in tasks.values() for runs in variants.values() for run in runs if run.status != "ok"],
        totals={"runs": len(results), "ok": sum(result.status == "ok" for result in results)},
        seeds=seeds(results),
        margin=TARGET_MARGIN,
        datasets=sorted({(r.spec.dataset, r.spec.dataset_digest) for r in results}),
        fingerprints=_fingerprints(results),
        data=_chart_data(tasks, pictures),
        digest=digest_of(sorted([result.spec.key, result.status, result.digest or ""] for result in results)),
        style=files("optbench.report").joinpath("assets/report.css").read_text(encoding="utf-8"),
        scripts=[plotly, script],
        script_hashes=[_csp_hash(text) for text in (plotly, script)],
    )


def _task(
    number: int,
    name: Workload,
    variants: Mapping[str, Sequence[RunResult]],
    rows: Sequence[TableRow],
    pictures: Sequence[Picture],
) -> dict[str, Any]:
    own = [row for row in rows if row.task == name]
    return {
        "number": number,
        "name": name,
        "rows": own,
        "target": own[0].target,
        "seeds": seeds([run for runs in variants.values() for run in runs]),
        "picture": next((picture for picture in pictures if picture.task == name), None),
    }


def _overview(rows: Sequence[TableRow], tasks: Sequence[Workload]) -> list[dict[str, Any]]:
    """One line a variant, one cell a task; the variant with the highest mean of medians first."""
    cells = {(row.variant, row.task): row for row in rows}
    lines = []
    for variant in sorted({row.variant for row in rows}):
        found = [cells.get((variant, task)) for task in tasks]
        medians = [row.test_accuracy.median for row in found if row and not math.isnan(row.test_accuracy.median)]
        lines.append({"variant": variant, "cells": found, "mean": sum(medians) / len(medians) if medians else float("nan")})
    return sorted(lines, key=lambda line: (math.isnan(line["mean"]), -line["mean"], line["variant"]))


def _chart_data(tasks: Mapping[Workload, Mapping[str, Sequence[RunResult]]], pictures: Sequence[Picture]) -> dict[str, Any]:
    drawn = {picture.task: charts.picture_data(picture) for picture in pictures}
    return {
        "styles": styles({variant for variants in tasks.values() for variant in variants}),
        "tasks": [
            {
                "name": str(name),
                "curves": charts.curves_data({v: c for v, runs in variants.items() if (c := curves(runs))}),
                "paths": drawn.get(name, []),
            }
            for name, variants in tasks.items()
        ],
    }


def _fingerprints(results: Iterable[RunResult]) -> list[tuple[dict[str, Any], int]]:
    """Each environment that the runs were made in, and how many were."""
    found: dict[str, tuple[dict[str, Any], int]] = {}
    for result in results:
        if result.fingerprint:
            text = canonical(dict(result.fingerprint))
            found[text] = (dict(result.fingerprint), found.get(text, ({}, 0))[1] + 1)
    return [found[text] for text in sorted(found)]


def _csp_hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
