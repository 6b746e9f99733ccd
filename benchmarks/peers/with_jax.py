"""JAX: the whole run is one compiled program, a scan over epochs of a scan over batches; vmap trains five seeds at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from problem import BATCH, RATES, TRAIN, Curves, Job, Run, arrays, initial, orders

VARIANTS = {"jax jit+scan": {"seeds": 1}, "jax jit+vmap": {"seeds": 5}}
Weights = list[jax.Array]


def prepare(job: Job, *, seeds: int) -> Run:
    compiled, arguments = program(job, seeds)

    def run() -> Curves:
        losses, accuracies = jax.block_until_ready(compiled(*arguments))
        return np.ravel(losses)[: job.epochs].tolist(), np.ravel(accuracies)[: job.epochs].tolist()  # those of the first seed

    return run


def program(job: Job, seeds: int) -> tuple[Callable[..., tuple[jax.Array, jax.Array]], tuple[object, ...]]:
    """Return the compiled training, and its arguments."""
    jax.config.update("jax_enable_x64", job.dtype == "float64")
    x, y = map(jnp.asarray, arrays(job.dtype))
    weights = [
        jnp.asarray(np.stack(layer), job.dtype)
        for layer in zip(*(initial(job.architecture, s) for s in range(seeds)), strict=True)
    ]
    order = jnp.asarray(np.stack([orders(job.epochs, s) for s in range(seeds)]), jnp.int32)
    train = partial(_train, job.optimizer)
    if seeds == 1:
        weights, order = [w[0] for w in weights], order[0]
    else:
        train = jax.vmap(train, in_axes=(None, None, 0, 0))
    arguments = (x, y, weights, order)
    return jax.jit(train).lower(*arguments).compile(), arguments


def _train(optimizer: str, x: jax.Array, y: jax.Array, weights: Weights, order: jax.Array) -> tuple[jax.Array, jax.Array]:
    zeros = [jnp.zeros_like(w) for w in weights]
    x_train, y_train = x[:TRAIN], y[:TRAIN]

    def step(carry: tuple, rows: jax.Array | None) -> tuple[tuple, None]:
        weights, m, v, t = carry
        batch = (x_train, y_train) if rows is None else (x_train[rows], y_train[rows])
        t = t + 1
        new = [_update(optimizer, *each, t) for each in zip(weights, jax.grad(_half_mse)(weights, *batch), m, v, strict=True)]
        return (*map(list, zip(*new, strict=True)), t), None

    def epoch(carry: tuple, rows: jax.Array) -> tuple[tuple, tuple[jax.Array, jax.Array]]:
        if optimizer == "gd":
            carry, _ = step(carry, None)
        else:
            whole = TRAIN // BATCH * BATCH
            carry, _ = jax.lax.scan(step, carry, rows[:whole].reshape(-1, BATCH))
            carry, _ = step(carry, rows[whole:])  # the short batch
        outputs = _outputs(carry[0], x)
        right = (outputs[TRAIN:] > 0) == (y[TRAIN:] > 0)
        return carry, (jnp.mean((outputs[:TRAIN] - y_train) ** 2), jnp.mean(right, dtype=x.dtype))

    start = (weights, zeros, zeros, jnp.zeros((), x.dtype))
    return jax.lax.scan(epoch, start, order)[1]


def _outputs(weights: Weights, x: jax.Array) -> jax.Array:
    for w in weights:
        x = jnp.tanh(x @ w)
    return x[:, 0]


def _half_mse(weights: Weights, x: jax.Array, y: jax.Array) -> jax.Array:
    return 0.5 * jnp.mean((_outputs(weights, x) - y) ** 2)


def _update(
    optimizer: str,
    w: jax.Array,
    g: jax.Array,
    m: jax.Array,
    v: jax.Array,
    t: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    lr = RATES[optimizer]
    if optimizer == "adam":
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        return w - lr * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v
    if optimizer == "rmsprop":
        v = 0.99 * v + 0.01 * g**2
        return w - lr * g / (jnp.sqrt(v) + 1e-8), m, v
    if optimizer == "adagrad":
        v = v + g**2
        return w - lr * g / (jnp.sqrt(v) + 1e-10), m, v
    return w - lr * g, m, v
