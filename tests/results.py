"""Comparison of results of runs."""

from __future__ import annotations

import numpy as np

from optbench.core.specs import RunResult


def assert_equal(one: RunResult, two: RunResult) -> None:
    for name in (
        "spec",
        "labels",
        "status",
        "reason",
        "seconds",
        "sketch_epochs",
        "digest",
        "worst",
        "quality",
        "fingerprint",
        "measured",
    ):
        assert getattr(one, name) == getattr(two, name), name
    assert one.spec.key == two.spec.key
    assert list(one.curves) == list(two.curves)
    for name, values in one.curves.items():
        assert values.dtype == np.float64
        assert np.array_equal(values, two.curves[name], equal_nan=True)
    assert (one.sketches is None) == (two.sketches is None)
    if one.sketches is not None:
        assert one.sketches.dtype == np.float32
        assert np.array_equal(one.sketches, two.sketches)
