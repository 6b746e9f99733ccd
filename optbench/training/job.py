"""A planned run with its components built: what the plan produces and a worker executes."""

from __future__ import annotations

from dataclasses import dataclass

from optbench.core.contracts import Architecture, Embedder, Loss, Optimizer
from optbench.core.specs import Labels, RunSpec
from optbench.data.loader import FrozenDataset


@dataclass(frozen=True)
class Job:
    """A run that can be executed: its spec, and an instance of each component that the spec names.

    A job is picklable and holds no rows: a worker reads the dataset for itself.
    """

    spec: RunSpec
    labels: Labels
    optimizer: Optimizer
    architecture: Architecture
    embedder: Embedder
    loss: Loss
    dataset: FrozenDataset
    distributions: frozenset[str] = frozenset()
    """The third-party distributions whose code the job imports; empty where all of its components are built in."""
    twin: bool = False
    """Whether it starts a little beside the run of its spec, to tell whether the outcome is chaotic; never stored."""
