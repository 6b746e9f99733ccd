"""Adam and AdamW without bias correction or without the second moment, against the textbook."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from optbench import Array, Layout, Optimizer
from optbench.optimizers.adam import Adam
from optbench.optimizers.adamw import AdamW

FLAGS = [dict(zip(("bias_correction", "second_moment"), flags, strict=True)) for flags in product((True, False), repeat=2)]


def textbook(w: Array, gradients: list[Array], o: Any, *, decoupled: bool) -> Array:
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t, gradient in enumerate(gradients, 1):
        g = gradient if decoupled else gradient + o.weight_decay * w
        m = o.beta1 * m + (1 - o.beta1) * g
        v = o.beta2 * v + (1 - o.beta2) * g**2
        m_hat = m / (1 - o.beta1**t) if o.bias_correction else m
        v_hat = v / (1 - o.beta2**t) if o.bias_correction else v
        step = m_hat / (np.sqrt(v_hat) + o.eps) if o.second_moment else m_hat
        w = w * (1 - o.lr * o.weight_decay * decoupled) - o.lr * step
    return w


@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize(("cls", "decoupled"), [(Adam, False), (AdamW, True)])
def test_an_ablated_update_equals_the_textbook(cls: type[Any], decoupled: bool, flags: dict[str, bool]) -> None:
    rng = np.random.default_rng(0)
    gradients = [rng.normal(size=7) for _ in range(300)]  # long enough for a lazily scaled average to be rescaled
    optimizer: Optimizer = cls(lr=0.01, weight_decay=0.1, eps=1e-3, **flags)
    first = rng.normal(size=7)
    w = first.copy()
    state = optimizer.init(w, Layout({"w": (7,)}))
    for t, g in enumerate(gradients, 1):
        optimizer.update(w, g.copy(), state, t)
    np.testing.assert_allclose(w, textbook(first, gradients, optimizer, decoupled=decoupled), rtol=1e-11)
