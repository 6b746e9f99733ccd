"""Runs in float64 end at the weights of a textbook implementation that allocates every intermediate and fuses nothing."""

import numpy as np
import pytest
from losses import LOSSES, TASKS, raw_targets

from optbench.core.numerics import products
from optbench.core.seeding import stream
from optbench.registry import Registry
from optbench.training.loop import train

BUILT_IN = Registry(autoload=False)
INPUTS, ROWS, BATCH, EPOCHS = 65, 75, 32, 100  # the last batch of an epoch is short
# At its default rate of 0.01 RMSProp is chaotic on the deepest network: within 50 epochs a difference in the last bit grows as
# large as that between unrelated runs, in the textbook's own runs too.
PARAMS = {"rmsprop": {"lr": 0.001}}


def adagrad(w, g, s, t):
    s["v"] = s.get("v", 0) + g**2
    return w - 0.01 * g / (np.sqrt(s["v"]) + 1e-10)


def adam(w, g, s, t):
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0) + 0.001 * g**2
    m_hat, v_hat = s["m"] / (1 - 0.9**t), s["v"] / (1 - 0.999**t)
    return w - 0.001 * m_hat / (np.sqrt(v_hat) + 1e-8)


def gd(w, g, s, t):
    return w - 0.01 * g


def rmsprop(w, g, s, t):
    s["v"] = 0.99 * s.get("v", 0) + 0.01 * g**2
    return w - 0.001 * g / (np.sqrt(s["v"]) + 1e-8)


def sgd(w, g, s, t):
    return w - 0.1 * g


def squared_tanh(z, y):
    h = np.tanh(z)
    return (h - y) * (1 - h**2) / len(y)


def cross_entropy(z, y):
    e = np.exp(z)
    return (e / e.sum(axis=1, keepdims=True) - y) / len(y)


def squared(z, y):
    return (z - y) / len(y)


ERRORS = {"squared-tanh": squared_tanh, "cross-entropy": cross_entropy, "squared": squared}
"""dE/dz of each loss."""


def gradients(error, layers, x, y):
    h = [x]
    for w in layers[:-1]:
        h.append(np.tanh(h[-1] @ w))
    da = error(h[-1] @ layers[-1], y)
    found = [h[-1].T @ da]
    for i in reversed(range(len(layers) - 1)):
        da = da @ layers[i + 1].T * (1 - h[i + 1] ** 2)
        found.insert(0, h[i].T @ da)
    return found


def textbook(update, error, batch, layers, x, y, rng):
    states, t = [{} for _ in layers], 0
    for _ in range(EPOCHS):
        order = rng.permutation(ROWS) if batch < ROWS else np.arange(ROWS)
        for first in range(0, ROWS, batch):
            t += 1
            rows = order[first : first + batch]
            found = gradients(error, layers, x[rows], y[rows])
            layers = [update(w, g, s, t) for w, g, s in zip(layers, found, states, strict=True)]
    return layers


@pytest.mark.parametrize("small_products", [False, True])
@pytest.mark.parametrize("architecture", ["single-layer", "two-layer-mlp", "recursive-mlp"])
@pytest.mark.parametrize("rule", [adagrad, adam, gd, rmsprop, sgd])
@pytest.mark.parametrize("name", LOSSES)
def test_final_weights_equal_the_textbooks(name, rule, architecture, small_products, monkeypatch):
    monkeypatch.setattr(products, "has_small_kernel", lambda: small_products)
    monkeypatch.setattr(products, "SMALL", 10 * INPUTS * 32)  # so that these few rows are divided too
    network = BUILT_IN.find("architecture", architecture).cls()
    loss = LOSSES[name]()
    task = next(task for task in TASKS if not loss.incompatibility(task))
    model = network.bind(network.layout(INPUTS, loss.outputs(task)), loss, "float64")
    model.w[:] = network.initial(model.layout, stream(0, "init"))
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(ROWS, INPUTS)) / 8, loss.targets(rng.permutation(raw_targets(task, ROWS)), task)
    layers = [layer.copy() for layer in model.layout.views(model.w).values()]
    method = BUILT_IN.find("optimizer", rule.__name__).cls(**PARAMS.get(rule.__name__, {}))
    batch = ROWS if method.batch == "full" else BATCH
    expected = np.concatenate([w.ravel() for w in textbook(rule, ERRORS[name], batch, layers, x, y, stream(0, "batches"))])
    trained = train(
        method,
        model,
        loss,
        x,
        y,
        epochs=EPOCHS,
        batch_size=BATCH,
        rng=stream(0, "batches"),
        noise=stream(0, "noise"),
        clock=lambda: 0.0,
        monitor=lambda epoch, weights, at, seconds: True,
    )
    assert trained.status == "ok"
    assert np.linalg.norm(trained.weights - expected) <= 1e-12 * np.linalg.norm(expected)
