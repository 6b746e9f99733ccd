"""Rows that are not what was stored: each is an error that names the store, the run and what is wrong with it."""

from __future__ import annotations

import hashlib
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import Bench, is_one_line

from optbench.core.errors import StoreError
from optbench.core.specs import RunResult
from optbench.store import Store
from optbench.training.job import Job
from optbench.training.run_job import run_job

TEXT = (
    "key",
    "identity",
    "status",
    "digest",
    "spec",
    "labels",
    "reason",
    "fingerprint",
    "stored_at",
    "arrays_sha256",
    "measured",
)
DEEP = 100_000


@pytest.fixture
def results(plan: list[Job]) -> list[RunResult]:
    return [run_job(plan[0]), run_job(plan[1])]


@pytest.fixture
def path(tmp_path: Path, results: list[RunResult]) -> Path:
    """A store with two runs."""
    with Store(tmp_path / "runs.sqlite") as store:
        for result in results:
            store.put(result)
    return tmp_path / "runs.sqlite"


def update(path: Path, assignments: str, *values: object) -> None:
    """Change columns of the first run."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"UPDATE runs SET {assignments} WHERE id = 1", values)  # noqa: S608  # written above


def assert_corrupt(path: Path, results: list[RunResult], said: str, name: str | None = None) -> None:
    """The first run is reported by everything that reads it, and nothing else is affected."""
    name = name or f"run {results[0].spec.key[:12]}"
    with Store(path) as store:
        (fault,) = store.check()
        assert fault.startswith(f"{name}: ")
        assert re.search(said, fault), fault
        assert "\n" not in fault
        with pytest.raises(StoreError) as raised:
            store.results()
        assert str(raised.value).startswith(f"{name} in the store {path} is corrupt: ")
        assert fault.partition(": ")[2] in str(raised.value)
        assert [result.digest for result in store.results([results[1].spec.key])] == [results[1].digest]
        assert results[1].spec.key in store.finished()
        assert results[1].spec.identity in store.identities()
        assert results[1].spec in [spec for spec, _ in store.durations()]


@pytest.mark.parametrize("column", TEXT)
def test_text_that_is_not_utf8(path: Path, results: list[RunResult], column: str) -> None:
    update(path, f"{column} = CAST(x'6180FF' AS TEXT)")
    assert_corrupt(path, results, column, "the run with id 1" if column == "key" else None)


@pytest.mark.parametrize("column", [*TEXT, "quality", "arrays", "worst"])
def test_a_blob_or_text_that_belongs_elsewhere(path: Path, results: list[RunResult], column: str) -> None:
    update(path, f"{column} = ?", "text" if column in ("arrays", "worst") else b"blob")
    assert_corrupt(path, results, column, "the run with id 1" if column == "key" else None)


@pytest.mark.parametrize("column", ["key", "identity", "arrays_sha256"])
def test_a_checksum_of_something_else(path: Path, results: list[RunResult], column: str) -> None:
    update(path, f"{column} = ?", "f" * 64)
    assert_corrupt(path, results, "is not", f"run {'f' * 12}" if column == "key" else None)


def test_final_without_a_digest(path: Path, results: list[RunResult]) -> None:
    update(path, "digest = NULL")
    assert_corrupt(path, results, "status is 'ok', but its digest or metrics are missing")


def test_unknown_status(path: Path, results: list[RunResult]) -> None:
    update(path, "status = 'fine'")
    assert_corrupt(path, results, "status: Input should be 'ok'")


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    def edit(text: str) -> str:
        plain = json.loads(text)
        change(plain)
        return json.dumps(plain)

    return edit


@pytest.mark.parametrize(
    ("column", "edit", "said"),
    [
        ("spec", lambda text: text[:-1], "spec: Invalid JSON"),
        ("spec", lambda text: "[" * DEEP + "]" * DEEP, "spec: Invalid JSON: recursion limit"),
        ("spec", lambda text: '{"optimizer":' * DEEP + "1" + "}" * DEEP, "spec: Invalid JSON: recursion limit"),
        ("spec", lambda text: "3", "spec: "),
        ("spec", edited(lambda spec: spec.update(seed="0")), "spec.seed: Input should be a valid integer"),
        ("spec", edited(lambda spec: spec.update(epochs=3.5)), "spec.epochs: "),
        ("spec", edited(lambda spec: spec.update(epochs=True)), "spec.epochs: "),
        ("spec", edited(lambda spec: spec.update(epochs=4)), "its key or identity is not that of the spec"),
        ("spec", edited(lambda spec: spec.update(optimizer="adam")), "spec.optimizer: "),
        ("spec", edited(lambda spec: spec["optimizer"].update(params=[])), "spec.optimizer.params: "),
        ("spec", edited(lambda spec: spec["optimizer"]["params"].update(lr=float("nan"))), "ValueError"),
        ("spec", edited(lambda spec: spec["optimizer"].update(wrappers=[1])), "spec.optimizer.wrappers.0: "),
        ("spec", edited(lambda spec: spec.pop("seed")), "spec.seed: "),
        ("spec", edited(lambda spec: spec.update(more=1)), "spec.more: "),
        ("labels", lambda text: "[]", "labels: "),
        ("labels", edited(lambda labels: labels.update(optimizer=1)), "labels.optimizer: "),
        ("labels", edited(lambda labels: labels.update(optimizer="\ud800")), "labels: Invalid JSON"),
        ("labels", edited(lambda labels: labels.pop("dataset")), "labels.dataset: "),
        ("fingerprint", lambda text: "3", "fingerprint: "),
        ("fingerprint", lambda text: '{"python":NaN}', "fingerprint: Value error, Out of range"),
        ("measured", edited(lambda measured: measured.update(duration="long")), "measured.duration: "),
        ("measured", edited(lambda measured: measured.update(duration=float("inf"))), "measured.duration: "),
        ("measured", edited(lambda measured: measured.update(weights=1.5)), "measured.weights: "),
        ("measured", lambda text: "null", "measured: "),
    ],
)
def test_json_of_another_form(path: Path, results: list[RunResult], column: str, edit: Callable[[str], str], said: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        (text,) = db.execute(f"SELECT {column} FROM runs WHERE id = 1").fetchone()  # noqa: S608  # written above
    update(path, f"{column} = ?", edit(text))
    assert_corrupt(path, results, said)


def arrays_of(result: RunResult) -> dict[str, Any]:
    columns = {"seconds": np.array(result.seconds), **result.curves}
    epochs = np.array(list(zip(*columns.values(), strict=True)), [(name, float) for name in columns])
    return {"epochs": epochs, "sketch_epochs": np.array(result.sketch_epochs), "sketches": result.sketches}


def npz(**arrays: Any) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def npy(array: Any, allow_pickle: bool = False) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=allow_pickle)
    return out.getvalue()


def retyped(records: Any, dtype: str) -> Any:
    with np.errstate(invalid="ignore"):
        return records.astype([(name, dtype) for name in records.dtype.names])


def renamed(records: Any) -> Any:
    return records.astype([(f"x_{name}" if name == "val_loss" else name, float) for name in records.dtype.names])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a: b"", "BadZipFile"),
        (lambda a: b"\x80" * 100, "BadZipFile"),
        (lambda a: npz(**a)[:-50], "BadZipFile"),
        (lambda a: npy(a["sketches"]), "BadZipFile"),
        (lambda a: npz(), "KeyError"),
        (lambda a: npz(**a | {"epochs": retyped(a["epochs"], "f4")}), "'seconds' is float32 of shape"),
        (lambda a: npz(**a | {"epochs": retyped(a["epochs"], "i8")}), "'seconds' is int64"),
        (lambda a: npz(**a | {"epochs": retyped(a["epochs"], "U9")}), "'seconds' is <U9"),
        (lambda a: npz(**a | {"epochs": retyped(a["epochs"], "O")}), "ValueError: .*OBJECT"),
        (lambda a: npz(**a | {"epochs": a["epochs"][None]}), "of shape"),
        (lambda a: npz(**a | {"epochs": a["epochs"][:0]}), "metrics are missing"),
        (lambda a: npz(**a | {"epochs": renamed(a["epochs"])}), "metrics are missing"),
        (lambda a: npz(**a | {"epochs": np.zeros(4)}), "KeyError: 'seconds'"),
        (lambda a: npz(**a | {"sketches": a["sketches"].astype(float)}), "its sketches are float64"),
        (lambda a: npz(**a | {"sketches": a["sketches"][1:]}), "its sketches are float32 of shape"),
        (lambda a: npz(**a | {"sketches": a["sketches"].ravel()}), "its sketches are float32 of shape"),
        (lambda a: npz(**a | {"sketch_epochs": a["sketch_epochs"] + 1}), "not epochs of the run"),
        (lambda a: npz(**a | {"sketch_epochs": a["sketch_epochs"] * 1.0}), "not epochs of the run"),
        (lambda a: npz(**{name: array for name, array in a.items() if name != "sketches"}), "KeyError: 'sketches'"),
    ],
)
def test_arrays_of_another_form(
    path: Path, results: list[RunResult], change: Callable[[dict[str, Any]], bytes], said: str
) -> None:
    content = change(arrays_of(results[0]))
    update(path, "arrays = ?, arrays_sha256 = ?", content, hashlib.sha256(content).hexdigest())
    assert_corrupt(path, results, said)


def test_an_array_that_claims_to_be_larger_than_memory(path: Path, results: list[RunResult]) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(npz(**arrays_of(results[0])))) as whole, zipfile.ZipFile(out, "w") as changed:
        for member in whole.namelist():
            small, large = b"(4, 512), }" + b" " * 14, b"(999999999999999, 512), }"
            changed.writestr(member, whole.read(member).replace(small, large))
    assert b"(999999999999999," in out.getvalue()
    update(path, "arrays = ?, arrays_sha256 = ?", out.getvalue(), hashlib.sha256(out.getvalue()).hexdigest())
    assert_corrupt(path, results, "ValueError")


def test_a_changed_byte(path: Path, results: list[RunResult]) -> None:
    with closing(sqlite3.connect(path)) as db:
        (content,) = db.execute("SELECT arrays FROM runs WHERE id = 1").fetchone()
    update(path, "arrays = ?", content[:-1] + bytes([content[-1] ^ 1]))
    assert_corrupt(path, results, "the SHA-256 of its arrays is not the one stored beside them")


def test_every_corrupt_row_is_reported_on_a_line_of_its_own(path: Path, results: list[RunResult]) -> None:
    update(path, "status = CAST(x'80' AS TEXT), labels = '3'")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE runs SET arrays = x'' WHERE id = 2")
    with Store(path) as store:
        faults = store.check()
    assert [fault.partition(":")[0] for fault in faults] == [f"run {result.spec.key[:12]}" for result in results]


def test_damaged_pages_are_reported(path: Path) -> None:
    with Store(path) as store:
        store.cache("fit", b"x" * 10_000)
    content = bytearray(path.read_bytes())
    for page in range(5 * 4096, len(content), 4096):
        content[page : page + 4096] = b"\xa5" * len(content[page : page + 4096])
    path.write_bytes(content)
    with Store(path) as store:
        assert store.check()
        with pytest.raises(StoreError, match="corrupt"):
            store.results()


def test_a_corrupt_run_can_be_executed_again(path: Path, results: list[RunResult]) -> None:
    update(path, "arrays = x'', labels = '3'")
    with Store(path) as store:
        store.put(results[0])
        assert store.check() == []
        assert len(store.results()) == 2


@pytest.mark.parametrize(
    "change",
    ["labels = CAST(x'80FF' AS TEXT)", f"arrays = x'', arrays_sha256 = '{hashlib.sha256(b'').hexdigest()}'", "measured = '[]'"],
)
def test_commands_exit_with_4_and_doctor_with_1(tmp_path: Path, path: Path, results: list[RunResult], change: str) -> None:
    (tmp_path / "bench").mkdir()
    bench = Bench(tmp_path / "bench")
    update(path, change)
    name = f"run {results[0].spec.key[:12]}"
    for command in ("show", "report", "verify"):
        ended = bench.run(command, "--store", str(path))
        assert ended.code == 4, ended.err
        assert is_one_line(ended.err, f"error: {name} in the store {path} is corrupt: ")
    ended = bench.run("doctor", "--store", str(path), "--json")
    assert ended.code == 1, ended.err
    assert [row["detail"].partition(":")[0] for row in ended.rows if row["status"] == "failed"] == ["1 fault", name]
