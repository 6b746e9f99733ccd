from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from optbench.core.errors import StoreError
from optbench.core.specs import Measurements, RunResult, RunSpec
from optbench.store import Store
from optbench.training.job import Job
from optbench.training.run_job import run_job


@pytest.fixture
def result(plan: list[Job]) -> RunResult:
    return run_job(plan[0])


def test_a_result_comes_back_as_it_was(tmp_path: Path, result: RunResult) -> None:
    with Store(tmp_path / "runs.sqlite") as store:
        store.put(result)
    with Store(tmp_path / "runs.sqlite", create=False) as store:
        (found,) = store.results()
        assert store.finished() == {result.spec.key}
        assert store.check() == []
    assert found.spec == result.spec
    assert found.spec.key == result.spec.key
    assert (found.labels, found.status, found.digest, found.seconds) == (
        result.labels,
        result.status,
        result.digest,
        result.seconds,
    )
    assert found.fingerprint == result.fingerprint
    for name, values in result.curves.items():
        assert np.array_equal(found.curves[name], values, equal_nan=True)
    assert np.array_equal(found.sketches, result.sketches)
    assert found.measured == result.measured


def test_specs_come_back_from_json(plan: list[Job]) -> None:
    for task in plan:
        assert RunSpec.from_json(task.spec.as_json()).key == task.spec.key


@pytest.mark.parametrize("status", ["failed", "timeout", "crashed"])
def test_what_did_not_end_well_is_not_finished_and_is_replaced(tmp_path: Path, result: RunResult, status: str) -> None:
    with Store(tmp_path / "runs.sqlite") as store:
        store.put(RunResult(result.spec, result.labels, status, reason="why"))
        assert store.finished() == set()
        assert store.results()[0].reason == "why"
        store.put(result)
        assert store.finished() == {result.spec.key}
        assert len(store.results()) == 1


def test_of_runs_that_differ_by_source_alone_only_the_latest_is_shown(tmp_path: Path, result: RunResult) -> None:
    older = RunResult(
        RunSpec.from_json(result.spec.as_json() | {"source": "0" * 64}),
        result.labels,
        "ok",
        curves=result.curves,
        seconds=result.seconds,
        digest="older",
    )
    with Store(tmp_path / "runs.sqlite") as store:
        store.put(older)
        store.put(result)
        assert [found.digest for found in store.results()] == [result.digest]
        assert store.finished() == {older.spec.key, result.spec.key}


def test_a_changed_byte_is_noticed(tmp_path: Path, result: RunResult) -> None:
    path = tmp_path / "runs.sqlite"
    with Store(path) as store:
        store.put(result)
    with closing(sqlite3.connect(path)) as db, db:
        (content,) = db.execute("SELECT arrays FROM runs").fetchone()
        db.execute("UPDATE runs SET arrays = ?", (content[:-1] + bytes([content[-1] ^ 1]),))
    with Store(path) as store:
        assert "arrays" in store.check()[0]
        with pytest.raises(StoreError, match="corrupt"):
            store.results()


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b""])
def test_what_is_no_store(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "runs.sqlite"
    path.write_bytes(content)
    if content:
        with pytest.raises(StoreError, match="corrupt"):
            Store(path)
    else:
        Store(path).close()  # an empty file is a new store


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE theirs (x)")
    with pytest.raises(StoreError, match="no store of optbench"):
        Store(path)


def test_a_store_of_another_version_is_refused_with_both_numbers(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    Store(path).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="version 99, this optbench reads 2"):
        Store(path)


def test_a_store_of_version_1_is_brought_up_to_date(tmp_path: Path, result: RunResult) -> None:
    path = tmp_path / "runs.sqlite"
    with Store(path) as store:
        store.put(result)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("ALTER TABLE runs DROP COLUMN measured")
        db.execute("PRAGMA user_version = 1")
    with Store(path, create=False) as store:
        (found,) = store.results()
        assert found.digest == result.digest
        assert found.measured == Measurements()
        assert store.durations() == []
        store.put(result)
        assert store.results()[0].measured == result.measured
    with closing(sqlite3.connect(path)) as db, db:
        assert db.execute("PRAGMA user_version").fetchone() == (2,)


def test_durations_are_those_of_runs_that_ended_for_good(tmp_path: Path, result: RunResult) -> None:
    failed = RunResult(replace(result.spec, seed=9), result.labels, "failed", measured=Measurements(duration=7.0))
    with Store(tmp_path / "runs.sqlite") as store:
        store.put(result)
        store.put(failed)
        assert store.durations() == [(result.spec, result.measured.duration)]


def test_there_must_be_a_store_to_read(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store at"):
        Store(tmp_path / "none.sqlite", create=False)


def test_a_store_that_another_process_is_making_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    Store(path).close()
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN IMMEDIATE")
        end = threading.Timer(0.5, other.execute, ["COMMIT"])
        end.start()
        Store(path).close()
        end.join()


def _put(path: Path, result: RunResult) -> None:
    with Store(path) as store:
        for _ in range(20):
            store.put(result)


def test_several_processes_may_write(tmp_path: Path, result: RunResult) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_put, args=(tmp_path / "runs.sqlite", result)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    with Store(tmp_path / "runs.sqlite") as store:
        assert len(store.results()) == 1


def test_computed_things_are_kept_and_checked(tmp_path: Path) -> None:
    with Store(tmp_path / "runs.sqlite") as store:
        assert store.computed("key") is None
        store.keep_computed("key", b"content")
        assert store.computed("key") == b"content"
