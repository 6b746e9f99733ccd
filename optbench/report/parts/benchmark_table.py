"""The benchmark table of one workload: work to target, and every other score of every variant."""

from __future__ import annotations

import math

from optbench.analysis.benchmark import Benchmark
from optbench.analysis.grouping import seed_ranges
from optbench.analysis.statistics import NotAvailable, sentence
from optbench.analysis.tables import TableRow, WorkloadTable
from optbench.core.metrics import SCORES
from optbench.report import verdict_text as text
from optbench.report.cells import Cell, Column
from optbench.report.contents import Contents, Part
from optbench.report.score_text import heading, spread_cell
from optbench.report.sections import Section, Table, Text, paragraph

PRIMARY = SCORES["passes_to_target"]
_FIRST = -1e300  # sorted before every number


def part(contents: Contents, table: WorkloadTable) -> Part:
    """Return the section."""
    found = contents.benchmark
    others = [metric for metric in SCORES.values() if metric != PRIMARY]
    with_verdicts = table.workload in found.standings.baselines and len(table.rows) > 1
    ranked = any(found.standing(row).ranks for row in table.rows)
    columns: list[str | Column] = [
        "Optimizer",
        Column("Outcomes", align="left"),
        *([Column("Work to target", f"against {found.standings.baseline}", align="left")] if with_verdicts else []),
        *([Column("Rank interval", "by work to target", align="right")] if ranked else []),
        heading(PRIMARY, table.quality),
        "Reached target",
        *(heading(metric, table.quality) for metric in others),
        "Seeds",
    ]
    rows = [
        [
            contents.name(row, coloured=True),
            _outcomes(row),
            *([_verdict(found, row)] if with_verdicts else []),
            *([_ranks(found, row)] if ranked else []),
            spread_cell(PRIMARY, row.scores[PRIMARY.name]),
            Cell(f"{row.reached} of {len(row.scored)}", row.reached),
            *(spread_cell(metric, row.scores[metric.name]) for metric in others),
            Cell(seed_ranges(row.seeds), len(row.seeds)),  # sorted by their number
        ]
        for row in table.rows
    ]
    notes = [*table.seed_notes(), text.missing_note(found, table)]
    notes += [text.intervals_note(found, table), text.seeds_note(found, table)]
    shown = " ".join(filter(None, notes))
    texts = [_explanation(found, table), *([Text(shown)] if shown else [])]
    return Part(
        "benchmark_table.html.j2", Section("Benchmark table, ordered by work to target", [*texts, Table(columns, rows)])
    )


def _explanation(found: Benchmark, table: WorkloadTable) -> Text:
    seeds = f"seeds {seed_ranges(table.common)}" if table.common else "the seeds of each optimizer"
    target = text.target_text(table)
    return paragraph(f"""
        {target[0].upper()}{target[1:]}. Optimizers are ordered by the median of the passes to target, then by the best
        validation loss. Medians are over {seeds}, with the quartiles below them. {text.family_note(found)}
        {text.EXPLORATORY} See the definitions below.
    """)


def _verdict(found: Benchmark, row: TableRow) -> Cell:
    standing, baseline = found.standing(row), found.standings.baseline
    comparison, verdict = standing.comparison, standing.verdict
    if comparison is None or verdict is None:
        return Cell(text.verdict_text(found, row), 0.0 if found.is_baseline(row) else math.nan)
    median = comparison.effect.median
    order = math.nan if isinstance(median, NotAvailable) else max(median, _FIRST)
    details = [("In full", f"{sentence(row.label, baseline, comparison, verdict)}.")]
    p = verdict.p
    adjusted = (
        f"{p.reason}." if isinstance(p, NotAvailable) else f"{p:.2g}, adjusted for {found.standings.family:,} comparisons."
    )
    details.append(("p on the planned seeds", adjusted))
    if isinstance(verdict.more_seeds, NotAvailable):
        details.append(("More seeds", f"{verdict.more_seeds.reason}."))
    elif verdict.more_seeds:
        more = f"{verdict.more_seeds} more, with the observed shares of wins, losses and ties, would show a difference."
        details.append(("More seeds", more))
    return Cell(verdict.text, order, note=text.effect_text(comparison), details=details)


def _ranks(found: Benchmark, row: TableRow) -> Cell | None:
    ranks = found.standing(row).ranks
    return Cell(text.rank_text(ranks), ranks[0] + ranks[1] / 1000) if ranks else None


def _outcomes(row: TableRow) -> Cell:
    return Cell(
        value=row.statuses.get("ok", 0),
        statuses=[(status, f"{count} {status}") for status, count in row.statuses.items()],
    )
