"""The flat weight vector with its named views, and the in-place kernels that optimizers and architectures share."""

from __future__ import annotations

from optbench.core.numerics.average import Average, adam_step
from optbench.core.numerics.kernels import add_square, axpy, norm, over_root, sign, trust_ratio
from optbench.core.numerics.layout import Array, Layout, Operator, Vector
from optbench.core.numerics.products import product
from optbench.core.numerics.state import StatePath, state_arrays, state_buffers, state_bytes, state_leaves

__all__ = [
    "Array",
    "Average",
    "Layout",
    "Operator",
    "StatePath",
    "Vector",
    "adam_step",
    "add_square",
    "axpy",
    "norm",
    "over_root",
    "product",
    "sign",
    "state_arrays",
    "state_buffers",
    "state_bytes",
    "state_leaves",
    "trust_ratio",
]
