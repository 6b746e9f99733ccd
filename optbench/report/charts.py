"""What the page's script draws: metrics, styles, curves and trajectories as plain values for JSON.

Arrays are 32-bit floats in base64, with NaN where there is no value. They are smaller and faster to write than JSON numbers.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from optbench.analysis.curves import Band, Curves
from optbench.analysis.grouping import Variant
from optbench.core.metrics import RECORDED
from optbench.core.numerics import Array
from optbench.report.contents import Contents
from optbench.trajectories import Picture


def chart_data(contents: Contents, curves: Sequence[Mapping[str, Curves]]) -> dict[str, Any]:
    """Return what built-in charts need; `curves` has those of each workload, by the label of the variant."""
    return {
        "styles": contents.styles,
        "metrics": {name: metric.facts() for name, metric in RECORDED.items()},
        "workloads": [
            {
                "curves": {label: _curves(one) for label, one in own.items()},
                "paths": _paths(contents.pictures.get(table.workload), {row.variant: row.label for row in table.rows}),
            }
            for table, own in zip(contents.tables, curves, strict=True)
        ],
    }


def _curves(curves: Curves) -> dict[str, Any]:
    return {
        "axes": {name: packed(values) for name, values in curves.axes.items()},
        "metrics": {name: _band(band) for name, band in curves.bands.items()},
    }


def _band(band: Band) -> dict[str, str]:
    return {"median": packed(band.median), "low": packed(band.low), "high": packed(band.high)}


def _paths(picture: Picture | None, labels: Mapping[Variant, str]) -> list[dict[str, Any]]:
    return [
        {
            "variant": labels[path.variant],
            "seed": path.seed,
            "epochs": packed(path.epochs),
            "tsne": [packed(path.tsne[:, 0]), packed(path.tsne[:, 1])],
            "pca": [packed(path.pca[:, 0]), packed(path.pca[:, 1])],
        }
        for path in (picture.paths if picture else ())
    ]


def packed(values: Array | Sequence[int]) -> str:
    """Return little-endian 32-bit floats in base64, with NaN for what is not finite."""
    numbers = np.array(values, "<f4")
    numbers[~np.isfinite(numbers)] = np.nan
    return base64.b64encode(numbers.tobytes()).decode()
