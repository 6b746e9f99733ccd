"""optbench: is this optimizer really better than Adam, and why?

The public face. Names are imported on first use (PEP 562): plugins import this package too, and `optbench --help` must not wait
for NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optbench.api import Results as Results
    from optbench.api import run as run
    from optbench.contracts import OPTBENCH_CONTRACT as OPTBENCH_CONTRACT
    from optbench.contracts import Architecture as Architecture
    from optbench.contracts import Dataset as Dataset
    from optbench.contracts import Embedder as Embedder
    from optbench.contracts import Model as Model
    from optbench.contracts import Objective as Objective
    from optbench.contracts import Optimizer as Optimizer
    from optbench.contracts import Role as Role
    from optbench.contracts import Schedule as Schedule
    from optbench.contracts import SecondOrderModel as SecondOrderModel
    from optbench.contracts import State as State
    from optbench.contracts import Wrapper as Wrapper
    from optbench.errors import MissingExtra as MissingExtra
    from optbench.errors import OptbenchError as OptbenchError
    from optbench.hookspecs import hookimpl as hookimpl
    from optbench.numerics import Array as Array
    from optbench.numerics import Average as Average
    from optbench.numerics import Layout as Layout
    from optbench.numerics import Operator as Operator
    from optbench.numerics import Vector as Vector
    from optbench.numerics import adam_step as adam_step
    from optbench.numerics import add_square as add_square
    from optbench.numerics import axpy as axpy
    from optbench.numerics import norm as norm
    from optbench.numerics import over_root as over_root
    from optbench.numerics import product as product
    from optbench.numerics import sign as sign
    from optbench.numerics import trust_ratio as trust_ratio
    from optbench.parameters import count as count
    from optbench.parameters import fraction as fraction
    from optbench.parameters import non_negative as non_negative
    from optbench.parameters import positive as positive
    from optbench.turkish import turkish_lower as turkish_lower

__version__ = "0.1.0"

PUBLIC = {
    "Architecture": "contracts",
    "Array": "numerics",
    "Average": "numerics",
    "Dataset": "contracts",
    "Embedder": "contracts",
    "Layout": "numerics",
    "MissingExtra": "errors",
    "Model": "contracts",
    "OPTBENCH_CONTRACT": "contracts",
    "Objective": "contracts",
    "Operator": "numerics",
    "OptbenchError": "errors",
    "Optimizer": "contracts",
    "Results": "api",
    "Role": "contracts",
    "Schedule": "contracts",
    "SecondOrderModel": "contracts",
    "State": "contracts",
    "Vector": "numerics",
    "Wrapper": "contracts",
    "adam_step": "numerics",
    "add_square": "numerics",
    "axpy": "numerics",
    "count": "parameters",
    "fraction": "parameters",
    "hookimpl": "hookspecs",
    "non_negative": "parameters",
    "norm": "numerics",
    "over_root": "numerics",
    "positive": "parameters",
    "product": "numerics",
    "run": "api",
    "sign": "numerics",
    "trust_ratio": "numerics",
    "turkish_lower": "turkish",
}
"""Each public name and the module that defines it."""

__all__ = ["__version__", *sorted(PUBLIC)]  # noqa: PLE0604  # all of them are strings


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module 'optbench' has no attribute {name!r}")
    value = getattr(import_module(f"optbench.{PUBLIC[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC})
