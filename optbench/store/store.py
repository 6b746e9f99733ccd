"""One SQLite file: a row for each run, committed as it ends."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self

import numpy as np

from optbench.core.errors import StoreError
from optbench.core.specs import FINAL, Labels, Measurements, RunResult, RunSpec, canonical

VERSION = 2
_PATIENCE = 10.0
"""Seconds to wait for another process that holds the store."""
_APPLICATION = 0x6F707462  # "optb": tells our file from any other SQLite file
_SCHEMA = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    identity TEXT NOT NULL,          -- the key without the digest of the source
    status TEXT NOT NULL,
    digest TEXT,
    spec TEXT NOT NULL,
    labels TEXT NOT NULL,
    reason TEXT NOT NULL,
    majority REAL NOT NULL,
    fingerprint TEXT NOT NULL,
    made TEXT NOT NULL,              -- UTC
    arrays BLOB NOT NULL,            -- npz
    arrays_sha256 TEXT NOT NULL,
    measured TEXT NOT NULL DEFAULT '{}'  -- since version 2
);
CREATE INDEX runs_by_status ON runs (status, key);
CREATE INDEX runs_by_identity ON runs (identity, id);
CREATE TABLE computed (              -- what follows from runs and is dear to compute again
    key TEXT PRIMARY KEY,
    content BLOB NOT NULL,
    sha256 TEXT NOT NULL
);
"""
_FROM_VERSION_1 = "ALTER TABLE runs ADD COLUMN measured TEXT NOT NULL DEFAULT '{}'"


class Store:
    """The runs in one file.

    Raises:
        StoreError: the file is locked, corrupt, not ours or of another version.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        with self._explained():
            if not create and not path.exists():
                raise StoreError(f"there is no store at {path}; 'optbench run' makes one, --store names another")
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def finished(self) -> set[str]:
        """Return the keys of all runs that ended for good."""
        return {key for (key,) in self._rows(f"SELECT key FROM runs WHERE status IN {FINAL}")}  # noqa: S608  # constants

    def put(self, result: RunResult) -> None:
        """Store a result in one transaction; it replaces an earlier one of the same key."""
        content = _pack(result)
        row = {
            "key": result.spec.key,
            "identity": result.spec.identity,
            "status": result.status,
            "digest": result.digest,
            "spec": canonical(result.spec.as_json()),
            "labels": canonical(asdict(result.labels)),
            "reason": result.reason.encode(errors="backslashreplace").decode(),  # a plugin's words may be no Unicode
            "majority": result.majority,
            "fingerprint": canonical(dict(result.fingerprint)),
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "arrays": content,
            "arrays_sha256": hashlib.sha256(content).hexdigest(),
            "measured": canonical(asdict(result.measured)),
        }
        columns = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        with self._explained(), self._transaction():
            self._db.execute("DELETE FROM runs WHERE key = :key", row)
            self._db.execute(f"INSERT INTO runs ({columns}) VALUES ({marks})", row)  # noqa: S608  # our own names

    def results(self, keys: Iterable[str] | None = None) -> list[RunResult]:
        """Return the runs of these keys, or of all: then, of runs that differ by source alone, only the latest."""
        if keys is None:
            query = "SELECT * FROM runs WHERE id IN (SELECT max(id) FROM runs GROUP BY identity)"
            found = [self._result(row) for row in self._dicts(query)]
        else:
            found = [self._result(row) for key in keys for row in self._dicts("SELECT * FROM runs WHERE key = ?", key)]
        return sorted(found, key=_order)

    def durations(self) -> list[tuple[RunSpec, float]]:
        """Return the specs of all runs that ended for good, with the seconds that each took where these were measured."""
        rows = self._rows(f"SELECT spec, measured FROM runs WHERE status IN {FINAL}")  # noqa: S608  # constants
        try:
            read = [(RunSpec.from_json(json.loads(spec)), Measurements(**json.loads(measured))) for spec, measured in rows]
        except (ValueError, TypeError, KeyError) as error:
            raise StoreError(f"a run in {self.path} is corrupt: {type(error).__name__}: {error}") from error
        return [(spec, measured.duration) for spec, measured in read if measured.duration is not None]

    def computed(self, key: str) -> bytes | None:
        """Return what was kept under `key`, if it is there and whole."""
        for content, sha256 in self._rows("SELECT content, sha256 FROM computed WHERE key = ?", key):
            if hashlib.sha256(content).hexdigest() == sha256:
                return bytes(content)
        return None

    def keep_computed(self, key: str, content: bytes) -> None:
        """Keep something under `key`."""
        with self._explained(), self._transaction():
            self._db.execute("REPLACE INTO computed VALUES (?, ?, ?)", (key, content, hashlib.sha256(content).hexdigest()))

    def check(self) -> list[str]:
        """Return what is wrong with the file, run by run; empty where all is well."""
        faults = [text for (text,) in self._rows("PRAGMA integrity_check") if text != "ok"]
        for key, content, sha256 in self._rows("SELECT key, arrays, arrays_sha256 FROM runs"):
            if hashlib.sha256(content).hexdigest() != sha256:
                faults.append(f"run {key[:12]}: its arrays are not the ones that were stored")
        return faults

    def _prepare(self) -> None:
        self._db.execute("BEGIN")  # one look: another process may be making the store at this moment
        (application,), (version,) = (
            self._db.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
        )
        empty = not self._db.execute("SELECT 1 FROM sqlite_master").fetchone()
        self._db.execute("COMMIT")
        if application != _APPLICATION and not (empty and not application):
            raise StoreError(f"{self.path} is an SQLite file, but no store of optbench; --store names another file")
        # Only now: the mode of a journal is written into the file, and another program's file is not ours to change.
        self._write_ahead()
        self._db.execute("PRAGMA synchronous = FULL")
        if application != _APPLICATION:
            with self._transaction():
                if not self._db.execute("SELECT 1 FROM sqlite_master").fetchone():  # another process may have been quicker
                    for statement in _SCHEMA.split(";\n"):
                        self._db.execute(statement)
                    self._db.execute(f"PRAGMA application_id = {_APPLICATION}")
                    self._db.execute(f"PRAGMA user_version = {VERSION}")
        elif version == 1:
            with self._transaction():
                if self._db.execute("PRAGMA user_version").fetchone() == (1,):  # nor has another process done it
                    self._db.execute(_FROM_VERSION_1)
                    self._db.execute(f"PRAGMA user_version = {VERSION}")
        elif version != VERSION:
            raise StoreError(
                f"{self.path} is a store of version {version}, this optbench reads {VERSION}; --store names another file"
            )

    def _write_ahead(self) -> None:
        """Set the mode of the journal; SQLite does not wait here for another process that is doing the same, so we do."""
        end = monotonic() + _PATIENCE
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if not _busy(error) or monotonic() > end:
                    raise
                sleep(0.02)
            else:
                return

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            remedy = "another process holds it; wait for that one" if _busy(error) else "--store names another file"
            raise StoreError(f"the store {self.path} cannot be used: {error}; {remedy}") from error
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"the store {self.path} is corrupt: {error}; move it away, or name another with --store"
            ) from error
        except OSError as error:
            raise StoreError(f"the store {self.path} cannot be used: {error.strerror}; --store names another file") from error

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._explained():
            return self._db.execute(query, values).fetchall()

    def _dicts(self, query: str, *values: Any) -> Iterator[dict[str, Any]]:
        with self._explained():
            cursor = self._db.execute(query, values)
            names = [column[0] for column in cursor.description]
            rows = cursor.fetchall()
        yield from (dict(zip(names, row, strict=True)) for row in rows)

    def _result(self, row: Mapping[str, Any]) -> RunResult:
        corrupt = f"run {str(row['key'])[:12]} in {self.path} is corrupt"
        if hashlib.sha256(row["arrays"]).hexdigest() != row["arrays_sha256"]:
            raise StoreError(f"{corrupt}: its arrays' SHA-256 is not the one stored beside them")
        try:
            result = _read(row)
        except (ValueError, TypeError, KeyError) as error:
            raise StoreError(f"{corrupt}: {type(error).__name__}: {error}") from error
        if result.spec.key != row["key"]:
            raise StoreError(f"{corrupt}: its key is not that of the spec stored beside it")
        return result


def _busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _read(row: Mapping[str, Any]) -> RunResult:
    arrays = _unpack(row["arrays"])
    curves = _columns(arrays)
    seconds = curves.pop("seconds")
    return RunResult(
        RunSpec.from_json(json.loads(row["spec"])),
        Labels(**json.loads(row["labels"])),
        row["status"],
        reason=row["reason"],
        curves=curves,
        seconds=tuple(seconds.tolist()),
        sketch_epochs=tuple(arrays["sketch_epochs"].tolist()),
        sketches=arrays["sketches"] if arrays["sketches"].size else None,
        digest=row["digest"],
        majority=row["majority"],
        fingerprint=json.loads(row["fingerprint"]),
        measured=Measurements(**json.loads(row["measured"])),
    )


def _order(result: RunResult) -> tuple[Any, ...]:
    spec, labels = result.spec, result.labels
    return (
        spec.dataset,
        labels.embedder,
        labels.architecture,
        labels.optimizer,
        spec.epochs,
        spec.batch_size,
        spec.seed,
        spec.key,
    )


def _pack(result: RunResult) -> bytes:
    """Write a record for each epoch and the sketches: ten thousand files of a dozen arrays each would take seconds to read."""
    columns = {"seconds": np.array(result.seconds, np.float64), **result.curves}
    epochs = np.empty(len(result.seconds), [(name, values.dtype) for name, values in columns.items()])
    for name, values in columns.items():
        epochs[name] = values
    sketches = np.empty((0, 0), np.float32) if result.sketches is None else result.sketches
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, epochs=epochs, sketch_epochs=np.array(result.sketch_epochs, np.int64), sketches=sketches)
    return out.getvalue()


def _unpack(content: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


def _columns(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The seconds and the curves, whether they were written as records or, as once, as arrays of their own."""
    if "epochs" not in arrays:
        return {name.removeprefix("curve_"): array for name, array in arrays.items() if not name.startswith("sketch")}
    return {name: np.ascontiguousarray(arrays["epochs"][name]) for name in arrays["epochs"].dtype.names}
