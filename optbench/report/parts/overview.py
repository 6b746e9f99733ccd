"""The first section: the work to target of each optimizer on every workload, and the quality of its predictions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from optbench.analysis.benchmark import Benchmark
from optbench.analysis.tables import TableRow, WorkloadTable
from optbench.core.metrics import SCORES
from optbench.report import verdict_text as text
from optbench.report.cells import Cell, Column
from optbench.report.contents import Contents, Part
from optbench.report.score_text import written
from optbench.report.sections import Section, Table, Text, paragraph

_PASSES, _QUALITY, _LAST = (SCORES[name] for name in ("passes_to_target", "test_quality", "last_test_quality"))
_WORDS = ("better", "equivalent", "undecided", "worse")
Rows = Mapping[int, TableRow]
"""The rows of a variant in the benchmark tables, by the place of the table."""


def part(contents: Contents) -> Part:
    """Return the section."""
    variants = sorted(_variants(contents.tables), key=lambda rows: _order(contents.benchmark, rows))
    work, quality = _work(contents, variants), _quality(contents, variants)
    section = Section("Work to target on every workload", [_explanation(contents), work, quality])
    return Part("overview.html.j2", section, "overview")


def _explanation(contents: Contents) -> Text:
    found, workloads = contents.benchmark, len(contents.tables)
    baseline = found.standings.baseline
    provisional = sum(table.frozen is None for table in contents.tables)
    sentences = [
        "Medians over seeds of the passes until the validation loss is at the workload's target"
        + (", with the verdict below them." if baseline else "."),
        f"The target is provisional on {provisional} of {workloads} workloads: it depends on the pool." if provisional else "",
        f"Optimizers that are better than {baseline} on more workloads than they are worse come first, then those that reached"
        " the target on more."
        if baseline
        else "Optimizers that reached the target on more workloads come first.",
        "This order is no ranking.",
        text.family_note(found),
        text.EXPLORATORY,
        "Click on the name of an optimizer for its description." if contents.methods else "",
    ]
    return paragraph(" ".join(sentences))


def _work(contents: Contents, variants: Sequence[Rows]) -> Table:
    found = contents.benchmark
    counted = bool(found.standings.baseline)
    columns = [
        Column("Optimizer"),
        *([Column("Verdicts", " / ".join(_WORDS), align="right")] if counted else []),
        Column("Reached", "workloads", align="right"),
        *(Column(table.name or table.label, align="right") for table in contents.tables),
    ]
    return Table(
        columns,
        [
            [
                contents.name(*rows.values()),
                *([_verdicts(found, rows)] if counted else []),
                Cell(f"{_reached(rows)} of {len(rows)}", _reached(rows)),
                *(_passes(found, rows.get(place)) for place in range(len(contents.tables))),
            ]
            for rows in variants
        ],
    )


def _quality(contents: Contents, variants: Sequence[Rows]) -> Table:
    caption = """
        Exploratory: test quality at the epoch of the lowest validation loss, and below it after the last epoch. Medians over
        seeds; a diverged run counts with the quality of always predicting the same.
    """
    columns = [Column(table.name or table.label, table.quality, align="right") for table in contents.tables]
    rows = [[_label(rows), *(_qualities(rows.get(place)) for place in range(len(columns)))] for rows in variants]
    return Table([Column("Optimizer"), *columns], rows, " ".join(caption.split()))


def _variants(tables: Sequence[WorkloadTable]) -> list[Rows]:
    """Return the rows of each variant; labels differ where variants of one workload do."""
    variants: dict[str, dict[int, TableRow]] = {}
    for place, table in enumerate(tables):
        for row in table.rows:
            variants.setdefault(row.label, {})[place] = row
    return list(variants.values())


def _order(found: Benchmark, rows: Rows) -> tuple[int, int, str]:
    return -_balance(_counts(found, rows)), -_reached(rows), _label(rows)


def _label(rows: Rows) -> str:
    return next(iter(rows.values())).label


def _counts(found: Benchmark, rows: Rows) -> Counter[str]:
    return Counter(verdict.word for row in rows.values() if (verdict := found.standing(row).verdict))


def _balance(counts: Counter[str]) -> int:
    return counts["better"] - counts["worse"]


def _reached(rows: Rows) -> int:
    """Return on how many workloads the median reached the target."""
    return sum(math.isfinite(row.scores[_PASSES.name].median) for row in rows.values())


def _verdicts(found: Benchmark, rows: Rows) -> Cell:
    counts = _counts(found, rows)
    baseline = _label(rows) == found.standings.baseline
    return Cell("baseline" if baseline else " / ".join(str(counts[word]) for word in _WORDS), _balance(counts))


def _passes(found: Benchmark, row: TableRow | None) -> Cell | None:
    if row is None:
        return None
    verdict, median = found.standing(row).verdict, row.scores[_PASSES.name].median
    return Cell(written(_PASSES, median), median, note=verdict.text if verdict else "")


def _qualities(row: TableRow | None) -> Cell | None:
    if row is None:
        return None
    median, last = (row.scores[metric.name].median for metric in (_QUALITY, _LAST))
    return Cell(written(_QUALITY, median), median, note=written(_LAST, last))
