"""The operations on stored runs."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from optbench.core.errors import StoreError
from optbench.core.specs import FINAL, RunResult, RunSpec, canonical
from optbench.store.database import Database
from optbench.store.rows import COLUMNS, CorruptRow, name, pack, unpack, unpack_timing
from optbench.store.schema import prepare

_FINAL = ", ".join(f"'{status}'" for status in FINAL)

RecordKind = Literal["plan", "study", "target"]


class Store:
    """The stored runs of one file. A context manager that closes the file.

    Methods raise `StoreError` where the file is locked or corrupt, and where it was deleted or replaced since it was opened.

    Args:
        path: the file; a store of an earlier version is migrated.
        create: False raises StoreError where the file does not exist.

    Raises:
        StoreError: the file cannot be opened, or is no store that this version can read.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        self._written: set[str] = set()
        self._closed = False
        self._database = Database(path, create=create)
        try:
            prepare(self._database)
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self.close()
        else:  # it must not hide the error
            self._closed = True
            self._database.close()

    def close(self) -> None:
        """Close the file.

        Raises:
            StoreError: the file was deleted or replaced, and results that this process stored are lost.
        """
        if not self._closed:
            self._closed = True
            try:
                if self._written:
                    self._require_file()
            finally:
                self._database.close()

    def finished(self) -> set[str]:
        """Return the keys of the runs with a final status."""
        keys = {row["key"] for row in self._database.rows(f"SELECT key FROM runs WHERE status IN ({_FINAL})")}  # noqa: S608  # constants
        self._require_file()
        return keys

    def identities(self) -> dict[str, int]:
        """Return, by the identity of a spec, the number of its stored runs with a final status, whichever source computed them.

        A job whose key is not in `finished()` but whose identity is a key of this mapping was executed with another version of
        its source.
        """
        query = f"SELECT identity, count(*) FROM runs WHERE status IN ({_FINAL}) GROUP BY identity"  # noqa: S608  # constants
        return dict(map(tuple, self._database.rows(query)))

    def put(self, result: RunResult) -> bool:
        """Store a result in one transaction, in place of an earlier one with its key.

        Returns:
            False where the result is not final and an earlier one with its key is: the earlier one is kept.
        """
        row = pack(result)
        columns, values = ", ".join(row), ", ".join(f":{column}" for column in row)
        with self._writing() as database:
            if result.status not in FINAL:
                query = f"SELECT 1 FROM runs WHERE key = :key AND status IN ({_FINAL})"  # noqa: S608  # constants
                if database.execute(query, row).fetchone():
                    return False
            database.execute("DELETE FROM runs WHERE key = :key", row)
            database.execute(f"INSERT INTO runs ({columns}) VALUES ({values})", row)  # noqa: S608  # constants
            self._written.add(result.spec.key)
        return True

    def results(self, keys: Iterable[str] | None = None) -> list[RunResult]:
        """Return the runs with these keys, or all stored runs, whichever source computed them.

        They are sorted by workload and optimizer, then by source, the one whose run was stored last at the end, then by seed.

        Raises:
            StoreError: a row is corrupt; the message names the run.
        """
        if keys is None:
            rows = self._database.rows(f"SELECT {COLUMNS} FROM runs")  # noqa: S608  # constants
        else:
            query = f"SELECT {COLUMNS} FROM runs WHERE key = ?"  # noqa: S608  # constants
            rows = (row for key in keys for row in self._database.rows(query, key))
        with closing(rows):
            results = {row["id"]: self._result(row) for row in rows}
        self._require_file()
        return _sorted(results)

    def durations(self) -> list[tuple[RunSpec, float]]:
        """Return the specs of the runs with a final status, with the seconds that each took where these were measured.

        Corrupt rows are left out, since this is for estimates: `results` and `check` report them.
        """
        durations = []
        for spec, measured in self._database.rows(f"SELECT spec, measured FROM runs WHERE status IN ({_FINAL})"):  # noqa: S608  # constants
            try:
                timing = unpack_timing(spec, measured)
            except CorruptRow:
                continue
            if timing[1].duration is not None:
                durations.append((timing[0], timing[1].duration))
        return durations

    def cached(self, key: str) -> bytes | None:
        """Return what `cache` stored under `key`; None where there is nothing, or where it is corrupt."""
        for content, sha256 in self._database.rows("SELECT content, sha256 FROM cache WHERE key = ?", key):
            if isinstance(content, bytes) and hashlib.sha256(content).hexdigest() == sha256:
                return content
        return None

    def cache(self, key: str, content: bytes) -> None:
        """Store something that was computed from runs and is expensive to compute again."""
        with self._writing() as database:
            database.execute("REPLACE INTO cache VALUES (?, ?, ?)", (key, content, hashlib.sha256(content).hexdigest()))

    def record(self, kind: RecordKind, key: str, content: Mapping[str, Any]) -> None:
        """Store a plan, a study or a target, in place of an earlier one with its kind and key.

        One that is stored already with the same content keeps its place in the order.
        """
        text = canonical(content)
        if self._contents(kind).get(key) == text:
            return
        with self._writing() as database:
            database.execute("REPLACE INTO records (kind, key, content) VALUES (?, ?, ?)", (kind, key, text))

    def records(self, kind: RecordKind) -> dict[str, dict[str, Any]]:
        """Return the plans, studies or targets by key, in the order in which they were stored.

        Raises:
            StoreError: one of them is corrupt.
        """
        found = {}
        for key, text in self._contents(kind).items():
            try:
                found[key] = dict(json.loads(text))
            except (ValueError, TypeError) as error:
                raise StoreError(
                    f"the {kind} {key[:16]} in the store {self.path} is corrupt; name another file with --store"
                ) from error
        return found

    def _contents(self, kind: RecordKind) -> dict[str, str]:
        query = "SELECT key, content FROM records WHERE kind = ? ORDER BY id"
        return dict(map(tuple, self._database.rows(query, kind)))

    def check(self) -> list[str]:
        """Return every fault of the file and of its rows, one message per row; empty where there is none."""
        faults = []
        try:
            faults += [" ".join(str(text).split()) for (text,) in self._database.rows("PRAGMA integrity_check") if text != "ok"]
            for row in self._database.rows(f"SELECT {COLUMNS} FROM runs ORDER BY id"):  # noqa: S608  # constants
                try:
                    unpack(row)
                except CorruptRow as error:
                    faults.append(f"{name(row)}: {error}")
        except StoreError as error:  # pages of the file cannot be read
            faults.append(str(error))
        return faults

    @contextmanager
    def _writing(self) -> Iterator[Database]:
        """Commit what the body executes, to a file that is still the one at the path."""
        self._require_file()
        with self._database.transaction():
            yield self._database
        self._require_file()

    def _require_file(self) -> None:
        change = self._database.change()
        if change:
            raise StoreError(
                f"the store {self.path} was {change} while it was open; runs that this process had stored in it and that are"
                f" lost: {len(self._written)}; repeat the command to execute what is missing"
            )

    def _result(self, row: sqlite3.Row) -> RunResult:
        try:
            return unpack(row)
        except CorruptRow as error:
            raise StoreError(
                f"{name(row)} in the store {self.path} is corrupt: {error}; 'optbench doctor' lists all corrupt runs,"
                " 'optbench run --force' executes selected runs again"
            ) from error


def _sorted(results: Mapping[int, RunResult]) -> list[RunResult]:
    """Return results by the ids of their rows, which increase with every stored run, in the order of `Store.results`."""
    last: dict[str, int] = {}
    for row_id, result in results.items():
        last[result.spec.source] = max(row_id, last.get(result.spec.source, 0))

    def order(result: RunResult) -> tuple[Any, ...]:
        spec = result.spec
        choices = (canonical(choice.as_json()) for choice in (spec.embedder, spec.architecture, spec.optimizer))
        scale = (spec.epochs, spec.batch_size, spec.dtype, spec.protocol)
        return (spec.dataset, spec.dataset_digest, *choices, *scale, last[spec.source], spec.seed)

    return sorted(results.values(), key=order)
