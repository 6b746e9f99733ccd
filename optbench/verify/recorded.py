"""Reading a manifest: from its JSON to results that a repetition can be compared with."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from optbench.core.errors import UsageError, shown
from optbench.core.metrics import DIGESTED
from optbench.core.specs import FINAL, Labels, RunResult, RunSpec
from optbench.verify.differences import Curve
from optbench.verify.manifest import FORMAT, VERSION, RunEntry, checksum

MOST_VALUES = 2**27
"""The most numbers that the curves of a manifest may hold, 1 GiB: those of 200,000 runs of 100 epochs."""
_AGAIN = "get the file again from where it came from, or have 'optbench report' write it again"


class _Manifest(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    format: str
    version: int
    optbench: str
    metrics: list[str]
    workloads: list[dict[str, Any]]
    optimizers: list[dict[str, Any]]
    sources: list[str]
    labels: list[Labels]
    fingerprints: list[dict[str, Any]]
    runs: list[RunEntry]
    curves: str
    sha256: str


_SPECS = TypeAdapter(list[RunSpec], config=ConfigDict(strict=True))


class _Refused(Exception):
    """The manifest breaks a rule; the message says which."""


def recorded_runs(text: str, origin: str) -> list[RunResult]:
    """Return the runs of a manifest, without seconds, sketches and measurements, which it does not have.

    Args:
        text: its JSON.
        origin: the file that it comes from, for messages.

    Raises:
        UsageError: it is incomplete, was changed, or is of a newer version.
    """
    try:
        return _results(_checked(text, origin))
    except (_Refused, ValidationError, ValueError, RecursionError) as error:
        raise UsageError(f"the manifest of {origin} cannot be used: {_reason(error)}; {_AGAIN}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    if isinstance(error, json.JSONDecodeError):
        return f"it is no complete JSON ({error.msg} at character {error.pos})"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _checked(text: str, origin: str) -> _Manifest:
    plain = json.loads(text)
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise _Refused(f"its format is not {FORMAT!r}")
    version = plain.get("version")
    if type(version) is int and version > VERSION:
        raise UsageError(
            f"the manifest of {origin} has version {shown(version)}, and this optbench reads version {VERSION}; update optbench"
        )
    if plain.get("sha256") != (found := checksum(plain)):
        raise _Refused(f"it was changed after it was written: its SHA-256 is {found[:12]}, not {shown(plain.get('sha256'))}")
    manifest = _Manifest.model_validate_json(text)
    if manifest.version != VERSION or manifest.metrics != list(DIGESTED):
        raise _Refused(f"version {VERSION} has the metrics {', '.join(DIGESTED)}")
    return manifest


def _results(manifest: _Manifest) -> list[RunResult]:
    for entry in manifest.runs:
        _check(entry, manifest)
    runs = zip(manifest.runs, _specs(manifest), _by_run(_curves(manifest), manifest.runs), strict=True)
    return [_result(entry, spec, manifest, curves) for entry, spec, curves in runs]


def _check(entry: RunEntry, manifest: _Manifest) -> None:
    places: dict[str, Sequence[object]] = {
        "workload": manifest.workloads,
        "optimizer": manifest.optimizers,
        "source": manifest.sources,
        "labels": manifest.labels,
        "fingerprint": manifest.fingerprints,
    }
    for name, values in places.items():
        if not 0 <= getattr(entry, name) < len(values):
            raise _Refused(f"{name} {shown(getattr(entry, name))} is not one of its {len(values)}")
    if entry.epochs < 0 or (entry.status in FINAL) != (entry.digest is not None and entry.epochs > 0):
        raise _Refused(f"a run with status {entry.status!r} has {shown(entry.epochs)} epochs and digest {shown(entry.digest)}")


def _specs(manifest: _Manifest) -> list[RunSpec]:
    plain = [
        {
            **manifest.workloads[entry.workload],
            "optimizer": manifest.optimizers[entry.optimizer],
            "seed": entry.seed,
            "source": manifest.sources[entry.source],
        }
        for entry in manifest.runs
    ]
    specs = _SPECS.validate_json(json.dumps(plain))
    for spec, own, entry in zip(specs, plain, manifest.runs, strict=True):
        if spec.as_json() != own:
            raise _Refused("a spec has fields that this version of optbench does not know")
        planned = spec.epochs + 1
        if entry.epochs > planned or (entry.status == "ok" and entry.epochs != planned):
            raise _Refused(f"a run of {shown(spec.epochs)} epochs has curves of {entry.epochs} values")
    return specs


def _curves(manifest: _Manifest) -> Curve:
    """Return the values of all curves; never more memory is used than the runs say that there are."""
    size = len(DIGESTED) * sum(entry.epochs for entry in manifest.runs)
    if size > MOST_VALUES:
        raise _Refused(f"its runs have {shown(size)} values, and at most {MOST_VALUES} are read")
    try:
        stream = zlib.decompressobj()
        content = stream.decompress(base64.b64decode(manifest.curves, validate=True), 8 * size + 1)
    except (ValueError, zlib.error) as error:
        raise _Refused(f"its curves cannot be decompressed ({error})") from error
    if len(content) != 8 * size or not stream.eof:
        raise _Refused(f"its curves do not have the {size} values that its runs say")
    return np.frombuffer(content, "<f8").astype(np.float64)


def _by_run(values: Curve, runs: Sequence[RunEntry]) -> Iterator[Mapping[str, Curve]]:
    """Yield the curves of each run; those of one metric follow each other."""
    ends = np.cumsum([entry.epochs for entry in runs])
    rows = values.reshape(len(DIGESTED), -1)
    for end, entry in zip(ends.tolist(), runs, strict=True):
        own = {name: row[end - entry.epochs : end] for name, row in zip(DIGESTED, rows, strict=True)}
        yield own if entry.epochs else {}


def _result(entry: RunEntry, spec: RunSpec, manifest: _Manifest, curves: Mapping[str, Curve]) -> RunResult:
    return RunResult(
        spec,
        manifest.labels[entry.labels],
        entry.status,
        curves=curves,
        digest=entry.digest,
        fingerprint=manifest.fingerprints[entry.fingerprint],
    )
