"""Matrix products."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from optbench.core.numerics.layout import Array, Operator

SMALL = 1_000_000
"""The largest m n k of a product for which OpenBLAS uses its kernel for small matrices."""
_FEWEST_ROWS = 6
_MOST_PARTS = 10


def product(a: Operator, b: Array, out: Array) -> None:
    """Out = a b, (m, k) times (k, n), in blocks of rows of an array `a` where BLAS is faster on those.

    OpenBLAS with AVX-512 multiplies matrices up to m n k = 1e6 without packing them first, which takes 20 to 30 % less time. A
    block of too few rows does not fill that kernel's registers, and where many blocks would be needed, packing is a small share
    of the whole.
    """
    if not isinstance(a, np.ndarray):
        np.copyto(out, a @ b)
        return
    rows = SMALL // b.size
    if rows >= len(a) or rows < _FEWEST_ROWS or len(a) > _MOST_PARTS * rows or not has_small_kernel():
        np.dot(a, b, out=out)  # takes half the time of matmul on vectors and outer products
        return
    rows = math.ceil(len(a) / math.ceil(len(a) / rows))  # blocks of equal length
    for first in range(0, len(a), rows):
        np.matmul(a[first : first + rows], b, out=out[first : first + rows])  # dot would copy blocks of a transposed `a`


@cache
def has_small_kernel() -> bool:
    """Whether the BLAS of this process has a kernel for small matrices."""
    from threadpoolctl import threadpool_info

    kernels = {library.get("architecture") for library in threadpool_info() if library["user_api"] == "blas"}
    return bool(kernels & {"SkylakeX", "Cooperlake", "SapphireRapids"})
