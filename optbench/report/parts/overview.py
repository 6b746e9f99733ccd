"""The first section: one score of each optimizer on every workload."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from optbench.analysis.tables import TableRow
from optbench.core.metrics import SCORES
from optbench.report.cells import Cell, Column
from optbench.report.contents import Contents, Part
from optbench.report.numbers import number
from optbench.report.score_text import spread_cell
from optbench.report.sections import Section, Table, paragraph

_METRIC = SCORES["test_quality"]


def part(contents: Contents) -> Part:
    """Return the section, with the best optimizer first: that of the highest mean or, over several qualities, the best rank."""
    qualities = sorted({table.quality for table in contents.tables})
    alike = len(qualities) == 1
    title = _METRIC.heading(qualities[0]) if alike else _METRIC.label
    text = paragraph(f"""
        Medians over seeds, with the quartiles below them. {_EXPLAINED[alike]} {title} is read at the epoch of the lowest
        validation loss. A diverged run counts with the quality of always predicting the same.
        {"Click on the name of an optimizer for its description." if contents.methods else ""}
    """)
    headings = ((table.name or table.label) + ("" if alike else f" ({table.quality})") for table in contents.tables)
    columns = [
        Column("Optimizer"),
        Column("Mean" if alike else "Mean rank"),
        *(Column(heading, align="right") for heading in headings),
    ]
    rows = sorted(
        _rows(contents, by_rank=not alike),
        key=lambda row: (math.isnan(row[1]), row[1] if not alike else -row[1], row[0][0].label),
    )
    table = Table(columns, [[contents.name(*found), Cell(number(mean), mean), *cells] for found, mean, cells in rows])
    return Part("overview.html.j2", Section(f"{title} on every workload", [text, table]), "overview")


_EXPLAINED = {
    True: "The mean is that of the medians.",
    False: """
        Accuracies and R² have no common scale, so that the first column is the mean rank of the median, 1 for the best; equal
        ones share the mean of their ranks. Only workloads that an optimizer was run on count.
    """,
}


def _rows(contents: Contents, *, by_rank: bool) -> list[tuple[list[TableRow], float, list[Cell | None]]]:
    """Return for each variant its rows in the benchmark tables, their mean or mean rank, and a cell per workload."""
    variants: dict[str, dict[int, TableRow]] = {}
    for place, table in enumerate(contents.tables):
        for row in table.rows:
            variants.setdefault(row.label, {})[place] = row  # labels differ where variants of one workload do
    ranks = [_ranks(table.rows) for table in contents.tables]
    found = []
    for label, rows in variants.items():
        scores = {place: row.scores[_METRIC.name] for place, row in rows.items()}
        cells = [spread_cell(_METRIC, scores[place]) if place in scores else None for place in range(len(contents.tables))]
        values = [ranks[place][label] for place in rows] if by_rank else [spread.median for spread in scores.values()]
        found.append((list(rows.values()), _mean(values), cells))
    return found


def _ranks(rows: Sequence[TableRow]) -> dict[str, float]:
    """Return the rank of each variant by its median, 1 for the highest; NaN for one without a value."""
    medians = {row.label: row.scores[_METRIC.name].median for row in rows}
    return {label: math.nan if math.isnan(own) else _rank(own, medians.values()) for label, own in medians.items()}


def _rank(own: float, medians: Iterable[float]) -> float:
    known = [median for median in medians if not math.isnan(median)]
    return 1 + sum(median > own for median in known) + (sum(median == own for median in known) - 1) / 2


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan
