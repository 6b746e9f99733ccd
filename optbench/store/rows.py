"""Conversion between a run's result and its row; reading checks every column."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Json, ValidationError

from optbench.core.metrics import DIGESTED
from optbench.core.specs import FINAL, Labels, Measurements, RunResult, RunSpec, Status, canonical
from optbench.store.arrays import Array, pack_arrays, unpack_arrays


class CorruptRow(Exception):
    """A row that is not what was stored, or that no version of optbench stores; the message says what is wrong with it."""


def _finite(value: dict[str, Any]) -> dict[str, Any]:
    """Raise ValueError if a number is not finite, which JSON has no notation for."""
    canonical(value)
    return value


class _Row(BaseModel):
    """The columns of a row that a result is read from. The JSON among them is parsed and checked too."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    id: int
    key: str
    identity: str
    status: Status
    digest: str | None
    spec: Json[RunSpec]
    labels: Json[Labels]
    reason: str
    worst: float
    fingerprint: Json[Annotated[dict[str, Any], AfterValidator(_finite)]]
    stored_at: str
    arrays: bytes
    arrays_sha256: str
    measured: Json[Measurements]
    quality: str


_EARLIER = {"val_accuracy": "val_quality", "test_accuracy": "test_quality"}
"""The names of metrics up to version 3 of the store, and what they are called now."""

COLUMNS = ", ".join(_Row.model_fields)
"""The columns that `unpack` takes, as SQL."""


def pack(result: RunResult) -> dict[str, Any]:
    """Return the row of a result, by column; its id is left to SQLite."""
    arrays = _pack_arrays(result)
    labels = {name: _without_surrogates(label) for name, label in asdict(result.labels).items()}
    return {
        "key": result.spec.key,
        "identity": result.spec.identity,
        "status": result.status,
        "digest": result.digest,
        "spec": canonical(result.spec.as_json()),
        "labels": canonical(labels),
        "reason": _without_surrogates(result.reason),
        "worst": result.worst,
        "fingerprint": canonical(dict(result.fingerprint)),
        "stored_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "arrays": arrays,
        "arrays_sha256": hashlib.sha256(arrays).hexdigest(),
        "measured": canonical(asdict(result.measured)),
        "quality": _without_surrogates(result.quality),
    }


def name(row: sqlite3.Row) -> str:
    """Return how messages name the run of a row: by its key or, where that is no text, by the row's id."""
    key = row["key"]
    return f"run {key[:12]}" if isinstance(key, str) else f"the run with id {row['id']}"


def unpack(row: sqlite3.Row) -> RunResult:
    """Return the result that a row of `COLUMNS` stores.

    Raises:
        CorruptRow: a column is missing or has the wrong type, its JSON or npz cannot be parsed, or a checksum does not match.
    """
    try:
        return _result(_Row.model_validate(dict(row)))
    except CorruptRow:
        raise
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise CorruptRow(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except Exception as error:  # whatever a parser raises on arbitrary bytes, EOFError and RecursionError among them
        raise CorruptRow(" ".join(f"{type(error).__name__}: {error}".split())) from error


def unpack_timing(spec: str, measured: str) -> tuple[RunSpec, Measurements]:
    """Return the spec and the measurements of a row, which are read without the rest.

    Raises:
        CorruptRow: one of the two cannot be parsed.
    """
    try:
        row = _Timing.model_validate({"spec": spec, "measured": measured})
    except ValidationError as error:
        raise CorruptRow(str(error)) from error
    return row.spec, row.measured


class _Timing(BaseModel):
    model_config = _Row.model_config

    spec: Json[RunSpec]
    measured: Json[Measurements]


def _result(row: _Row) -> RunResult:
    if (row.spec.key, row.spec.identity) != (row.key, row.identity):
        raise CorruptRow("its key or identity is not that of the spec stored beside it")
    if hashlib.sha256(row.arrays).hexdigest() != row.arrays_sha256:
        raise CorruptRow("the SHA-256 of its arrays is not the one stored beside them")
    arrays = unpack_arrays(row.arrays)
    curves = _curves(arrays)
    if row.status in FINAL and (row.digest is None or not set(DIGESTED) <= set(curves) or not len(curves["seconds"])):
        raise CorruptRow(f"its status is {row.status!r}, but its digest or metrics are missing")
    seconds = curves.pop("seconds")
    epochs, sketches = _sketches(arrays, len(seconds))
    return RunResult(
        row.spec,
        row.labels,
        row.status,
        reason=row.reason,
        curves=curves,
        seconds=tuple(seconds.tolist()),
        sketch_epochs=epochs,
        sketches=sketches,
        digest=row.digest,
        worst=row.worst,
        quality=row.quality,
        fingerprint=row.fingerprint,
        measured=row.measured,
    )


def _pack_arrays(result: RunResult) -> bytes:
    """Return the curves, as one array of records, and the sketches as npz: reading an array of its own per metric is slow."""
    columns = {"seconds": result.seconds, **result.curves}
    epochs = np.empty(len(result.seconds), [(name, np.float64) for name in columns])
    for name, values in columns.items():
        epochs[name] = values
    sketches = np.empty((0, 0), np.float32) if result.sketches is None else result.sketches
    return pack_arrays({"epochs": epochs, "sketch_epochs": np.array(result.sketch_epochs, np.int64), "sketches": sketches})


def _curves(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the curves and the seconds, stored as records or, in the first stores, as arrays of their own."""
    if "epochs" in arrays:
        records = arrays["epochs"]
        stored = {name: records[name] for name in records.dtype.names or ()}
    else:
        stored = {name.removeprefix("curve_"): array for name, array in arrays.items() if not name.startswith("sketch")}
    stored = {_EARLIER.get(name, name): values for name, values in stored.items()}
    length = len(stored["seconds"])
    for name, values in stored.items():
        if values.dtype.type is not np.float64 or values.shape != (length,):
            raise CorruptRow(f"its {name!r} is {values.dtype} of shape {values.shape}, not float64 of shape ({length},)")
    return {name: np.ascontiguousarray(values) for name, values in stored.items()}


def _sketches(arrays: Mapping[str, Array], length: int) -> tuple[tuple[int, ...], Array | None]:
    epochs, sketches = arrays["sketch_epochs"], arrays["sketches"]
    if epochs.dtype.kind != "i" or epochs.ndim != 1 or not all(0 <= epoch < length for epoch in epochs.tolist()):
        raise CorruptRow("the epochs of its sketches are not epochs of the run")
    if not sketches.size:
        return tuple(epochs.tolist()), None
    if sketches.dtype.type is not np.float32 or sketches.ndim != 2 or len(sketches) != len(epochs):  # noqa: PLR2004  # a matrix
        raise CorruptRow(f"its sketches are {sketches.dtype} of shape {sketches.shape}, not float32 with {len(epochs)} rows")
    return tuple(epochs.tolist()), sketches


def _without_surrogates(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot encode, by escapes: paths and a plugin's messages may contain them."""
    return text.encode(errors="backslashreplace").decode()
