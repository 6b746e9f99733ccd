"""optbench: is this optimizer really better than Adam, and why?

The public face. Names are imported on first use (PEP 562): plugins import this package too, and `optbench --help` must not wait
for NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optbench.core.contracts import OPTBENCH_CONTRACT as OPTBENCH_CONTRACT
    from optbench.core.contracts import Architecture as Architecture
    from optbench.core.contracts import Dataset as Dataset
    from optbench.core.contracts import Embedder as Embedder
    from optbench.core.contracts import GeneratedDataset as GeneratedDataset
    from optbench.core.contracts import Loss as Loss
    from optbench.core.contracts import Model as Model
    from optbench.core.contracts import ModelInfo as ModelInfo
    from optbench.core.contracts import Objective as Objective
    from optbench.core.contracts import Optimizer as Optimizer
    from optbench.core.contracts import Reference as Reference
    from optbench.core.contracts import Role as Role
    from optbench.core.contracts import Schedule as Schedule
    from optbench.core.contracts import SecondOrderModel as SecondOrderModel
    from optbench.core.contracts import Split as Split
    from optbench.core.contracts import State as State
    from optbench.core.contracts import Suite as Suite
    from optbench.core.contracts import TableRows as TableRows
    from optbench.core.contracts import Task as Task
    from optbench.core.contracts import Wrapper as Wrapper
    from optbench.core.errors import MissingExtra as MissingExtra
    from optbench.core.errors import OptbenchError as OptbenchError
    from optbench.core.files import write_atomically as write_atomically
    from optbench.core.hookspecs import hookimpl as hookimpl
    from optbench.core.hyperparameters import between as between
    from optbench.core.hyperparameters import count as count
    from optbench.core.hyperparameters import fraction as fraction
    from optbench.core.hyperparameters import non_negative as non_negative
    from optbench.core.hyperparameters import option as option
    from optbench.core.hyperparameters import positive as positive
    from optbench.core.numerics import Array as Array
    from optbench.core.numerics import Average as Average
    from optbench.core.numerics import Layout as Layout
    from optbench.core.numerics import Operator as Operator
    from optbench.core.numerics import Vector as Vector
    from optbench.core.numerics import adam_step as adam_step
    from optbench.core.numerics import add_square as add_square
    from optbench.core.numerics import axpy as axpy
    from optbench.core.numerics import norm as norm
    from optbench.core.numerics import over_root as over_root
    from optbench.core.numerics import product as product
    from optbench.core.numerics import sign as sign
    from optbench.core.numerics import trust_ratio as trust_ratio
    from optbench.core.oracles import Oracle as Oracle
    from optbench.core.seeding import data_stream as data_stream
    from optbench.core.spaces import Neutral as Neutral
    from optbench.core.spaces import choices as choices
    from optbench.core.spaces import log_uniform as log_uniform
    from optbench.core.spaces import one_minus_log as one_minus_log
    from optbench.core.spaces import scaled as scaled
    from optbench.core.spaces import uniform as uniform
    from optbench.core.turkish import turkish_lower as turkish_lower
    from optbench.core.vector_cache import cached_vectors as cached_vectors
    from optbench.experiment import Experiment as Experiment
    from optbench.experiment import run as run
    from optbench.report.sections import Figure as Figure
    from optbench.report.sections import Section as Section
    from optbench.report.sections import Table as Table
    from optbench.report.sections import Text as Text
    from optbench.results import Results as Results

__version__ = "0.1.0"

PUBLIC = {
    "Architecture": "core.contracts",
    "Array": "core.numerics",
    "Average": "core.numerics",
    "Dataset": "core.contracts",
    "Embedder": "core.contracts",
    "Experiment": "experiment",
    "Figure": "report.sections",
    "GeneratedDataset": "core.contracts",
    "Layout": "core.numerics",
    "Loss": "core.contracts",
    "MissingExtra": "core.errors",
    "Model": "core.contracts",
    "ModelInfo": "core.contracts",
    "Neutral": "core.spaces",
    "OPTBENCH_CONTRACT": "core.contracts",
    "Objective": "core.contracts",
    "Operator": "core.numerics",
    "OptbenchError": "core.errors",
    "Optimizer": "core.contracts",
    "Oracle": "core.oracles",
    "Reference": "core.contracts",
    "Results": "results",
    "Role": "core.contracts",
    "Schedule": "core.contracts",
    "SecondOrderModel": "core.contracts",
    "Section": "report.sections",
    "Split": "core.contracts",
    "State": "core.contracts",
    "Suite": "core.contracts",
    "Table": "report.sections",
    "TableRows": "core.contracts",
    "Task": "core.contracts",
    "Text": "report.sections",
    "Vector": "core.numerics",
    "Wrapper": "core.contracts",
    "adam_step": "core.numerics",
    "add_square": "core.numerics",
    "axpy": "core.numerics",
    "between": "core.hyperparameters",
    "cached_vectors": "core.vector_cache",
    "choices": "core.spaces",
    "count": "core.hyperparameters",
    "data_stream": "core.seeding",
    "fraction": "core.hyperparameters",
    "hookimpl": "core.hookspecs",
    "log_uniform": "core.spaces",
    "non_negative": "core.hyperparameters",
    "norm": "core.numerics",
    "one_minus_log": "core.spaces",
    "option": "core.hyperparameters",
    "over_root": "core.numerics",
    "positive": "core.hyperparameters",
    "product": "core.numerics",
    "run": "experiment",
    "scaled": "core.spaces",
    "sign": "core.numerics",
    "trust_ratio": "core.numerics",
    "turkish_lower": "core.turkish",
    "uniform": "core.spaces",
    "write_atomically": "core.files",
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
