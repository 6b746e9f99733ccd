"""The section with one article per workload: benchmark table, learning curves and weight trajectories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from optbench.analysis.curves import Curves
from optbench.analysis.tables import WorkloadTable
from optbench.report.contents import Article, Contents, Part
from optbench.report.parts import benchmark_table, learning_curves, weight_trajectories
from optbench.report.sections import Section


def part(contents: Contents, curves: Sequence[Mapping[str, Curves]]) -> Part:
    """Return the section; `curves` has those of each workload, by the label of the variant."""
    articles = [
        Article(
            number,
            table.label,
            _settings(table),
            (
                benchmark_table.part(contents, table),
                learning_curves.part(number, dict(curves[number]), table.quality),
                weight_trajectories.part(number, contents.pictures.get(table.workload)),
            ),
        )
        for number, table in enumerate(contents.tables)
    ]
    return Part("workloads.html.j2", Section("Results by workload"), "workloads", articles)


def _settings(table: WorkloadTable) -> str:
    w = table.workload
    return f"loss {table.loss}, {w.epochs} epochs, batch size {w.batch_size}, {w.dtype}, protocol {w.protocol}"
