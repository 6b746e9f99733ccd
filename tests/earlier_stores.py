"""Stores as earlier versions of optbench wrote them, from SQL of their own: nothing of the package writes these any more."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from optbench.core.specs import RunResult
from optbench.store import Store

VERSION_2 = """
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
"""The tables as version 2 of the store created them; those of version 1 had no `measured`."""

VERSION_3 = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    identity TEXT NOT NULL,              -- the key without the digest of the source
    status TEXT NOT NULL,
    digest TEXT,
    spec TEXT NOT NULL,                  -- JSON
    labels TEXT NOT NULL,                -- JSON
    reason TEXT NOT NULL,
    majority REAL NOT NULL,
    fingerprint TEXT NOT NULL,           -- JSON
    stored_at TEXT NOT NULL,             -- UTC
    arrays BLOB NOT NULL,                -- npz
    arrays_sha256 TEXT NOT NULL,
    measured TEXT NOT NULL DEFAULT '{}'  -- JSON
);
CREATE INDEX runs_by_status ON runs (status, key, identity);
CREATE TABLE cache (                     -- computed from runs and expensive to compute again
    key TEXT PRIMARY KEY,
    content BLOB NOT NULL,
    sha256 TEXT NOT NULL
);
"""
"""The tables as version 3 created them."""

NAMES = {"val_quality": "val_accuracy", "test_quality": "test_accuracy"}
"""What metrics were called up to version 3."""


def earlier(path: Path, version: int, results: list[RunResult]) -> None:
    """Write a store as an earlier version of the store wrote it."""
    if version == 4:
        _version_4(path, results)
        return
    new = path.with_name("new.sqlite")
    with Store(new) as store:
        for result in results:
            store.put(result)
    with closing(sqlite3.connect(new)) as db:
        db.row_factory = sqlite3.Row
        rows = [_as_stored(dict(row), version) for row in db.execute("SELECT * FROM runs ORDER BY id")]
    new.unlink()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(VERSION_2 if version < 3 else VERSION_3)
        for row in rows:
            db.execute(f"INSERT INTO runs ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))  # noqa: S608
        cache = "computed" if version < 3 else "cache"
        db.execute(f"INSERT INTO {cache} VALUES ('fit', ?, ?)", (b"a fit", hashlib.sha256(b"a fit").hexdigest()))  # noqa: S608
        if version == 1:
            db.execute("ALTER TABLE runs DROP COLUMN measured")
        db.execute("PRAGMA application_id = 0x6F707462")
        db.execute(f"PRAGMA user_version = {version}")


def _version_4(path: Path, results: list[RunResult]) -> None:
    """Version 4 had the same runs, whose labels had no track, and no records."""
    with Store(path) as store:
        for result in results:
            store.put(result)
        store.cache("fit", b"a fit")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for row_id, labels in db.execute("SELECT id, labels FROM runs").fetchall():
            plain = json.loads(labels)
            assert plain.pop("track") == "default"
            db.execute("UPDATE runs SET labels = ? WHERE id = ?", (json.dumps(plain), row_id))
        db.execute("DROP TABLE records")
        db.execute("PRAGMA user_version = 4")


def _as_stored(row: dict[str, Any], version: int) -> dict[str, Any]:
    """Return the columns that versions up to 3 had, with the names of that time; there was no loss to be labelled."""
    del row["id"], row["quality"]
    row["majority"] = row.pop("worst")
    if version < 3:
        row["made"] = row.pop("stored_at")
    labels = json.loads(row["labels"])
    assert (labels.pop("loss"), labels.pop("track")) == ("squared-tanh", "default")
    row["labels"] = json.dumps(labels)
    with np.load(io.BytesIO(row["arrays"])) as stored:
        arrays = dict(stored)
    records = arrays.pop("epochs")
    names = [NAMES.get(name, name) for name in records.dtype.names]
    if version == 1:  # an array per metric
        renamed = zip(names, records.dtype.names, strict=True)
        arrays |= {"seconds" if old == "seconds" else f"curve_{old}": records[new].copy() for old, new in renamed}
    else:
        records.dtype.names = names
        arrays["epochs"] = records
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **arrays)
    return row | {"arrays": out.getvalue(), "arrays_sha256": hashlib.sha256(out.getvalue()).hexdigest()}
