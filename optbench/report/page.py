"""Writing the report: one HTML file that needs no network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jinja2

from optbench.analysis.benchmark import Benchmark, benchmark
from optbench.analysis.curves import curves
from optbench.analysis.grouping import seed_ranges, seeds
from optbench.core.errors import NothingSelected, OptbenchError
from optbench.core.files import write_atomically
from optbench.core.specs import RunResult
from optbench.method_docs import ComponentDoc
from optbench.report.charts import chart_data
from optbench.report.contents import Contents
from optbench.report.palette import styles
from optbench.report.parts import definitions, environment, outcomes, overview, simple_models, workloads
from optbench.report.sections import Figure, Section
from optbench.trajectories import Picture
from optbench.verify.manifest import manifest


@dataclass(frozen=True)
class Origin:
    """Where a report comes from.

    Attributes:
        command: the command that produced it.
        notes: sentences at the top of the page, such as which embedders were left out.
        sections: those of plugins.
    """

    command: str
    notes: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()


def write_page(
    results: Sequence[RunResult],
    pictures: Iterable[Picture],
    path: Path,
    origin: Origin,
    *,
    compared: Benchmark | None = None,
    methods: Mapping[str, ComponentDoc] = MappingProxyType({}),
    marks: Mapping[str, str] = MappingProxyType({}),
    baselines: Mapping[tuple[str, str], Mapping[str, float]] = MappingProxyType({}),
) -> Path:
    """Write the report of `results` to `path`, atomically, and return the path.

    Args:
        results: the runs.
        pictures: of the weights' trajectories, for the workloads that have one.
        path: where the report goes.
        origin: the command, notes and plugins' sections.
        compared: the benchmark tables of `results`; None for tables with provisional targets.
        methods: descriptions of the optimizers, by the canonical JSON of the `Choice`; see `methods.method_docs`.
        marks: remarks on runs that the installed source did not compute, by key; see `analysis.sources.source_marks`.
        baselines: what simple models reach, by the digest of the dataset and what the quality is; see
            `parts.simple_models.published_baselines`.

    Raises:
        NothingSelected: there are no results.
        OptbenchError: the file cannot be written.
    """
    if not results:
        raise NothingSelected("nothing to report: the store has no such runs; 'optbench run' adds some")
    found = compared or benchmark(results)
    contents = Contents(
        results,
        found,
        {picture.workload: picture for picture in pictures},
        methods,
        marks,
        styles({row.label for table in found.tables for row in table.rows}),
        baselines,
    )
    text = _render(contents, origin)
    try:
        # A command line may contain bytes that are not text, such as the name of a file in another encoding.
        write_atomically(path, text.encode(errors="backslashreplace"))
    except OSError as error:
        raise OptbenchError(f"cannot write the report {path}: {error.strerror}; --report names another path") from error
    return path


def _render(contents: Contents, origin: Origin) -> str:
    drawn = [{row.label: one for row in table.rows if (one := curves(row.compared)) is not None} for table in contents.tables]
    figures: list[dict[str, Any]] = []
    scripts = [_asset("plotly", "package_data/plotly.min.js"), _asset("optbench.report", "assets/report.js")]
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            origin=origin,
            notes=[*origin.notes, *_source_note(contents)],
            summary=_summary(contents),
            parts=[
                overview.part(contents),
                workloads.part(contents, drawn),
                outcomes.part(contents),
                *([simple_models.part(contents)] if contents.baselines else []),
                definitions.part(),
                environment.part(contents),
            ],
            data=chart_data(contents, drawn),
            manifest=manifest(contents.results),
            figures=figures,
            number_of=lambda figure: _number_of(figure, figures),
            style=_asset("optbench.report", "assets/report.css"),
            scripts=scripts,
            script_hashes=[_csp_hash(script) for script in scripts],
        )
    )


def _number_of(figure: Figure, figures: list[dict[str, Any]]) -> int:
    """Add a figure to those that the script draws, and return its place among them."""
    figures.append(figure.spec())
    return len(figures) - 1


def _summary(contents: Contents) -> dict[str, Any]:
    return {
        "optimizers": len(contents.styles),
        "workloads": len(contents.tables),
        "track": contents.benchmark.track,
        "seeds": seed_ranges(seeds(contents.results)),
        "runs": len(contents.results),
        "unsuccessful": sum(result.status != "ok" for result in contents.results),
    }


def _source_note(contents: Contents) -> list[str]:
    marked = sum(result.spec.key in contents.marks for result in contents.results)
    text = (
        f"{marked} of {len(contents.results)} runs were not computed by the installed source. Their optimizers are marked "
        "“other source”, or “not installed” where a component is missing."
    )
    return [text] if marked else []


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("optbench.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["kind"] = lambda block: type(block).__name__.lower()
    return environment


@cache
def _asset(package: str, path: str) -> str:
    return files(package).joinpath(path).read_text(encoding="utf-8")


@cache
def _csp_hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
