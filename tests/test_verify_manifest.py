"""The manifest inside a report: what it holds, and what is refused of one that was cut off or changed."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny import tiny_splits

from optbench.core.errors import DataError, OptbenchError, UsageError
from optbench.core.metrics import DIGESTED
from optbench.core.specs import Labels, RunResult
from optbench.curation.importing import write
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.registry import Registry
from optbench.report.page import Origin, write_page
from optbench.training.run_job import run_job
from optbench.verify import verifiable
from optbench.verify.manifest import FORMAT, VERSION, checksum, manifest
from optbench.verify.page import runs_of_page
from optbench.verify.recorded import recorded_runs
from optbench.verify.repeating import Repetition, repeat

HOSTILE = '</script><script type="application/json" id="manifest">{}</script><!-- <script> \' & \u2028'


@pytest.fixture(scope="module")
def results(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> list[RunResult]:
    """Four results, one of them diverged and one failed."""
    folder = tmp_path_factory.mktemp("data") / "tiny"
    write(folder, tiny_splits(), {"name": "tiny"})
    selections = Selections(
        optimizers=["adam", "sgd"],
        architectures=["single-layer"],
        embedders=["hashing[features=16]"],
        datasets=[str(folder)],
        seeds=[0, 1],
        epochs=3,
        batch_size=5,
    )
    jobs = make_plan(registry, selections)
    ok = [run_job(job) for job in jobs[:3]]
    diverged = {name: np.append(values[:2], np.nan) for name, values in ok[2].curves.items()}
    failed = RunResult(jobs[3].spec, jobs[3].labels, "failed", reason="why")
    return [*ok[:2], replace(ok[2], status="diverged", curves=diverged), failed]


@pytest.fixture
def content(results: list[RunResult]) -> dict[str, Any]:
    return manifest(results)


def text_of(content: dict[str, Any], **changes: Any) -> str:
    """The manifest with changes, and with the checksum of what was changed."""
    changed = content | changes
    return json.dumps(changed | {"sha256": checksum(changed)})


def with_run(content: dict[str, Any], place: int, value: Any, run: int = 0) -> dict[str, Any]:
    """The list of runs with one value of one run changed."""
    runs = [list(entry) for entry in content["runs"]]
    runs[run][place] = value
    return {"runs": runs}


def assert_same(found: list[RunResult], results: list[RunResult]) -> None:
    expected = {result.spec.key: result for result in results}
    assert {result.spec.key for result in found} == expected.keys()
    for result in found:
        own = expected[result.spec.key]
        for name in ("spec", "labels", "status", "digest", "fingerprint"):
            assert getattr(result, name) == getattr(own, name), name
        assert set(result.curves) == (set(DIGESTED) if own.curves else set())
        for name, values in result.curves.items():
            assert values.tobytes() == own.curves[name].tobytes(), name


def test_a_report_gives_its_runs_back_to_the_bit(results: list[RunResult], tmp_path: Path) -> None:
    path = write_page(results, [], tmp_path / "page.html", Origin("optbench run"))
    assert_same(runs_of_page(path), results)


def test_a_page_that_a_browser_saved_is_read_alike(results: list[RunResult], tmp_path: Path) -> None:
    path = write_page(results, [], tmp_path / "page.html", Origin("optbench run"))
    saved = path.read_bytes().replace(
        b'<script type="application/json" id="manifest">', b"<SCRIPT id='manifest' type='application/json'>"
    )
    path.write_bytes(saved.replace(b"\n", b"\r\n"))
    assert_same(runs_of_page(path), results)


def test_the_manifest_is_a_function_of_the_runs(results: list[RunResult]) -> None:
    assert manifest(results) == manifest(results[::-1])
    assert manifest(results)["sha256"] != manifest(results[1:])["sha256"]


def test_what_runs_share_is_written_once(content: dict[str, Any]) -> None:
    shared = {name: len(content[name]) for name in ("workloads", "optimizers", "labels", "fingerprints", "runs")}
    assert shared == {"workloads": 1, "optimizers": 2, "labels": 2, "fingerprints": 2, "runs": 4}


def test_names_that_look_like_html_stay_text(results: list[RunResult], tmp_path: Path) -> None:
    labels = Labels(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    hostile = [replace(result, labels=labels, fingerprint={HOSTILE: [HOSTILE]}) for result in results]
    path = write_page(hostile, [], tmp_path / "page.html", Origin(HOSTILE, (HOSTILE,)))
    assert_same(runs_of_page(path), hostile)


def test_a_name_that_is_no_utf8_is_written_as_the_store_does(results: list[RunResult]) -> None:
    labels = replace(results[0].labels, dataset="folder\udcff")
    (found,) = recorded_runs(json.dumps(manifest([replace(results[0], labels=labels)])), "page.html")
    assert found.labels.dataset == "folder\\udcff"


def test_a_manifest_is_small(content: dict[str, Any], results: list[RunResult]) -> None:
    # 1,320 runs of the core suite add 1.6 MB to a page of 8.6 MB; here the curves hardly compress.
    values = sum(len(result.curves["train_loss"]) for result in results[:3]) * len(DIGESTED)
    assert len(content["curves"]) <= 4 / 3 * (8 * values + 64)


# Files without a manifest that can be read


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", "has no manifest"),
        (b"<!DOCTYPE html><title>another page</title>", "has no manifest"),
        (b"SQLite format 3\0" + bytes(100), "'optbench verify --store"),
        (bytes(range(256)) * 10, "has no manifest"),
        (b'<script id="manifest">{', "has no end: the file is incomplete"),
        (b'<script id="manifest">{}</script>' * 2, "has 2 manifests"),
        (b'<script id="manifest">\xff</script>', "is not UTF-8"),
        (b'<script id="manifest"></script>', "no complete JSON"),
        (b'<script id="manifest">{"format": </script>', "no complete JSON"),
        (b'<script id="manifest">[]</script>', "its format is not"),
        (b'<script id="manifest">' + b"[" * 100_000 + b"</script>", "nested too deeply"),
        (b'<script id="manifest">{"version": ' + b"9" * 5000 + b"}</script>", "cannot be used"),
    ],
)
def test_a_file_without_a_manifest_is_refused(tmp_path: Path, file: bytes, said: str) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(file)
    with pytest.raises(UsageError, match=said):
        runs_of_page(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path, said in (
        (tmp_path / "none.html", "cannot be read: No such file"),
        (tmp_path, "not a regular file"),
        (Path("/dev/zero"), "not a regular file"),
        (Path("a\0b"), "cannot be read"),
    ):
        with pytest.raises((UsageError, DataError), match=said):
            runs_of_page(path)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    with path.open("wb") as file:
        file.truncate(2**40)  # sparse
    with pytest.raises(UsageError, match="a report at most"):
        runs_of_page(path)


def test_a_page_cut_off_anywhere_is_refused(results: list[RunResult], tmp_path: Path) -> None:
    page = write_page(results, [], tmp_path / "page.html", Origin("optbench run")).read_bytes()
    start, end = page.index(b'id="manifest">') + 14, page.index(b"</script>", page.index(b'id="manifest">'))
    for cut in (start, start + 1, start + 50, (start + end) // 2, end - 1, end):
        for rest in (b"", page[end:]):
            if cut == end and rest:
                continue  # the whole page
            (tmp_path / "cut.html").write_bytes(page[:cut] + rest)
            with pytest.raises(UsageError, match="the manifest of"):
                runs_of_page(tmp_path / "cut.html")


# Manifests that were changed


def test_a_changed_manifest_is_refused(content: dict[str, Any]) -> None:
    digest = content["runs"][0][7]
    changed = json.dumps(content).replace(digest, "0" * 64)
    with pytest.raises(UsageError, match=r"was changed after it was written.* get the file again"):
        recorded_runs(changed, "page.html")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**6), inserted=st.binary(max_size=3), removed=st.integers(0, 3))
def test_a_few_changed_bytes_are_refused_or_change_nothing(
    content: dict[str, Any], results: list[RunResult], place: int, inserted: bytes, removed: int
) -> None:
    whole = json.dumps(content).encode()
    at = place % len(whole)
    changed = (whole[:at] + inserted + whole[at + removed :]).decode(errors="replace")
    try:
        found = recorded_runs(changed, "page.html")
    except UsageError:
        return
    assert_same(found, results)  # a space between two tokens, or the same bytes again


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: {"version": VERSION + 1}, f"has version {VERSION + 1}, and this optbench reads .* update optbench"),
        (lambda content: {"version": 10**400}, "update optbench"),
        (lambda content: {"version": 0}, "has the metrics"),
        (lambda content: {"version": "1"}, "version: Input should be a valid integer"),
        (lambda content: {"format": "another"}, f"its format is not '{FORMAT}'"),
        (lambda content: {"metrics": ["loss"]}, "has the metrics train_loss"),
        (lambda content: {"surplus": 1}, "surplus: Extra inputs"),
        (lambda content: {"runs": [[0]]}, "runs.0"),
        (lambda content: with_run(content, 0, 1), "workload 1 is not one of its 1"),
        (lambda content: with_run(content, 1, -1), "optimizer -1 is not one of its 2"),
        (lambda content: with_run(content, 3, 10**30), "source 1000000000"),
        (lambda content: with_run(content, 6, "well"), "Input should be 'ok', 'diverged'"),
        (lambda content: with_run(content, 7, None), "has 4 epochs and digest None"),
        (lambda content: with_run(content, 8, 0), "has 0 epochs and digest"),
        (lambda content: with_run(content, 8, -1), "has -1 epochs"),
        (lambda content: with_run(content, 8, 3), "a run of 3 epochs has curves of 3 values"),
        (lambda content: with_run(content, 8, 10**9), "a run of 3 epochs has curves of"),
        (lambda content: {"workloads": [content["workloads"][0] | {"epochs": 10**12}]}, "a run of 1000000000000 epochs"),
        (lambda content: {"workloads": [content["workloads"][0] | {"surplus": 1}]}, "fields that this version"),
        (lambda content: {"workloads": [{}]}, "0.architecture: Field required"),
        (lambda content: {"optimizers": [{"name": 1, "params": {}}] * 2}, "0.optimizer.name: Input should be a valid string"),
        (lambda content: {"labels": [{}] * 2}, "labels.0.optimizer: Field required"),
        (lambda content: {"curves": content["curves"][:-8]}, "do not have the"),
        (lambda content: {"curves": "?"}, "cannot be decompressed"),
        (lambda content: {"curves": base64.b64encode(b"no zlib").decode()}, "cannot be decompressed"),
        (lambda content: {"curves": base64.b64encode(zlib.compress(bytes(10**8))).decode()}, "do not have the"),
    ],
)
def test_a_manifest_that_breaks_a_rule_is_refused_with_it(
    content: dict[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        recorded_runs(text_of(content, **change(content)), "page.html")


def test_more_epochs_than_any_report_has_are_refused_before_they_are_read(content: dict[str, Any]) -> None:
    workloads = [content["workloads"][0] | {"epochs": 10**9}]
    runs = [[*entry[:8], 10**9 + 1] if entry[6] == "ok" else entry for entry in content["runs"] if entry[6] != "diverged"]
    with pytest.raises(UsageError, match="values, and at most"):
        recorded_runs(text_of(content, workloads=workloads, runs=runs), "page.html")


@pytest.mark.parametrize("constant", ["NaN", "Infinity"])
def test_numbers_that_are_not_finite_are_refused(content: dict[str, Any], constant: str) -> None:
    text = re.sub(r'"lr": [0-9.e-]+', f'"lr": {constant}', json.dumps(content))
    with pytest.raises(UsageError, match="not JSON compliant"):
        recorded_runs(text, "page.html")


class Nobody:
    """An executor that executes nothing."""

    workers = 1

    def run(self, jobs: Any) -> Any:
        yield from ()


STRANGE = (None, True, -1, 0, 10**30, 1.5, "", "adam", "a\0b", "../..", "\udcff", [], {}, [[]], {"a": 1}, "[" * 50)


@pytest.mark.parametrize("seed", range(60))
def test_a_manifest_written_by_an_enemy_is_refused_or_harmless(content: dict[str, Any], registry: Registry, seed: int) -> None:
    """Values anywhere in the manifest are replaced, and its checksum is right: it was written like that."""
    draw = np.random.default_rng(seed)
    changed = json.loads(json.dumps(content))
    for _ in range(int(draw.integers(1, 3))):
        places = [place for place in _places(changed) if place[0] is not changed]
        owner, key = places[draw.integers(len(places))]
        owner[key] = STRANGE[draw.integers(len(STRANGE))]
    try:
        found = recorded_runs(text_of(changed), "page.html")
    except UsageError:
        return
    for one in repeat(verifiable(found), registry, Nobody(), Repetition(any_source=True)):
        assert one.verdict == "not available"
        assert one.explanation


def _places(value: Any) -> list[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in [(value, key), *_places(value[key])]]


def test_strange_values_are_errors_of_optbench_only(content: dict[str, Any], registry: Registry) -> None:
    """Each value of a spec is replaced by each strange one, and the job is built as far as it can be."""
    reached = 0
    for owner, key in _places(content["workloads"]) + _places(content["optimizers"]) + _places(content["labels"]):
        before = owner[key]
        for value in STRANGE:
            owner[key] = value
            try:
                found = recorded_runs(text_of(content), "page.html")
            except OptbenchError:
                continue
            reached += 1
            repeat(verifiable(found), registry, Nobody(), Repetition(any_source=True))
        owner[key] = before
    assert reached > 50
