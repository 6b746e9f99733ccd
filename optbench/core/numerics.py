"""The flat weight vector and its named views, and the in-place kernels that optimizers share.

A kernel makes as few passes over memory as its arithmetic allows: on the 131,200 weights of the two-layer network a pass costs
10 to 20 microseconds, about as much as all of Python's part in a step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating[Any]]
"""An array of float32 or float64."""
Vector: TypeAlias = Array
"""An array of shape (P,): all weights of a network, or something of the same shape."""


class Operator(Protocol):
    """A matrix of which no more is asked than its products: an array, a sparse one, or one whose rows recur."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""

    def __matmul__(self, other: Array, /) -> Array:
        """Return the product with an array of two dimensions."""


@dataclass(frozen=True)
class Layout:
    """How the layers of a network lie in its one weight vector: names and shapes, in order, without gaps."""

    shapes: Mapping[str, tuple[int, ...]]

    @cached_property
    def size(self) -> int:
        """P, the number of weights."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def views(self, w: Vector) -> dict[str, Array]:
        """Return each layer of `w`, shape (P,), as a view in its own shape."""
        views, start = {}, 0
        for name, shape in self.shapes.items():
            stop = start + math.prod(shape)
            views[name] = w[start:stop].reshape(shape)
            start = stop
        return views


@cache
def _blas_axpy(dtype: np.dtype[Any]) -> Callable[..., Any] | None:
    from scipy.linalg import blas  # 140 ms to import: paid by those who train

    return {"f": blas.saxpy, "d": blas.daxpy}.get(dtype.char)


def axpy(a: float, x: Vector, y: Vector) -> None:
    """Y += a x, in place and in one pass (BLAS level 1).

    BLAS is reached through f2py, which would silently work on a copy of a `y` that is not contiguous or of another type, and
    lose the result; such a `y`, and an empty one, take the NumPy way.
    """
    plain = x.dtype == y.dtype and x.shape == y.shape and y.ndim == 1 and y.size > 0
    blas = _blas_axpy(y.dtype) if plain and x.flags.c_contiguous and y.flags.c_contiguous else None
    if blas is None:
        y += a * x
    else:
        blas(x, y, a=a)


def add_square(v: Vector, g: Vector, scratch: Vector) -> None:
    """V += g^2, with `scratch` to work in."""
    np.multiply(g, g, out=scratch)
    v += scratch


def norm(x: Array) -> float:
    """Return the Euclidean norm of a contiguous array (`np.dot` takes a fifth of the time that BLAS `nrm2` does)."""
    flat = x.reshape(-1)
    return math.sqrt(np.dot(flat, flat))


def sign(x: Vector, out: Vector) -> None:
    """Write the signs of `x`, -1, 0 or 1, to `out`, which may be `x`; NaN stays NaN.

    `np.sign` is not vectorised where it writes over its input: 600 microseconds for 131,200 numbers, against 30 this way.
    """
    largest = float(np.finfo(x.dtype).max)
    with np.errstate(over="ignore"):
        np.multiply(x, largest, out=out)
        out *= largest  # now even what was the smallest subnormal number is beyond 1
    np.clip(out, -1.0, 1.0, out=out)


def over_root(x: Vector, v: Vector, eps: float, out: Vector) -> None:
    """Write x / (sqrt(v) + eps) to `out`, which may not be `x`."""
    np.sqrt(v, out=out)
    out += eps
    np.divide(x, out, out=out)


def trust_ratio(w: Array, u: Array, coefficient: float = 1.0) -> float:
    """Return coefficient |w| / |u|, by which a layer `w` scales its update `u`; 1 where either is 0."""
    weights, update = norm(w), norm(u)
    return coefficient * weights / update if weights > 0.0 and update > 0.0 else 1.0


def product(a: Operator, b: Array, out: Array) -> None:
    """Out = a b, (m, k) times (k, n), in parts of some rows of an array `a` where BLAS is faster on those.

    OpenBLAS with AVX-512 multiplies matrices up to m n k = 1e6 without packing them first, in 20 to 30 % less time. A part of
    too few rows wastes that kernel's registers, and where there are many parts, packing is a small share of the whole.
    """
    if not isinstance(a, np.ndarray):
        np.copyto(out, a @ b)
        return
    rows = _SMALL // b.size
    if rows >= len(a) or rows < _FEWEST_ROWS or len(a) > _MOST_PARTS * rows or not _has_small_kernel():
        np.dot(a, b, out=out)  # on vectors and outer products in half the time of matmul
        return
    rows = math.ceil(len(a) / math.ceil(len(a) / rows))  # parts of equal length
    for first in range(0, len(a), rows):
        np.matmul(a[first : first + rows], b, out=out[first : first + rows])  # dot would copy parts of a transposed `a`


_SMALL = 1_000_000
_FEWEST_ROWS = 6
_MOST_PARTS = 10


@cache
def _has_small_kernel() -> bool:
    from threadpoolctl import threadpool_info  # asked once a process

    kernels = {library.get("architecture") for library in threadpool_info() if library["user_api"] == "blas"}
    return bool(kernels & {"SkylakeX", "Cooperlake", "SapphireRapids"})


class Average:
    """An exponential moving average m_t = beta m_{t-1} + (1 - beta) x_t that is scaled lazily.

    The array kept is m_t / beta^t, up to a factor, so that an update is one `axpy` instead of a scaling and an addition. The
    factor is folded back before the array could overflow. `array * factor` is m_t.
    """

    # float32 holds 1e38; below this factor the kept array is scaled down again, every 250 steps or so at beta = 0.9.
    _SMALLEST = 1e-12

    __slots__ = ("array", "beta_power", "factor")

    def __init__(self, like: Vector) -> None:
        self.array = np.zeros_like(like)
        self.factor = 1.0
        self.beta_power = 1.0  # beta^t, the start-up bias that Adam's hats divide out

    def add(self, x: Vector, beta: float, weight: float | None = None) -> None:
        """Take in one more vector: m_t = beta m_{t-1} + weight x, where `weight` is 1 - beta unless given."""
        if self.factor * beta < self._SMALLEST:
            self.array *= self.factor * beta
            self.factor = 1.0
        else:
            self.factor *= beta
        self.beta_power *= beta
        axpy((1.0 - beta if weight is None else weight) / self.factor, x, self.array)

    @property
    def correction(self) -> float:
        """The number that `array` is to be multiplied with to give the unbiased average, m_t / (1 - beta^t)."""
        return self.factor / (1.0 - self.beta_power)


def adam_step(w: Vector, g: Vector, m: Average, v: Average, *, lr: float, beta1: float, beta2: float, eps: float) -> None:
    """Take Adam's step, which Adam and AdamW share.

    m_t, v_t = averages of g_t, g_t^2; w_t = w_{t-1} - lr m^_t / (sqrt(v^_t) + eps), hats as m^_t = m_t / (1 - beta1^t).
    """
    m.add(g, beta1)
    np.multiply(g, g, out=g)
    v.add(g, beta2)
    root = math.sqrt(v.correction)  # sqrt(v^_t) = root sqrt(v.array)
    over_root(m.array, v.array, eps / root, out=g)
    axpy(-lr * m.correction / root, g, w)


def state_arrays(state: Any) -> list[Array]:
    """Return the arrays that an optimizer's state holds, each buffer once however many views there are of it."""
    found: dict[int, Array] = {}
    seen: dict[int, Any] = {}
    rest = [state]
    while rest:
        item = rest.pop()
        if id(item) in seen:
            continue
        seen[id(item)] = item
        if isinstance(item, np.ndarray):
            while isinstance(item.base, np.ndarray):
                item = item.base
            found[id(item)] = item
        elif isinstance(item, Mapping):
            rest += item.values()
        elif isinstance(item, list | tuple):
            rest += item
        else:
            rest += getattr(item, "__dict__", {}).values()
            rest += [getattr(item, name) for name in getattr(item, "__slots__", ())]
    return list(found.values())


def state_bytes(state: Any) -> int:
    """Return the bytes of all arrays that an optimizer's state holds."""
    return sum(array.nbytes for array in state_arrays(state))
