"""The manifest inside a report: everything that is needed to repeat its runs and to compare the results.

It is a JSON object. What runs have in common is written once and referred to by its place in a list, and a run is a list of the
fields of `RunEntry`. The curves of the digest are written as the float64 that the digest covers, compressed by zlib, so that
verification of a report says the same as verification of the store: the first epoch that differs, be it by one bit, and how
much. Curves of float32 with a hash of each epoch would take three quarters of the space and tell small differences no longer.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

import optbench
from optbench.core.metrics import DIGESTED
from optbench.core.specs import RunResult, Status, canonical
from optbench.verify.differences import epochs_of

FORMAT = "optbench manifest"
VERSION = 1
"""Raised when readers of earlier versions would misunderstand it."""
ELEMENT = "manifest"
"""The id of the script element that holds it."""
OWN = ("optimizer", "seed", "source")
"""The fields of a spec that are written for each run; the others are those of the workload."""


class RunEntry(NamedTuple):
    """A run in the manifest; numbers of components are places in the manifest's lists.

    Attributes:
        workload: the fields of the spec that are not in `OWN`.
        optimizer: its optimizer, as in the spec.
        seed: its seed.
        source: the digest of the source that computed it.
        labels: its labels, by which datasets in folders are found.
        fingerprint: the environment that it was computed in.
        status: how it ended.
        digest: the digest of its result; None unless the status is final.
        epochs: how many values each of its curves has.
    """

    workload: int
    optimizer: int
    seed: int
    source: int
    labels: int
    fingerprint: int
    status: Status
    digest: str | None
    epochs: int


class _Places:
    """The values of one list of the manifest, each once."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._places: dict[str, int] = {}

    def of(self, value: Any) -> int:
        """Return the place of a value, which is appended where it is new."""
        place = self._places.setdefault(_text(value), len(self.values))
        if place == len(self.values):
            self.values.append(value)
        return place


def manifest(results: Iterable[RunResult]) -> dict[str, Any]:
    """Return the manifest of a report's runs as plain values; it is the same whatever their order."""
    runs = sorted(results, key=_order)
    lists = {name: _Places() for name in ("workloads", "optimizers", "sources", "labels", "fingerprints")}
    entries = [_entry(run, lists) for run in runs]
    values = np.concatenate([np.empty(0), *(_curve(run, name) for name in DIGESTED for run in runs)])
    content = {
        "format": FORMAT,
        "version": VERSION,
        "optbench": optbench.__version__,
        "metrics": list(DIGESTED),
        **{name: places.values for name, places in lists.items()},
        "runs": [list(entry) for entry in entries],
        "curves": base64.b64encode(zlib.compress(values.astype("<f8").tobytes(), 9)).decode(),
    }
    return content | {"sha256": checksum(content)}


def checksum(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a manifest without its own.

    Raises:
        ValueError: a number is not finite.
    """
    return hashlib.sha256(_text({name: value for name, value in content.items() if name != "sha256"}).encode()).hexdigest()


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _order(run: RunResult) -> tuple[Any, ...]:
    """Neighbours have much in common, which makes the compressed curves smaller."""
    spec = run.spec
    workload = (spec.dataset, spec.dataset_digest, canonical(spec.embedder.as_json()), canonical(spec.architecture.as_json()))
    return (*workload, canonical(spec.optimizer.as_json()), spec.seed, spec.key)


def _entry(run: RunResult, lists: Mapping[str, _Places]) -> RunEntry:
    spec = run.spec.as_json()
    workload = {name: value for name, value in spec.items() if name not in OWN}
    return RunEntry(
        lists["workloads"].of(workload),
        lists["optimizers"].of(spec["optimizer"]),
        spec["seed"],
        lists["sources"].of(spec["source"]),
        lists["labels"].of({name: _without_surrogates(label) for name, label in asdict(run.labels).items()}),
        lists["fingerprints"].of(dict(run.fingerprint)),
        run.status,
        run.digest,
        epochs_of(run),
    )


def _without_surrogates(text: str) -> str:
    """Replace lone surrogates by escapes, as the store does: a path may contain them, and strict readers refuse them."""
    return text.encode(errors="backslashreplace").decode()


def _curve(run: RunResult, name: str) -> Sequence[float] | np.ndarray[Any, np.dtype[np.float64]]:
    return run.curves[name][: epochs_of(run)] if epochs_of(run) else ()
