"""A connection to an SQLite file that other processes use too.

It turns SQLite's errors into `StoreError`, and it notices that the file was deleted or replaced while it was open. SQLite does
not: it continues to write to the deleted file, and everything written is lost when the process ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from os.path import samestat
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Literal

from optbench.core.errors import StoreError

PATIENCE = 10.0
"""Seconds to wait for another process that has locked the file."""


class Database:
    """An open SQLite file.

    Rows are `sqlite3.Row`. Text that is not UTF-8 is returned as bytes, so that it concerns its own row alone.

    Args:
        path: the file.
        create: False raises StoreError where the file does not exist.

    Raises:
        StoreError: the file cannot be opened.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        self.path = path
        self._absolute = path.absolute()  # a plugin may change the working directory
        with self._explained():
            if not create and not path.exists():
                raise StoreError(f"there is no store at {path}; 'optbench run' creates one, --store names another file")
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
            try:
                self._connection.row_factory = sqlite3.Row
                self._connection.text_factory = _text
                self._opened = self._absolute.stat()
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def execute(self, statement: str, values: dict[str, Any] | tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Execute a statement within a transaction of the caller's."""
        return self._connection.execute(statement, values)

    def rows(self, query: str, *values: Any) -> Generator[sqlite3.Row]:
        """Yield the rows of a query; a generator that is not exhausted is to be closed before the file is.

        Raises:
            StoreError: the file is locked or corrupt.
        """
        with self._explained():
            yield from self._connection.execute(query, values)

    @contextmanager
    def transaction(self, kind: Literal["IMMEDIATE", "DEFERRED"] = "IMMEDIATE") -> Iterator[None]:
        """Commit what the body executes, or nothing where it raises.

        Raises:
            StoreError: the file is locked, corrupt or not writable.
        """
        with self._explained():
            self._connection.execute(f"BEGIN {kind}")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def write_ahead(self) -> None:
        """Use a write-ahead log that reaches the disk with every commit.

        Raises:
            StoreError: another process kept the file locked.
        """
        end = monotonic() + PATIENCE
        with self._explained():
            while True:
                try:
                    self._connection.execute("PRAGMA journal_mode = WAL")
                    break
                except sqlite3.OperationalError as error:
                    # SQLite's own time-out does not cover this statement.
                    if not _busy(error) or monotonic() > end:
                        raise
                    sleep(0.02)
            self._connection.execute("PRAGMA synchronous = FULL")

    def change(self) -> Literal["", "deleted", "emptied", "replaced by another file"]:
        """Return what happened to the file at the path since it was opened; empty where it is still the open one.

        Raises:
            StoreError: the folder cannot be read.
        """
        with self._explained():
            try:
                current = self._absolute.stat()
            except (FileNotFoundError, NotADirectoryError):
                return "deleted"
        if not samestat(current, self._opened):
            self._empty_log()
            return "replaced by another file"
        return "" if current.st_size else "emptied"

    def _empty_log(self) -> None:
        # The log belongs to the replaced file but keeps its name: whoever opens the new file would apply the log to it.
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise  # an error of the caller's, such as a closed connection
        except sqlite3.OperationalError as error:
            remedy = "another process has locked it; wait for that process" if _busy(error) else "--store names another file"
            raise StoreError(f"the store {self.path} cannot be used: {error}; {remedy}") from error
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"the store {self.path} is corrupt: {error}; move it away, or name another file with --store"
            ) from error
        except OSError as error:
            raise StoreError(f"the store {self.path} cannot be used: {error.strerror}; --store names another file") from error


def _busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _text(content: bytes) -> str | bytes:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content
