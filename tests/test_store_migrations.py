"""Stores of earlier versions, opened by this one."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from earlier_stores import earlier
from results import assert_equal

from optbench.core.errors import StoreError
from optbench.core.specs import Measurements, RunResult
from optbench.store import VERSION, Store
from optbench.training.job import Job
from optbench.training.run_job import run_job

VERSIONS = range(1, VERSION)


@pytest.fixture
def result(plan: list[Job]) -> RunResult:
    return run_job(plan[0])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.sqlite"


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def tables(path: Path) -> set[tuple[str, str]]:
    """The columns of each table and the indices of a store."""
    with closing(sqlite3.connect(path)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")]
        found = {(name, column) for name in names for _, column, *_ in db.execute(f"PRAGMA table_info({name})")}
        return found | {(name, column) for name in names for _, _, column in db.execute(f"PRAGMA index_info({name})")}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_earlier_store_is_migrated(path: Path, result: RunResult, version: int) -> None:
    earlier(path, version, [result])
    measured = result.measured if version > 1 else Measurements()
    for _ in range(2):  # the second time it is of the current version
        with Store(path, create=False) as store:
            (stored,) = store.results()
            assert_equal(stored, replace(result, measured=measured))
            assert store.check() == []
            assert store.identities() == {result.spec.identity: 1}
            assert len(store.durations()) == (version > 1)
            assert store.cached("fit") == b"a fit"
        assert version_of(path) == VERSION
    with Store(path) as store:
        assert not store.put(RunResult(result.spec, result.labels, "failed"))
        store.put(result)
        assert store.results()[0].measured == result.measured


@pytest.mark.parametrize("version", VERSIONS)
def test_the_tables_of_a_migrated_store_are_those_of_a_new_one(path: Path, result: RunResult, version: int) -> None:
    earlier(path, version, [result])
    Store(path).close()
    Store(path.with_name("fresh.sqlite")).close()
    assert tables(path) == tables(path.with_name("fresh.sqlite"))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_corrupt_row_does_not_stop_a_migration(path: Path, result: RunResult, version: int) -> None:
    other = replace(result, spec=replace(result.spec, seed=7))
    earlier(path, version, [result, other])
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "UPDATE runs SET spec = CAST(x'80FF' AS TEXT), identity = CAST(x'80FF' AS TEXT) WHERE key = ?", (other.spec.key,)
        )
    with Store(path) as store:
        assert [stored.digest for stored in store.results([result.spec.key])] == [result.digest]
        assert len(store.check()) == 1
    assert version_of(path) == VERSION


def test_a_migration_that_fails_changes_nothing(path: Path, result: RunResult) -> None:
    earlier(path, 2, [result])
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("ALTER TABLE computed RENAME TO gone")
    with pytest.raises(StoreError, match="computed"):
        Store(path)
    assert version_of(path) == 2
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("ALTER TABLE gone RENAME TO computed")
    with Store(path) as store:
        assert len(store.results()) == 1


@pytest.mark.parametrize("version", range(1, 4))
def test_rows_without_a_loss_are_those_of_the_only_one_there_was(path: Path, result: RunResult, version: int) -> None:
    earlier(path, version, [replace(result, worst=0.625)])
    with closing(sqlite3.connect(path)) as db:
        (spec, labels, majority) = db.execute("SELECT spec, labels, majority FROM runs").fetchone()
    assert "loss" not in json.loads(spec)
    assert "loss" not in json.loads(labels)
    assert majority == 0.625
    with Store(path) as store:
        (stored,) = store.results()
    assert (stored.spec.loss.name, stored.labels.loss) == ("squared-tanh", "squared-tanh")
    assert (stored.worst, stored.quality) == (0.625, "accuracy")
    assert {"val_quality", "test_quality"} <= set(stored.curves)
    assert not {"val_accuracy", "test_accuracy"} & set(stored.curves)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_run_beside_migrated_ones_keeps_its_own_quality(path: Path, result: RunResult, version: int) -> None:
    earlier(path, version, [result])
    other = replace(result, spec=replace(result.spec, seed=8), worst=0.0, quality="R²")
    with Store(path) as store:
        store.put(other)
        assert sorted((one.worst, one.quality) for one in store.results()) == [(0.0, "R²"), (result.worst, "accuracy")]
