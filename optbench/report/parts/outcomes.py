"""The runs that diverged, failed, timed out or crashed, with the reason."""

from __future__ import annotations

from optbench.core.specs import RunResult
from optbench.report.cells import Cell
from optbench.report.contents import Contents, Part
from optbench.report.sections import Section, Table, Text


def part(contents: Contents) -> Part:
    """Return the section."""
    rows = [
        (
            row.label,
            table.label,
            run.spec.seed,
            Cell(statuses=[(run.status, run.status)]),
            run.epochs,
            _reason(run),
        )
        for table in contents.tables
        for row in table.rows
        for run in row.runs
        if run.status != "ok"
    ]
    columns = ("Optimizer", "Workload", "Seed", "Status", "Epochs", "Reason")
    block = Table(columns, rows) if rows else Text("Every run has status ok.")
    return Part("outcomes.html.j2", Section("Runs that diverged or failed", [block]), "outcomes")


def _reason(run: RunResult) -> Cell:
    lines = run.reason.strip().splitlines()
    return Cell(lines[-1] if lines else "", details=[("", run.reason)] if len(lines) > 1 else ())
