"""What the page's script draws, as plain values: numbers are rounded to what a screen can show."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from optbench.analysis.curves import METRICS, Band, Curves
from optbench.trajectories import Picture

_DIGITS = 5


def curves_data(curves: Mapping[str, Curves]) -> dict[str, Any]:
    """Return the curves of one task, by variant."""
    return {
        variant: {
            "seconds": _rounded(c.seconds),
            "evaluations": _rounded(c.evaluations),
            "metrics": {metric: _band(c.bands[metric]) for metric in METRICS},
        }
        for variant, c in curves.items()
    }


def picture_data(picture: Picture) -> list[dict[str, Any]]:
    """Return the paths of one picture."""
    return [
        {
            "variant": path.variant,
            "seed": path.seed,
            "epochs": list(path.epochs),
            "tsne": [_rounded(path.tsne[:, 0]), _rounded(path.tsne[:, 1])],
            "pca": [_rounded(path.pca[:, 0]), _rounded(path.pca[:, 1])],
        }
        for path in picture.paths
    ]


def _band(band: Band) -> dict[str, list[float | None]]:
    return {"median": _rounded(band.median), "low": _rounded(band.low), "high": _rounded(band.high)}


def _rounded(values: Iterable[Any]) -> list[float | None]:
    """Round to five significant digits; what is not finite becomes None, a gap in the curve."""
    return [float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None for value in np.asarray(values, float).tolist()]
