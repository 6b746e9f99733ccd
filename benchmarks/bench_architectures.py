"""Gradients and predictions of each network."""

from __future__ import annotations

from functools import partial

import numpy as np

from . import reference
from .common import INPUTS, bound, initial, rows
from .ratios import placements, ratio

WIDTHS = {"single-layer": (INPUTS, 1), "two-layer-mlp": (INPUTS, 64, 1), "recursive-mlp": (INPUTS, 128, 64, 32, 1)}


class Network:
    unit = "ratio"
    params = [["single-layer", "two-layer-mlp", "recursive-mlp"], [32, 600]]
    param_names = ["architecture", "rows"]

    def setup(self, architecture, n):
        self.pairs = placements(lambda: _method("loss_and_grad", architecture, n))

    def track_loss_and_grad(self, architecture, n):
        return ratio(self.pairs)


class Prediction:
    unit = "ratio"
    params = [["single-layer", "two-layer-mlp", "recursive-mlp"], [600]]
    param_names = ["architecture", "rows"]

    def setup(self, architecture, n):
        self.pairs = placements(lambda: _method("predict", architecture, n))

    def track_predict(self, architecture, n):
        return ratio(self.pairs)


def _method(name, architecture, n):
    network, w = initial(architecture)
    model, loss = bound(network)
    np.copyto(model.w, w, casting="same_kind")
    x, y = rows(n)
    plain = reference.Network(WIDTHS[architecture], model.w, n)
    if name == "predict":
        return _prediction(model, loss, x), partial(plain.predict, x)
    return partial(model.loss_and_grad, x, y[:, None] if loss else y), partial(plain.loss_and_grad, x, y)


def _prediction(model, loss, x):
    if loss is None:
        return partial(model.predict, x)
    outputs = np.empty((len(x), 1), x.dtype)
    return lambda: loss.predict(model.forward(x), outputs)
