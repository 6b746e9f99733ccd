"""The tables of a store, and the migrations from earlier versions.

Version 2 added `measured`. Version 3 renamed `made` to `stored_at` and the table `computed` to `cache`; its index answers which
runs are final, and with which identities, without reading a row. Versions of optbench before it, which replace a final result
by one that is not, refuse such a store. Version 4 renamed `majority` to `worst` and added `quality`.
Version 5 added `records`.

No migration reads or rewrites a row: runs of earlier versions stay readable, and a corrupt row does not stop it.
"""

from __future__ import annotations

from optbench.core.errors import StoreError
from optbench.store.database import Database

VERSION = 5
APPLICATION_ID = 0x6F707462  # "optb": distinguishes a store from other SQLite files

_INDEX = "CREATE INDEX runs_by_status ON runs (status, key, identity)"
_RECORDS = """
    CREATE TABLE records (                   -- what belongs to runs but does not decide their keys
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,                  -- plan, study or target
        key TEXT NOT NULL,
        content TEXT NOT NULL,               -- JSON
        UNIQUE (kind, key)
    )
"""
_SCHEMA = (
    """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        identity TEXT NOT NULL,              -- the key without the digest of the source
        status TEXT NOT NULL,
        digest TEXT,
        spec TEXT NOT NULL,                  -- JSON
        labels TEXT NOT NULL,                -- JSON
        reason TEXT NOT NULL,
        worst REAL NOT NULL,
        fingerprint TEXT NOT NULL,           -- JSON
        stored_at TEXT NOT NULL,             -- UTC
        arrays BLOB NOT NULL,                -- npz
        arrays_sha256 TEXT NOT NULL,
        measured TEXT NOT NULL DEFAULT '{}', -- JSON
        quality TEXT NOT NULL DEFAULT 'accuracy'
    )
    """,
    _INDEX,
    """
    CREATE TABLE cache (                     -- computed from runs and expensive to compute again
        key TEXT PRIMARY KEY,
        content BLOB NOT NULL,
        sha256 TEXT NOT NULL
    )
    """,
    _RECORDS,
)

_MIGRATIONS = {
    1: ("ALTER TABLE runs ADD COLUMN measured TEXT NOT NULL DEFAULT '{}'",),
    2: (
        "ALTER TABLE runs RENAME COLUMN made TO stored_at",
        "ALTER TABLE computed RENAME TO cache",
        "DROP INDEX IF EXISTS runs_by_identity",
        "DROP INDEX IF EXISTS runs_by_status",
        _INDEX,
    ),
    3: (
        "ALTER TABLE runs RENAME COLUMN majority TO worst",
        "ALTER TABLE runs ADD COLUMN quality TEXT NOT NULL DEFAULT 'accuracy'",
    ),
    4: (_RECORDS,),
}
"""The statements that lead from one version to the next, by the version they start from."""


def prepare(database: Database) -> None:
    """Create the tables in an empty file, or migrate a store of an earlier version, each in one transaction.

    Raises:
        StoreError: the file belongs to another program, or to a version of optbench that this one cannot read.
    """
    with database.transaction("DEFERRED"):  # the three values belong together: another process may be creating the store
        application, version, empty = _header(database)
    if application != APPLICATION_ID and not (empty and not application):
        raise StoreError(f"{database.path} is an SQLite file, but no store of optbench; --store names another file")
    if application == APPLICATION_ID and version not in (*_MIGRATIONS, VERSION):
        raise StoreError(
            f"{database.path} is a store of version {version}, this optbench reads versions 1 to {VERSION}; update optbench, or"
            " name another file with --store"
        )
    # The journal mode is written into the file, so it is set only after the file is known to be a store.
    database.write_ahead()
    if empty or version != VERSION:
        with database.transaction():
            _update(database)


def _update(database: Database) -> None:
    _, version, empty = _header(database)  # read again: another process may have updated the file before the lock was free
    statements = _SCHEMA if empty else [line for start in range(version, VERSION) for line in _MIGRATIONS[start]]
    for statement in statements:
        database.execute(statement)
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.execute(f"PRAGMA user_version = {VERSION}")


def _header(database: Database) -> tuple[int, int, bool]:
    """Return the application id, the version, and whether the file has no table."""
    ((application,),) = database.execute("PRAGMA application_id")
    ((version,),) = database.execute("PRAGMA user_version")
    return application, version, not database.execute("SELECT 1 FROM sqlite_master").fetchall()
