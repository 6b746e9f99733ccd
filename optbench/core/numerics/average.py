"""Exponential moving averages, and Adam's step, which is made of two."""

from __future__ import annotations

import math

import numpy as np

from optbench.core.numerics.kernels import axpy, over_root
from optbench.core.numerics.layout import Vector


class Average:
    """An exponential moving average m_t = beta m_{t-1} + (1 - beta) x_t that is scaled lazily.

    `array` is m_t / beta^t up to a factor, so that an update is one `axpy` instead of a scaling and an addition. The factor is
    folded back into the array before it could overflow. m_t is `array * factor`.
    """

    # float32 holds numbers up to 1e38. The array is rescaled when the factor falls below this, every 250 steps at beta = 0.9.
    _SMALLEST = 1e-12

    __slots__ = ("array", "beta_power", "factor")

    def __init__(self, like: Vector) -> None:
        self.array = np.zeros_like(like)
        self.factor = 1.0
        self.beta_power = 1.0  # beta^t, for the bias correction of Adam

    def add(self, x: Vector, beta: float, weight: float | None = None) -> None:
        """Update the average with `x`: m_t = beta m_{t-1} + weight x, where `weight` is 1 - beta by default."""
        if self.factor * beta < self._SMALLEST:
            self.array *= self.factor * beta
            self.factor = 1.0
        else:
            self.factor *= beta
        self.beta_power *= beta
        axpy((1.0 - beta if weight is None else weight) / self.factor, x, self.array)

    @property
    def correction(self) -> float:
        """The factor by which `array` has to be multiplied for the unbiased average, m_t / (1 - beta^t)."""
        return self.factor / (1.0 - self.beta_power)


def adam_step(
    w: Vector,
    g: Vector,
    m: Average,
    v: Average,
    *,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    bias_correction: bool = True,
    second_moment: bool = True,
) -> None:
    """Take Adam's step, which Adam and AdamW share. `g` is overwritten.

    m_t, v_t = averages of g_t, g_t^2; w_t = w_{t-1} - lr m^_t / (sqrt(v^_t) + eps), hats as m^_t = m_t / (1 - beta1^t).
    Without bias correction m^_t is m_t and v^_t is v_t; without the second moment the step is -lr m^_t.
    """
    m.add(g, beta1)
    m_factor = m.correction if bias_correction else m.factor
    if not second_moment:
        axpy(-lr * m_factor, m.array, w)
        return
    np.multiply(g, g, out=g)
    v.add(g, beta2)
    root = math.sqrt(v.correction if bias_correction else v.factor)  # sqrt(v^_t) = root sqrt(v.array)
    over_root(m.array, v.array, eps / root, out=g)
    axpy(-lr * m_factor / root, g, w)
