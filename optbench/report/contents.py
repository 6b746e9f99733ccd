"""What the built-in sections of a report are made from, and the parts that they become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from optbench.analysis.benchmark import Benchmark
from optbench.analysis.tables import TableRow, WorkloadTable
from optbench.core.specs import RunResult
from optbench.core.workload import Workload
from optbench.method_docs import ComponentDoc
from optbench.report.cells import Cell
from optbench.report.sections import Section
from optbench.trajectories import Picture


@dataclass(frozen=True)
class Contents:
    """Everything that a report shows.

    Attributes:
        results: the runs.
        benchmark: their benchmark tables, and where every variant stands.
        pictures: of the weights' trajectories, for the workloads that have one.
        methods: descriptions of optimizers, by the canonical JSON of the `Choice`.
        marks: for the keys of runs that the installed source did not compute, a remark.
        styles: colour and dash of each variant, by its label.
        baselines: what simple models reach, by the digest of the dataset and what the quality is.
    """

    results: Sequence[RunResult]
    benchmark: Benchmark
    pictures: Mapping[Workload, Picture]
    methods: Mapping[str, ComponentDoc]
    marks: Mapping[str, str]
    styles: Mapping[str, Mapping[str, str]]
    baselines: Mapping[tuple[str, str], Mapping[str, float]] = field(default_factory=dict)

    @property
    def tables(self) -> Sequence[WorkloadTable]:
        """The benchmark tables, one per workload."""
        return self.benchmark.tables

    def name(self, *rows: TableRow, coloured: bool = False) -> Cell:
        """Return the cell that names the variant of `rows`: with its colour in charts, description, and remarks on sources."""
        label, page = rows[0].label, self.methods.get(rows[0].variant.optimizer)
        return Cell(
            label,
            note=", ".join(sorted({mark for row in rows if (mark := self.marks.get(row.runs[0].spec.key))})),
            colour=self.styles[label]["colour"] if coloured else "",
            title=f"{page.title}. {page.source}" if page else "",
            details=page.lines() if page else (),
        )


@dataclass(frozen=True)
class Part:
    """A built-in section with the template that lays it out.

    Attributes:
        template: its file in `templates`.
        section: title and blocks.
        anchor: the element's id.
        articles: what the template shows besides, in the part on workloads.
        choices: the options of its controls: by control, pairs of value and text.
    """

    template: str
    section: Section
    anchor: str = ""
    articles: Sequence[Article] = ()
    choices: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Article:
    """The parts on one workload."""

    number: int
    title: str
    settings: str
    parts: Sequence[Part]
