"""The specification of a run and its result: frozen values with a canonical JSON form and a content key."""

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

PROTOCOL = 2
"""The version of the rules by which runs are computed and scored; results of different versions are never mixed."""

Status = Literal["ok", "diverged", "failed", "timeout", "crashed"]
FINAL: tuple[Status, ...] = ("ok", "diverged")
"""Statuses that a repetition would not change; runs with another status are run again on the next call."""

# One encoder, because json.dumps would construct one for each of the hundred thousand specs of a large plan.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def canonical(value: Any) -> str:
    """Return the one JSON text of `value`: sorted keys, no spaces, no NaN."""
    return _encode(value)


def digest_of(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of `value`, in hexadecimal."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


@dataclass(frozen=True)
class Choice:
    """A component's name with all its hyper-parameters and, for an optimizer, the wrappers around it, innermost first."""

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)
    wrappers: tuple[Choice, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the choice as plain values, without the key "wrappers" where there is none."""
        plain = {"name": self.name, "params": dict(self.params)}
        return plain | {"wrappers": [wrapper.as_json() for wrapper in self.wrappers]} if self.wrappers else plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Return the choice that `as_json` was called on."""
        return cls(plain["name"], plain["params"], tuple(map(cls.from_json, plain.get("wrappers", ()))))


@dataclass(frozen=True)
class RunSpec:
    """Everything that the result of a run depends on. `source` is the digest of the source code that computes it.

    `loss` is left out of the JSON where it is squared-tanh, the only one that the first versions had: keys stay what they were.
    """

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
    loss: Choice = Choice("squared-tanh")  # frozen

    @cached_property
    def key(self) -> str:
        """The SHA-256 under which the run is stored."""
        return digest_of(self.as_json())

    @cached_property
    def identity(self) -> str:
        """The SHA-256 of the spec without `source`, which stays the same when the code changes."""
        return digest_of(self.as_json() | {"source": None})

    def as_json(self) -> dict[str, Any]:
        """Return the spec as plain values."""
        # dataclasses.asdict copies deeply and takes ten times as long.
        plain = {name: getattr(self, name) for name in _FIELDS}
        plain |= {name: plain[name].as_json() for name in _CHOICES}
        if plain["loss"] == _FIRST_LOSS:
            del plain["loss"]
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> RunSpec:
        """Return the spec that `as_json` was called on."""
        choices = {name: Choice.from_json(plain[name]) for name in _CHOICES if name in plain}
        return cls(**{**plain, **choices})


_FIELDS = tuple(f.name for f in fields(RunSpec))
_CHOICES = ("optimizer", "architecture", "embedder", "loss")
_FIRST_LOSS = {"name": "squared-tanh", "params": {}}


@dataclass(frozen=True)
class Labels:
    """How a run's components are displayed: the name, with those hyper-parameters that differ from their default.

    `dataset` is the name of the dataset, or its folder where it is not registered; `workload` the workload's name in the suite
    that the run was planned for. `track` is "default" or, where the optimizer's hyper-parameters were tuned for the workload,
    "tuned"; the variants of an ablation are on a track of their own.
    """

    optimizer: str
    architecture: str
    embedder: str
    dataset: str
    loss: str = "squared-tanh"
    workload: str = ""
    track: Literal["default", "tuned", "ablation"] = "default"


@dataclass(frozen=True)
class Measurements:
    """What was measured in the worker, as opposed to computed: never part of a digest. None where it could not be measured.

    Attributes:
        duration: seconds of the whole run including evaluation, without the embedding, which runs share.
        weights: P, the number of weights.
        state_bytes: size of the optimizer's state that carries information from one step to the next.
        scratch_bytes: size of the buffers in the state that carry none; None in runs stored before they were told apart, whose
            `state_bytes` includes them.
        update: median seconds of one call of `update` alone.
        update_90: 90th percentile of the same.
        sgd: median seconds of SGD's update in the same process on as many weights.
    """

    duration: float | None = None
    weights: int | None = None
    state_bytes: int | None = None
    scratch_bytes: int | None = None
    update: float | None = None
    update_90: float | None = None
    sgd: float | None = None

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
    """The outcome of a run.

    Attributes:
        curves: arrays over epochs, epoch 0 first, by the name of the metric: those of `metrics.RECORDED`. Runs stored by
            earlier versions lack some of them, runs that failed have none.
        seconds: seconds of the optimizer and the gradient alone until each epoch; never part of the digest.
        sketch_epochs: the epochs after which the weights were sketched.
        sketches: shape (len(sketch_epochs), 512), float32.
        digest: SHA-256 of the final evaluated weights and the metrics in `metrics.DIGESTED`; only for statuses in `FINAL`.
        worst: the quality with which a diverged run counts, such as the majority class's share of the test rows.
        quality: what the quality is, in words, such as "accuracy".
        fingerprint: the environment in which the run was computed.
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
    worst: float = 0.5
    quality: str = "accuracy"
    fingerprint: Mapping[str, Any] = field(default_factory=dict)
    measured: Measurements = field(default_factory=Measurements)

    @property
    def epochs(self) -> int:
        """The number of epochs that were completed."""
        return max(0, len(self.seconds) - 1)
