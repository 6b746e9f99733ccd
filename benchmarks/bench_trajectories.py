"""The sketch that a run keeps of its weights. Their joint embedding is not tracked: nearly all of it is t-SNE."""

from __future__ import annotations

from functools import partial

import numpy as np

from .common import aligned, found
from .ratios import placements, ratio


class Sketch:
    unit = "ratio"
    params = [[131_200]]
    param_names = ["weights"]

    def setup(self, weights):
        self.pairs = placements(lambda: _sketch(weights))

    def track_sketch(self, weights):
        return ratio(self.pairs)


def _sketch(weights):
    rng = np.random.default_rng(0)
    w, buckets, signs = aligned(weights), rng.integers(0, 512, weights), rng.integers(0, 2, weights) * 2.0 - 1.0
    sketch = found("optbench.training.sketch:sketch", "optbench.sketch:sketch")
    return partial(sketch, w), lambda: np.bincount(buckets, weights=w * signs, minlength=512).astype(np.float32)
