"""The first section: one score of each optimizer on every workload."""

from __future__ import annotations

import math
from collections.abc import Sequence

from optbench.analysis.tables import TableRow
from optbench.core.metrics import SCORES
from optbench.report.cells import Cell, Column
from optbench.report.contents import Contents, Part
from optbench.report.numbers import number
from optbench.report.score_text import spread_cell
from optbench.report.sections import Section, Table, paragraph

_METRIC = SCORES["test_quality"]


def part(contents: Contents) -> Part:
    """Return the section, with the optimizer of the highest mean first."""
    text = paragraph(f"""
        Medians over seeds, with the quartiles below them. The mean is that of the medians. Test accuracy is read at the
        epoch of the lowest validation loss. A diverged run counts with the share of the majority class.
        {"Click on the name of an optimizer for its description." if contents.methods else ""}
    """)
    columns = [Column("Optimizer"), Column("Mean"), *(Column(table.label, align="right") for table in contents.tables)]
    rows = sorted(_rows(contents), key=lambda row: (math.isnan(row[1]), -row[1], row[0][0].label))
    table = Table(columns, [[contents.name(*found), Cell(number(mean), mean), *cells] for found, mean, cells in rows])
    return Part("overview.html.j2", Section(f"{_METRIC.label} on every workload", [text, table]), "overview")


def _rows(contents: Contents) -> list[tuple[list[TableRow], float, list[Cell | None]]]:
    """Return for each variant its rows in the benchmark tables, their mean, and a cell per workload."""
    variants: dict[str, dict[int, TableRow]] = {}
    for place, table in enumerate(contents.tables):
        for row in table.rows:
            variants.setdefault(row.label, {})[place] = row  # labels differ where variants of one workload do
    found = []
    for rows in variants.values():
        scores = {place: row.scores[_METRIC.name] for place, row in rows.items()}
        cells = [spread_cell(_METRIC, scores[place]) if place in scores else None for place in range(len(contents.tables))]
        found.append((list(rows.values()), _mean([spread.median for spread in scores.values()]), cells))
    return found


def _mean(medians: Sequence[float]) -> float:
    known = [median for median in medians if not math.isnan(median)]
    return sum(known) / len(known) if known else math.nan
