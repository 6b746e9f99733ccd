# one signature for all rules
"""The methods in textbook form: allocating, unfused, one layer at a time.

The oracles of `tests/oracle` are the authority; these test the same where neither torch nor JAX is installed, in a form that
can be compared with the paper line by line. Each takes a layer's weights, its gradient, the step, its memory of that layer,
and the optimizer with its hyper-parameters, and returns the new weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from optbench import Array

Memory: TypeAlias = dict[str, Any]
Rule: TypeAlias = Callable[[Array, Array, int, Memory, Any], Array]


def average(s: Memory, name: str, x: Array, beta: float) -> Array:
    s[name] = beta * s.get(name, 0.0 * x) + (1 - beta) * x
    return np.array(s[name])


def moments(g: Array, t: int, s: Memory, o: Any) -> tuple[Array, Array]:
    """Adam's m^_t and v^_t."""
    m = average(s, "m", g, o.beta1)
    v = average(s, "v", g**2, o.beta2)
    return m / (1 - o.beta1**t), v / (1 - o.beta2**t)


def sgd(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    return w - o.lr * (g + o.weight_decay * w)


def momentum(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    s["b"] = o.momentum * s.get("b", 0.0) + g + o.weight_decay * w
    return w - o.lr * s["b"]


def nesterov(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    g = g + o.weight_decay * w
    s["b"] = o.momentum * s.get("b", 0.0) + g
    return w - o.lr * (g + o.momentum * s["b"])


def adagrad(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    g = g + o.weight_decay * w
    s["v"] = s.get("v", 0.0) + g**2
    return w - o.lr * g / (np.sqrt(s["v"]) + o.eps)


def rmsprop(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    g = g + o.weight_decay * w
    v = average(s, "v", g**2, o.alpha)
    if o.centered:
        v -= average(s, "m", g, o.alpha) ** 2
    return w - o.lr * g / (np.sqrt(v) + o.eps)


def adadelta(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    g = g + o.weight_decay * w
    v = average(s, "v", g**2, o.rho)
    d = np.sqrt(s.get("x", 0.0) + o.eps) / np.sqrt(v + o.eps) * g
    average(s, "x", d**2, o.rho)
    return w - o.lr * d


def adam(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    m, v = moments(g + o.weight_decay * w, t, s, o)
    return w - o.lr * m / (np.sqrt(v) + o.eps)


def adamw(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    m, v = moments(g, t, s, o)
    return (1 - o.lr * o.weight_decay) * w - o.lr * m / (np.sqrt(v) + o.eps)


def amsgrad(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    m, _ = moments(g + o.weight_decay * w, t, s, o)
    s["u"] = np.maximum(s.get("u", 0.0), s["v"])
    return w - o.lr * m / (np.sqrt(s["u"] / (1 - o.beta2**t)) + o.eps)


def nadam(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    g = g + o.weight_decay * w
    _, v = moments(g, t, s, o)
    mu, following = (o.beta1 * (1 - 0.5 * 0.96 ** (i * o.momentum_decay)) for i in (t, t + 1))
    s["product"] = s.get("product", 1.0) * mu
    m = (1 - mu) * g / (1 - s["product"]) + following * s["m"] / (1 - s["product"] * following)
    return w - o.lr * m / (np.sqrt(v) + o.eps)


def radam(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    m, _ = moments(g + o.weight_decay * w, t, s, o)
    longest = 2 / (1 - o.beta2) - 1
    rho = longest - 2 * t * o.beta2**t / (1 - o.beta2**t)
    if rho <= 5:
        return w - o.lr * m
    r = np.sqrt((rho - 4) * (rho - 2) * longest / ((longest - 4) * (longest - 2) * rho))
    return w - o.lr * r * m * np.sqrt(1 - o.beta2**t) / (np.sqrt(s["v"]) + o.eps)


def adamax(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    g = g + o.weight_decay * w
    m, _ = moments(g, t, s, o)
    s["u"] = np.maximum(o.beta2 * s.get("u", 0.0), np.abs(g) + o.eps)
    return w - o.lr * m / s["u"]


def adabelief(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    m = average(s, "m", g, o.beta1)
    average(s, "v", (g - m) ** 2, o.beta2)
    s["v"] += o.eps
    v = s["v"] / (1 - o.beta2**t)
    return (1 - o.lr * o.weight_decay) * w - o.lr * m / (1 - o.beta1**t) / (np.sqrt(v) + o.eps)


def adan(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    difference = g - s.get("g", g)
    s["g"] = g
    m = average(s, "m", g, o.beta1) / (1 - o.beta1**t)
    v = average(s, "v", difference, o.beta2) / (1 - o.beta2**t)
    n = average(s, "n", (g + o.beta2 * difference) ** 2, o.beta3) / (1 - o.beta3**t)
    return (w - o.lr * (m + o.beta2 * v) / (np.sqrt(n) + o.eps)) / (1 + o.lr * o.weight_decay)


def adafactor(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    eps = np.finfo(w.dtype).eps
    beta = 1 - t**-o.decay
    if w.ndim == 2:
        rows = average(s, "r", (g**2).mean(axis=1), beta)
        columns = average(s, "c", (g**2).mean(axis=0), beta)
        v = np.outer(rows, columns) / max(rows.mean(), eps)
    else:
        v = average(s, "v", g**2, beta)
    u = g / np.sqrt(np.maximum(v, eps**2))
    step = max(o.eps, np.sqrt(np.mean(w**2))) * min(o.lr, 1 / np.sqrt(t))
    return (1 - o.lr * o.weight_decay) * w - step * u / max(1.0, np.sqrt(np.mean(u**2)) / o.clip)


def signsgd(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    return (1 - o.lr * o.weight_decay) * w - o.lr * np.sign(g)


def signum(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    return (1 - o.lr * o.weight_decay) * w - o.lr * np.sign(average(s, "m", g, o.momentum))


def rprop(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    agreement = g * s.get("g", 0.0)
    factor = np.where(agreement > 0, o.grow, np.where(agreement < 0, o.shrink, 1.0))
    s["step"] = np.clip(s.get("step", o.lr) * factor, o.step_min, o.step_max)
    s["g"] = np.where(agreement < 0, 0.0, g)
    return w - s["step"] * np.sign(s["g"])


def _trust(w: Array, u: Array, coefficient: float) -> float:
    weights, update = np.linalg.norm(w), np.linalg.norm(u)
    return float(coefficient * weights / update) if weights and update else 1.0


def lars(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    u = g + o.weight_decay * w
    s["b"] = o.momentum * s.get("b", 0.0) + o.lr * _trust(w, u, o.trust) * u
    return w - s["b"]


def lamb(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    m, v = moments(g, t, s, o)
    u = m / (np.sqrt(v) + o.eps) + o.weight_decay * w
    return w - o.lr * _trust(w, u, 1.0) * u


def lbfgs(w: Array, g: Array, t: int, s: Memory, o: Any) -> Array:
    """H as the matrix of Nocedal & Wright, Numerical Optimization, equation 7.16, computed from the pairs in each step."""
    if t == 1:
        s["pairs"], s["scale"] = [], 1.0
        direction = -g * min(1.0, 1.0 / np.abs(g).sum())
    else:
        move, change = w - s["w"], g - s["g"]
        if change @ move > 1e-10:
            s["pairs"] = [*s["pairs"], (move, change)][-o.history :]
            s["scale"] = (change @ move) / (change @ change)
        h = s["scale"] * np.eye(w.size)
        for move, change in s["pairs"]:
            rho = 1 / (change @ move)
            left = np.eye(w.size) - rho * np.outer(move, change)
            h = left @ h @ left.T + rho * np.outer(move, move)
        direction = -h @ g
    s["w"], s["g"] = w, g
    return np.asarray(w + o.lr * direction)


RULES: Mapping[str, Rule] = {
    "adabelief": adabelief,
    "adadelta": adadelta,
    "adafactor": adafactor,
    "adagrad": adagrad,
    "adam": adam,
    "adamax": adamax,
    "adamw": adamw,
    "adan": adan,
    "amsgrad": amsgrad,
    "gd": sgd,
    "lamb": lamb,
    "lars": lars,
    "lbfgs": lbfgs,
    "momentum": momentum,
    "nadam": nadam,
    "nesterov": nesterov,
    "radam": radam,
    "rmsprop": rmsprop,
    "rprop": rprop,
    "sgd": sgd,
    "signsgd": signsgd,
    "signum": signum,
}

NO_ORACLE: Mapping[str, str] = {}
"""Why a method has no oracle, for those that are compared with their textbook form only; none at present."""
