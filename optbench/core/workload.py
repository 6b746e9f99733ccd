"""The workload of a run: what two runs must have in common to be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

from optbench.core.specs import RunSpec, canonical, digest_of

_DIGITS = 16


@dataclass(frozen=True, order=True)
class Workload:
    """What two runs must have in common to be compared: everything in the spec except optimizer, seed and source.

    `embedder`, `architecture` and `loss` are the canonical JSON of a `Choice`: name and all hyper-parameters.
    """

    dataset: str
    dataset_digest: str
    embedder: str
    architecture: str
    epochs: int
    batch_size: int
    dtype: str
    protocol: int
    loss: str

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of all fields, under which targets and studies of the workload are stored."""
        return digest_of(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """Return the workload as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Workload:
        """Return the workload that `as_json` was called on.

        Raises:
            ValueError: a field is missing, unknown, or of another type.
        """
        names = {field.name: {"int": int, "str": str}[str(field.type)] for field in fields(cls)}
        if plain.keys() != names.keys() or any(type(plain[name]) is not kind for name, kind in names.items()):
            raise ValueError(f"a workload has the keys {', '.join(names)}, numbers and texts")
        return cls(**plain)


def workload_of(spec: RunSpec) -> Workload:
    """Return the workload of a run."""
    return Workload(
        spec.dataset,
        spec.dataset_digest,
        canonical(spec.embedder.as_json()),
        canonical(spec.architecture.as_json()),
        spec.epochs,
        spec.batch_size,
        spec.dtype,
        spec.protocol,
        canonical(spec.loss.as_json()),
    )


def group_of(spec: RunSpec) -> str:
    """Return what all runs of one variant on one workload share, whichever source computed them: a short digest."""
    return digest_of(spec.as_json() | {"seed": None, "source": None})[:_DIGITS]
