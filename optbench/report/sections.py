"""The types that a report is made of: sections of texts, tables and figures. Plugins return the same types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast

from optbench.report.cells import Cell, Column, as_cell, as_column
from optbench.report.traces import checked_trace
from optbench.report.values import make_plain, plain_text, require


@dataclass(frozen=True)
class Text:
    """A paragraph. Line breaks are kept; HTML is shown as text.

    Attributes:
        text: what it says.
    """

    text: str

    def __post_init__(self) -> None:
        make_plain(self, "text")


def paragraph(text: str) -> Text:
    """Return a Text in one line: line breaks and indentation of `text` become single spaces."""
    return Text(" ".join(text.split()))


@dataclass(frozen=True)
class Table:
    """A table that a click on a column's head sorts: numbers by value, texts alphabetically.

    Attributes:
        columns: one heading per column.
        rows: for each row a string, a number or None (shown as n/a) per column; the first names the row.
        caption: a sentence above the table.
    """

    columns: Sequence[str | Column]
    rows: Sequence[Sequence[str | float | Cell | None]]
    caption: str = ""

    def __post_init__(self) -> None:
        make_plain(self, "caption")
        require(not isinstance(self.columns, str), "the columns of a Table are a sequence of strings", self.columns)
        columns = tuple(map(as_column, self.columns))
        require(len(columns) > 0, "a Table has at least one column", self.columns)
        rows = tuple(tuple(map(as_cell, row)) for row in self.rows)
        for row in rows:
            require(len(row) == len(columns), f"each row of this Table has {len(columns)} cells, one per column", row)
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "rows", rows)

    @property
    def alignment(self) -> list[str]:
        """The alignment of each column, "left" or "right"."""
        return [
            as_column(column).align
            or ("right" if self.rows and all(as_cell(row[place]).value is not None for row in self.rows) else "left")
            for place, column in enumerate(self.columns)
        ]


@dataclass(frozen=True)
class Figure:
    """An interactive chart, drawn by plotly.

    Attributes:
        traces: plotly traces of the types `traces.TYPES`, with the attributes `traces.ATTRIBUTES`. Their text is shown as text.
        label: what the figure shows, for readers who cannot see it. Required.
        title: its heading.
        x: title of the horizontal axis, with the unit.
        y: title of the vertical axis, with the unit.
        log: whether the vertical axis is logarithmic.
        caption: a sentence below the figure.
        chart: "traces", or the name of a built-in chart that is drawn from the page's own data.
        options: of a built-in chart, such as the number of the workload and the name of the metric.
    """

    traces: Sequence[Mapping[str, Any]] = ()
    label: str = ""
    title: str = ""
    x: str = ""
    y: str = ""
    log: bool = False
    caption: str = ""
    chart: Literal["traces", "curves", "trajectories"] = "traces"
    options: Mapping[str, str | int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        make_plain(self, "label", "title", "x", "y", "caption")
        require(self.label.strip() != "", "a Figure has a label that says what it shows", self.label)
        require(self.chart in ("traces", "curves", "trajectories"), "the chart of a Figure is one of three", self.chart)
        object.__setattr__(self, "traces", tuple(map(checked_trace, self.traces)))
        object.__setattr__(self, "log", bool(self.log))
        options = dict(self.options)
        for name, value in options.items():
            require(
                isinstance(name, str) and isinstance(value, str | int), "the options of a Figure are texts or integers", value
            )
        object.__setattr__(self, "options", options)

    def spec(self) -> dict[str, Any]:
        """Return what the page's script needs to draw it, as plain values for JSON."""
        axes = {"title": self.title, "x": self.x, "y": self.y, "log": self.log}
        return {**self.options, "chart": self.chart, "traces": self.traces, **axes}


Block: TypeAlias = Text | Table | Figure


@dataclass(frozen=True)
class Section:
    """A part of the report under a heading.

    Attributes:
        title: the heading.
        blocks: texts, tables and figures, in the order in which they are shown.
    """

    title: str
    blocks: Sequence[Block] = ()

    def __post_init__(self) -> None:
        make_plain(self, "title")
        require(self.title.strip() != "", "a Section has a title", self.title)
        blocks = tuple(self.blocks)
        for block in blocks:
            require(isinstance(block, Text | Table | Figure), "a block of a Section is a Text, a Table or a Figure", block)
        object.__setattr__(self, "blocks", blocks)


def read_sections(answer: Iterable[object]) -> list[Section]:
    """Return the sections that a plugin returned from `optbench_report_sections`.

    Args:
        answer: a sequence of `Section`, or of pairs of title and text as in contract 1.

    Raises:
        ValueError: it breaks a rule; the message states the rule and the value.
    """
    rule = "optbench_report_sections returns a list of Sections, or of pairs of title and text"
    require(isinstance(answer, Iterable), rule, answer)
    sections = []
    for part in answer:
        if isinstance(part, Section):
            sections.append(part)
        else:
            require(isinstance(part, tuple | list) and len(part) == 2, rule, part)  # noqa: PLR2004  # a pair
            title, text = cast("Sequence[object]", part)
            sections.append(Section(plain_text(title, rule), [Text(plain_text(text, rule))]))
    return sections
