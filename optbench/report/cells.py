"""Heads and cells of tables, for what a plain string or number cannot express."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from optbench.report.numbers import MISSING, significant, sortable
from optbench.report.values import STATUSES, is_colour, is_number, make_plain, plain_text, require


@dataclass(frozen=True)
class Column:
    """The head of a column.

    Attributes:
        title: the heading.
        note: a second line in small print.
        align: "left" or "right"; empty for right where all cells are numbers.
    """

    title: str
    note: str = ""
    align: Literal["left", "right", ""] = ""

    def __post_init__(self) -> None:
        make_plain(self, "title", "note")
        require(self.align in ("left", "right", ""), "the align of a Column is 'left', 'right' or ''", self.align)


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: what it shows.
        value: what its column is sorted by; None for the text.
        note: a second line in small print.
        colour: of a square in front of the text, as `#rrggbb`.
        title: shown when the pointer rests on the text.
        details: pairs of term and description, shown by a click on the text.
        statuses: pairs of a run's status and a text, drawn as coloured labels.
    """

    text: str = ""
    value: float | None = None
    note: str = ""
    colour: str = ""
    title: str = ""
    details: Sequence[tuple[str, str]] = ()
    statuses: Sequence[tuple[str, str]] = ()

    def __post_init__(self) -> None:
        make_plain(self, "text", "note", "colour", "title")
        require(self.value is None or is_number(self.value), "the value of a Cell is a number or None", self.value)
        require(not self.colour or is_colour(self.colour), "the colour of a Cell is of the form #rrggbb", self.colour)
        object.__setattr__(self, "details", _pairs("details", self.details))
        object.__setattr__(self, "statuses", _pairs("statuses", self.statuses))
        for status, _ in self.statuses:
            require(status in STATUSES, f"a status is one of {', '.join(STATUSES)}", status)

    @property
    def sort_value(self) -> str:
        """The number by which the page's script sorts: what is missing or infinite comes last; empty for the text."""
        return "" if self.value is None else sortable(float(self.value))


def as_cell(value: object) -> Cell:
    """Return a cell of a string, of a number, or of None, which is shown as n/a."""
    if isinstance(value, Cell):
        return value
    if value is None:
        return Cell(MISSING, math.nan)
    if is_number(value):
        number = float(value)  # type: ignore[arg-type]  # just checked
        return Cell(significant(number), number)
    return Cell(plain_text(value, "a cell of a Table is a string, a number or None"))


def as_column(value: object) -> Column:
    """Return the head of a column."""
    return value if isinstance(value, Column) else Column(plain_text(value, "a column of a Table is a string"))


def _pairs(name: str, pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    rule = f"the {name} of a Cell are pairs of strings"
    return tuple((plain_text(first, rule), plain_text(second, rule)) for first, second in pairs)
