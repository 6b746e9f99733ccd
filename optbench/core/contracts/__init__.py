"""The contracts between optbench and its plugins: the base classes to subclass, and what an optimizer may ask of its objective.

All weights of a network are one contiguous vector `w` of shape (P,), its gradient `g` is another; layers are views into them
(`Layout`). Hyper-parameters are the fields of a frozen dataclass. State is explicit and never caches a hyper-parameter.
"""

from __future__ import annotations

from optbench.core.contracts.architecture import Architecture, Model, SecondOrderModel
from optbench.core.contracts.dataset import Dataset, GeneratedDataset, Split, TableRows
from optbench.core.contracts.embedder import Embedder, ModelInfo, Role
from optbench.core.contracts.loss import Loss
from optbench.core.contracts.objective import Change, ChangedObjective, Objective
from optbench.core.contracts.optimizer import Optimizer, Reference, State
from optbench.core.contracts.suite import Suite
from optbench.core.contracts.task import Task
from optbench.core.contracts.wrapper import Schedule, Wrapper

__all__ = [
    "OPTBENCH_CONTRACT",
    "Architecture",
    "Change",
    "ChangedObjective",
    "Dataset",
    "Embedder",
    "GeneratedDataset",
    "Loss",
    "Model",
    "ModelInfo",
    "Objective",
    "Optimizer",
    "Reference",
    "Role",
    "Schedule",
    "SecondOrderModel",
    "Split",
    "State",
    "Suite",
    "TableRows",
    "Task",
    "Wrapper",
]

OPTBENCH_CONTRACT = 2
"""The version of these contracts. A plugin module that sets `OPTBENCH_CONTRACT` to another number is refused."""
