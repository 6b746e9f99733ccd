"""An update of each optimizer, given the gradient; a step through a wrapper; an epoch of the whole loop."""

from __future__ import annotations

from functools import partial
from inspect import signature

import numpy as np

from . import reference
from .bench_architectures import WIDTHS
from .common import INPUTS, Gradient, aligned, bound, built_in, found, initial, rows
from .ratios import placements, ratio

BATCH = 30
"""Rows of a batch: a divisor of the 600 of an epoch."""


class Update:
    unit = "ratio"
    params = [["adagrad", "adam", "gd", "rmsprop", "sgd"], [2_049, 131_200]]
    param_names = ["optimizer", "weights"]

    def setup(self, optimizer, weights):
        self.pairs = placements(lambda: _update(optimizer, weights))

    def track_update(self, optimizer, weights):
        return ratio(self.pairs)


class Wrapped:
    unit = "ratio"
    params = [["clip", "cosine"], [2_049, 131_200]]
    param_names = ["wrapper", "weights"]

    def setup(self, wrapper, weights):
        self.pairs = placements(lambda: _step(wrapper, weights))

    def track_step(self, wrapper, weights):
        return ratio(self.pairs)


class Epoch:
    unit = "ratio"
    params = [["adam", "sgd"], ["single-layer", "two-layer-mlp"]]
    param_names = ["optimizer", "architecture"]

    def setup(self, optimizer, architecture):
        self.pairs = placements(lambda: _epoch(optimizer, architecture))

    def track_train(self, optimizer, architecture):
        return ratio(self.pairs)


def _arrays(state, count, like):
    """Return `count` arrays of a state, so that a reference works on the same memory; new ones where it has too few."""
    held = [getattr(value, "array", value) for value in vars(state).values()]
    held = [value for value in held if isinstance(value, np.ndarray) and value.shape == like.shape]
    return (held + [np.ones_like(like) for _ in range(count)])[:count]


def _update(name, weights):
    optimizer = built_in("optimizer", name)()
    w, g, copy = aligned(weights), aligned(weights), aligned(weights)
    state = optimizer.init(w, found("optbench:Layout")({"layer1": (weights, 1)}))
    step, count = reference.UPDATES[name]
    return partial(optimizer.update, w, g, state, 2), partial(step, w, copy, *_arrays(state, count, w))


def _step(name, weights):
    given = {"norm": 1.0} if name == "clip" else {}
    optimizer = built_in("wrapper", name)(inner=built_in("optimizer", "adam")(), **given)
    at, w = Gradient(weights), aligned(weights)
    state = optimizer.init(w, found("optbench:Layout")({"layer1": (weights, 1)}))
    kept = _arrays(state, 2, w)

    def plain():
        g = at.gradient()
        if name == "clip":
            np.multiply(g, 1.0 / reference.norm(g), out=g)
        reference.adam(w, g, *kept)

    return partial(optimizer.step, w, state, 2, at), plain


def _epoch(name, architecture):
    train, optimizer = found("optbench.training.loop:train", "optbench.train:train"), built_in("optimizer", name)()
    network, w = initial(architecture)
    first, (model, loss) = w.astype(np.float32), bound(network)
    rng, (x, y) = np.random.default_rng(0), rows(600)
    data = (x, y) if loss is None else (loss, x, y[:, None])
    options = {"epochs": 1, "batch_size": BATCH, "rng": rng, "noise": rng}
    monitor = "monitor" if "monitor" in signature(train).parameters else "watch"  # its earlier name
    options |= {"clock": lambda: 0.0, monitor: lambda *_: True}
    copy, batch = reference.Network(WIDTHS[architecture], model.w, BATCH), aligned(BATCH, INPUTS)
    step, count = reference.UPDATES[name]
    kept = [np.ones_like(model.w) for _ in range(count)]

    def own():
        np.copyto(model.w, first)  # as at the start: after some hundred epochs gradients are subnormal, which is slow
        train(optimizer, model, *data, **options)

    def plain():
        np.copyto(model.w, first)
        for places in rng.permutation(600).reshape(-1, BATCH):
            np.take(x, places, axis=0, out=batch, mode="clip")
            copy.loss_and_grad(batch, y[places])
            step(model.w, copy.g, *kept)

    return own, plain
