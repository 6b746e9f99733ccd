"""What goes into a run and what comes out of it: frozen values with a canonical JSON form and a content key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

PROTOCOL = 1
"""The version of how runs are made and scored; results of different protocols are never mixed."""

Status = Literal["ok", "diverged", "failed", "timeout", "crashed"]
FINAL: tuple[Status, ...] = ("ok", "diverged")
"""Endings that a repetition would not change; runs that ended otherwise are tried again on the next call."""

CURVES = ("train_loss", "val_loss", "val_accuracy", "test_accuracy", "evaluations", "rows")
"""What is recorded at every epoch and enters the digest; seconds are recorded too and do not."""

DIAGNOSTICS = ("gradient_norm", "update_norm", "weight_norm", "distance")
"""What is recorded beside it: how the weights move.

The first two belong to the last step of the epoch: the norm of the gradient that it began with (of its batch, before any
clipping), and how far it moved the evaluated weights. Then the norm of these weights, and their distance from the first
ones. They are as deterministic as the curves, but no part of the digest, which so stays comparable with that of older runs.
"""


# Instance once: json.dumps would make an encoder for each of a plan's hundred thousand specs.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def canonical(value: Any) -> str:
    """Return the one JSON text of `value`: sorted keys, no spaces, no NaN."""
    return _encode(value)


def digest_of(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of `value`, in hexadecimal."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


@dataclass(frozen=True)
class Choice:
    """A method and all its hyper-parameters, by name; and the wrappers around an optimizer, the innermost first."""

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)
    wrappers: tuple[Choice, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the choice as plain values; where there is no wrapper, nothing is said of any."""
        plain = {"name": self.name, "params": dict(self.params)}
        return plain | {"wrappers": [wrapper.as_json() for wrapper in self.wrappers]} if self.wrappers else plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Make a choice from what `as_json` returned."""
        return cls(plain["name"], plain["params"], tuple(map(cls.from_json, plain.get("wrappers", ()))))


@dataclass(frozen=True)
class RunSpec:
    """Everything that a run's result depends on, but for the source that computes it (`source` is that one's digest)."""

    optimizer: Choice
    architecture: Choice
    embedder: Choice
    dataset: str
    dataset_digest: str
    seed: int
    epochs: int
    batch_size: int
    dtype: str
    source: str
    protocol: int = PROTOCOL

    @cached_property
    def key(self) -> str:
        """The SHA-256 by which the run is stored and found."""
        return digest_of(self.as_json())

    @cached_property
    def identity(self) -> str:
        """The same without the source: what stays when the code changes."""
        return digest_of(self.as_json() | {"source": None})

    def as_json(self) -> dict[str, Any]:
        """Return the spec as plain values."""
        # asdict would copy deeply, and take ten times as long.
        plain = {name: getattr(self, name) for name in _FIELDS}
        return plain | {name: plain[name].as_json() for name in _CHOICES}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> RunSpec:
        """Make a spec from what `as_json` returned."""
        choices = {name: Choice.from_json(plain[name]) for name in _CHOICES}
        return cls(**{**plain, **choices})


_FIELDS = tuple(f.name for f in fields(RunSpec))
_CHOICES = ("optimizer", "architecture", "embedder")


@dataclass(frozen=True)
class Labels:
    """How a run's choices are written for people: the name, and those hyper-parameters that are not the default.

    `dataset` is where it is found: a name, or the folder of one that has no name here.
    """

    optimizer: str
    architecture: str
    embedder: str
    dataset: str


@dataclass(frozen=True)
class Measurements:
    """What was measured in the worker, apart from what was computed: never part of a digest. None where it could not be."""

    duration: float | None = None
    """Seconds of the whole run, evaluation included; the embedding, which runs share, is not."""
    weights: int | None = None
    state_bytes: int | None = None
    """The size of the optimizer's state."""
    update: float | None = None
    """Seconds of one `update` alone: the median."""
    update_90: float | None = None
    """The 90th percentile of the same."""
    sgd: float | None = None
    """The median for SGD, in the same process on as many weights."""

    @property
    def cost(self) -> float | None:
        """The median of `update` as a ratio to SGD's."""
        return self.update / self.sgd if self.update is not None and self.sgd else None

    @property
    def cost_90(self) -> float | None:
        """The 90th percentile of `update` as a ratio to SGD's median."""
        return self.update_90 / self.sgd if self.update_90 is not None and self.sgd else None


@dataclass(frozen=True)
class RunResult:
    """What came of a run.

    `curves` has one value an epoch, epoch 0 first, for each of `CURVES` and `DIAGNOSTICS` (older runs lack these); `sketches`
    one row of 512 for each of `sketch_epochs`. `digest` covers the final weights and `CURVES`, and exists for final statuses
    only. `seconds` (of the optimizer and the gradient alone) never enters it.
    """

    spec: RunSpec
    labels: Labels
    status: Status
    reason: str = ""
    curves: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    seconds: tuple[float, ...] = ()
    sketch_epochs: tuple[int, ...] = ()
    sketches: npt.NDArray[np.float32] | None = None
    digest: str | None = None
    majority: float = 0.5
    fingerprint: Mapping[str, Any] = field(default_factory=dict)
    measured: Measurements = field(default_factory=Measurements)

    @property
    def epochs(self) -> int:
        """The number of epochs that were completed."""
        return max(0, len(self.seconds) - 1)
