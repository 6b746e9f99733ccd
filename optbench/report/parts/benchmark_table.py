"""The benchmark table of one workload: every score of every variant."""

from __future__ import annotations

from optbench.analysis.grouping import seed_ranges
from optbench.analysis.tables import TableRow, WorkloadTable
from optbench.analysis.time_to_target import TARGET_MARGIN
from optbench.core.metrics import SCORES
from optbench.report.cells import Cell, Column
from optbench.report.contents import Contents, Part
from optbench.report.numbers import number
from optbench.report.score_text import heading, spread_cell
from optbench.report.sections import Section, Table, Text, paragraph

_ENOUGH_SEEDS = 6  # the smallest n with 2 / 2^n <= .05


def part(contents: Contents, table: WorkloadTable) -> Part:
    """Return the section."""
    headings = [heading(metric, table.quality) for metric in SCORES.values()]
    columns: list[str | Column] = ["Optimizer", Column("Outcomes", align="left"), *headings, "Reached target", "Seeds"]
    rows = [
        [
            contents.name(row, coloured=True),
            _outcomes(row),
            *(spread_cell(metric, row.scores[name]) for name, metric in SCORES.items()),
            Cell(f"{row.reached} of {len(row.scored)}", row.reached),
            Cell(seed_ranges(row.seeds), len(row.seeds)),  # sorted by their number
        ]
        for row in table.rows
    ]
    notes = " ".join(filter(None, [*table.seed_notes(), _significance(table)]))
    texts = [_explanation(table), *([Text(notes)] if notes else [])]
    return Part("benchmark_table.html.j2", Section("Benchmark table", [*texts, Table(columns, rows)]))


def _explanation(table: WorkloadTable) -> Text:
    seeds = f"seeds {seed_ranges(table.common)}" if table.common else "the seeds of each optimizer"
    return paragraph(f"""
        Medians over {seeds}, with the quartiles below them. The target is a validation loss of {number(table.target, 4)},
        {TARGET_MARGIN} times the lowest median of the best validation loss. See the definitions below.
    """)


def _significance(table: WorkloadTable) -> str:
    seeds = len(table.common)
    if not 0 < seeds < _ENOUGH_SEEDS:
        return ""
    return (
        f"With {seeds} seed{'s' if seeds > 1 else ''} no paired difference can be significant at the 5 % level: the smallest "
        f"two-sided Wilcoxon p-value is {2 / 2**seeds:.4g}. At least {_ENOUGH_SEEDS} seeds are needed, for a single pair."
    )


def _outcomes(row: TableRow) -> Cell:
    return Cell(
        value=row.statuses.get("ok", 0),
        statuses=[(status, f"{count} {status}") for status, count in row.statuses.items()],
    )
