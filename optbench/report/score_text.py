"""How values of a metric are written and headed, by the unit and label that the metric declares."""

from __future__ import annotations

import math

from optbench.analysis.scores import Spread
from optbench.core.metrics import Metric
from optbench.method_docs import amount
from optbench.report.cells import Cell
from optbench.report.numbers import number, significant


def written(metric: Metric, value: float) -> str:
    """Write a value of a metric: bytes with a unit, what has no unit with three decimal places."""
    if metric.unit == "bytes" and math.isfinite(value):
        return amount(round(value))
    return number(value) if not metric.unit else significant(value)


def heading(metric: Metric, quality: str = "quality") -> str:
    """Return the label of a metric, with its unit unless that is in the label or, for bytes, in the values.

    Args:
        metric: the metric.
        quality: what the quality of predictions is called on the workload, such as "accuracy".
    """
    known = not metric.unit or metric.unit == "bytes" or metric.unit.removesuffix("s") in metric.label.lower()
    label = metric.heading(quality)
    return label if known else f"{label} ({metric.unit})"


def quartiles(metric: Metric, spread: Spread) -> str:
    """Write the quartiles of a metric; the empty string where they read the same."""
    low, high = written(metric, spread.low), written(metric, spread.high)
    return "" if low == high else f"{low}\u2013{high}"  # an en dash


def spread_cell(metric: Metric, spread: Spread) -> Cell:
    """Return a cell with the median of a metric and, below it, the quartiles."""
    return Cell(written(metric, spread.median), spread.median, note=quartiles(metric, spread))
