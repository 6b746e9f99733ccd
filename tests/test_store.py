from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from earlier_stores import earlier
from results import assert_equal

from optbench.core.errors import StoreError
from optbench.core.specs import Measurements, RunResult, Status
from optbench.store import VERSION, Store
from optbench.training.job import Job
from optbench.training.run_job import run_job


@pytest.fixture
def result(plan: list[Job]) -> RunResult:
    return run_job(plan[0])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.sqlite"


def with_source(result: RunResult, source: str, digest: str) -> RunResult:
    return replace(result, spec=replace(result.spec, source=source), digest=digest)


def test_a_result_is_read_as_it_was_stored(path: Path, result: RunResult) -> None:
    with Store(path) as store:
        assert store.put(result)
    with Store(path, create=False) as store:
        (stored,) = store.results()
        assert store.finished() == {result.spec.key}
        assert store.check() == []
    assert_equal(stored, result)


def test_a_failed_result_is_read_as_it_was_stored(path: Path, result: RunResult) -> None:
    failed = RunResult(result.spec, result.labels, "failed", reason="why \udcff")
    with Store(path) as store:
        store.put(failed)
        (stored,) = store.results()
        assert store.check() == []
    assert_equal(stored, replace(failed, reason="why \\udcff"))


def test_the_folder_of_a_dataset_need_not_be_utf8(path: Path, result: RunResult) -> None:
    with Store(path) as store:
        store.put(replace(result, labels=replace(result.labels, dataset="folder-\udcff")))
        assert store.results()[0].labels.dataset == "folder-\\udcff"


def test_specs_are_read_as_they_were_stored(path: Path, plan: list[Job]) -> None:
    with Store(path) as store:
        for job in plan:
            store.put(RunResult(job.spec, job.labels, "timeout", reason="why"))
        assert [result.spec for result in store.results()] == [job.spec for job in plan]


@pytest.mark.parametrize("status", ["failed", "timeout", "crashed"])
def test_a_result_that_is_not_final_is_replaced(path: Path, result: RunResult, status: Status) -> None:
    with Store(path) as store:
        assert store.put(RunResult(result.spec, result.labels, status, reason="why"))
        assert store.finished() == set()
        assert store.put(RunResult(result.spec, result.labels, status, reason="why again"))
        assert [stored.reason for stored in store.results()] == ["why again"]
        assert store.put(result)
        assert store.finished() == {result.spec.key}
        assert len(store.results()) == 1


@pytest.mark.parametrize("status", ["failed", "timeout", "crashed"])
@pytest.mark.parametrize("final", ["ok", "diverged"])
def test_a_result_that_is_not_final_does_not_replace_one_that_is(
    path: Path, result: RunResult, final: Status, status: Status
) -> None:
    with Store(path) as store:
        store.put(replace(result, status=final))
        assert not store.put(RunResult(result.spec, result.labels, status, reason="why"))
        assert [stored.status for stored in store.results()] == [final]
        assert store.finished() == {result.spec.key}
        assert store.put(replace(result, digest="f" * 64))
        assert [stored.digest for stored in store.results()] == ["f" * 64]


def test_results_of_every_source_are_returned_those_stored_last_at_the_end(path: Path, result: RunResult) -> None:
    runs = [with_source(result, letter * 64, letter * 64) for letter in "bca"]
    runs += [replace(run, spec=replace(run.spec, seed=run.spec.seed + 1)) for run in runs[:2]]
    with Store(path) as store:
        for run in runs:
            store.put(run)
        found = store.results()
        assert [(run.spec.source[0], run.spec.seed) for run in found] == [("a", 0), ("b", 0), ("b", 1), ("c", 0), ("c", 1)]
        store.put(runs[0])
        assert [run.spec.source[0] for run in store.results()] == list("accbb")
        assert store.finished() == {run.spec.key for run in runs}
        assert [run.digest for run in store.results([runs[1].spec.key])] == ["c" * 64]


def test_runs_of_an_earlier_source_are_known_by_their_identity(path: Path, plan: list[Job], result: RunResult) -> None:
    other = RunResult(plan[1].spec, plan[1].labels, "failed")
    with Store(path) as store:
        for run in (with_source(result, "a" * 64, "a"), with_source(result, "b" * 64, "b"), other):
            store.put(run)
        assert store.identities() == {result.spec.identity: 2}
        assert result.spec.key not in store.finished()


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b""])
def test_a_file_that_is_no_database(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    if content:
        with pytest.raises(StoreError, match="corrupt"):
            Store(path)
    else:
        Store(path).close()  # an empty file is a new store


def test_a_database_of_another_program_is_not_changed(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="no store of optbench"):
        Store(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [0, VERSION + 1, 99])
def test_a_store_of_an_unknown_version_is_refused_with_both_numbers(path: Path, version: int) -> None:
    Store(path).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(StoreError, match=f"version {version}, this optbench reads versions 1 to {VERSION}"):
        Store(path)


def test_durations_are_those_of_final_runs(path: Path, result: RunResult) -> None:
    failed = RunResult(replace(result.spec, seed=9), result.labels, "failed", measured=Measurements(duration=7.0))
    with Store(path) as store:
        store.put(result)
        store.put(failed)
        assert store.durations() == [(result.spec, result.measured.duration)]


def test_only_an_existing_store_is_read(path: Path) -> None:
    with pytest.raises(StoreError, match="no store at"):
        Store(path, create=False)
    assert not path.exists()


def test_a_store_that_another_process_has_locked_is_waited_for(path: Path) -> None:
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


@pytest.mark.parametrize("existing", [False, True])
def test_processes_may_open_and_write_one_store_at_once(path: Path, result: RunResult, existing: bool) -> None:
    if existing:
        earlier(path, 1, [with_source(result, "a" * 64, "a")])
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_put, args=(path, result)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    with Store(path) as store:
        assert len(store.results()) == 1 + existing
        assert store.check() == []


def test_the_cache_returns_what_is_whole(path: Path) -> None:
    with Store(path) as store:
        assert store.cached("key") is None
        store.cache("key", b"content")
        assert store.cached("key") == b"content"
        for content in (b"other content", "text"):
            with closing(sqlite3.connect(path)) as db, db:
                db.execute("UPDATE cache SET content = ?", (content,))
            assert store.cached("key") is None


def delete(path: Path) -> None:
    path.unlink()


def delete_all(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def move_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))


def put_a_file_in_its_place(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))
    path.parent.write_bytes(b"")


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (delete, "deleted"),
        (delete_all, "deleted"),
        (move_folder, "deleted"),
        (put_a_file_in_its_place, "deleted"),
        (empty, "emptied"),
    ],
)
def test_a_store_that_is_deleted_while_open_is_noticed(
    tmp_path: Path, result: RunResult, change: Callable[[Path], None], what: str
) -> None:
    path = tmp_path / "folder" / "runs.sqlite"
    message = f"was {what} while it was open; runs .* that are lost: 1; repeat"
    store = Store(path)
    store.put(result)
    change(path)
    for operation in (
        lambda: store.put(result),
        store.results,
        store.finished,
        lambda: store.cache("key", b"content"),
        store.close,
    ):
        with pytest.raises(StoreError, match=message):
            operation()
    store.close()


def test_a_store_that_is_deleted_after_it_was_closed_is_no_error(path: Path, result: RunResult) -> None:
    store = Store(path)
    store.put(result)
    store.close()
    path.unlink()
    store.close()


def test_a_store_that_is_deleted_without_a_loss_is_closed_silently(path: Path, result: RunResult) -> None:
    with Store(path) as store:
        store.put(result)
    with Store(path) as store:
        assert len(store.results()) == 1
        path.unlink()


def lose(path: Path, result: RunResult, error: type[Exception] | None = None) -> None:
    with Store(path) as store:
        store.put(result)
        path.unlink()
        if error:
            raise error


def test_the_loss_is_reported_at_the_end_of_the_with_statement_and_hides_no_error(path: Path, result: RunResult) -> None:
    with pytest.raises(StoreError, match="was deleted"):
        lose(path, result)
    with pytest.raises(ZeroDivisionError):
        lose(path, result, ZeroDivisionError)


def test_a_store_that_is_replaced_while_open_is_noticed_and_the_new_one_left_alone(path: Path, result: RunResult) -> None:
    other = path.with_name("other.sqlite")
    others = [replace(result, spec=replace(result.spec, seed=seed), digest="f" * 64) for seed in range(20, 40)]
    with Store(other) as store:
        for run in others:
            store.put(run)
    store = Store(path)
    store.put(result)
    other.replace(path)
    for operation in (lambda: store.put(result), store.close):
        with pytest.raises(StoreError, match=r"was replaced by another file while .* lost: 1;"):
            operation()
    with Store(path) as store:
        assert store.check() == []
        assert store.finished() == {run.spec.key for run in others}


def test_a_change_of_the_working_directory_is_no_loss(
    tmp_path: Path, result: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Store(Path("runs.sqlite")) as store:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        store.put(result)
        assert len(store.results()) == 1
