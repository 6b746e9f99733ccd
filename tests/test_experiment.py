from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import optbench
from optbench.core.errors import NothingSelected, OptbenchError, UsageError
from optbench.core.specs import RunResult
from optbench.data.loader import FrozenDataset
from optbench.execution.local import LocalExecutor
from optbench.experiment import Experiment, Outcome
from optbench.planning import config
from optbench.registry import Registry
from optbench.store import Store
from optbench.training.job import Job
from optbench.training.outcome import failed_result


def run(dataset: FrozenDataset, tmp_path: Path, **change: object) -> optbench.Results:
    given = {
        "optimizers": ["adam", "gd"],
        "architectures": ["single-layer"],
        "embedders": ["hashing[features=16]"],
        "datasets": [str(dataset.folder)],
        "seeds": range(2),
        "epochs": 5,
        "store": tmp_path / "runs.sqlite",
    }
    return optbench.run(**(given | change))


def test_run_returns_what_was_asked_for(dataset: FrozenDataset, tmp_path: Path) -> None:
    results = run(dataset, tmp_path)
    assert len(results) == 4
    assert [result.status for result in results] == ["ok"] * 4
    assert isinstance(results[0], RunResult)
    assert set(results.frame()["optimizer"]) == {"adam", "gd"}
    assert list(results.table()["runs"]) == [2, 2]
    assert "<table" in results._repr_html_()
    assert results.report(tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")


def test_what_is_stored_is_not_run_again(dataset: FrozenDataset, tmp_path: Path) -> None:
    first = run(dataset, tmp_path)
    second = run(dataset, tmp_path, seeds=range(3))
    seconds = {result.spec.key: result.seconds for result in first}
    assert sum(result.spec.key in seconds for result in second) == 4
    assert all(seconds.get(result.spec.key, result.seconds) == result.seconds for result in second)
    third = run(dataset, tmp_path, force=True)
    assert [result.digest for result in third] == [result.digest for result in first]
    assert [result.seconds for result in third] != [result.seconds for result in first]


def test_mistakes_are_reported_before_anything_runs(dataset: FrozenDataset, tmp_path: Path) -> None:
    for change, kind in (({"optimizers": ["adm"]}, UsageError), ({"seeds": []}, NothingSelected), ({"epochs": -1}, UsageError)):
        with pytest.raises(kind):
            run(dataset, tmp_path, **change)
    with pytest.raises(OptbenchError):
        run(dataset, tmp_path, datasets=["nowhere"])
    assert not (tmp_path / "runs.sqlite").exists()


def test_results_survive_a_store_with_other_runs(dataset: FrozenDataset, tmp_path: Path) -> None:
    run(dataset, tmp_path)
    only = run(dataset, tmp_path, optimizers=["gd"])
    assert {result.labels.optimizer for result in only} == {"gd"}
    with Store(tmp_path / "runs.sqlite") as store:
        assert len(store.results()) == 4


def test_the_original_experiment_is_packaged() -> None:
    for name in ("presets/original.toml", "original.toml", "original"):
        found = config.read(name)
        assert found.seeds == [42, 10, 2024, 7, 99]
        assert (found.epochs, found.batch_size) == (100, 32)
        assert len(found.optimizers or []) == 5


class Recording:
    """An executor that executes nothing: it returns one `timeout` result per job, and counts its jobs."""

    workers = 1

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def run(self, jobs: Sequence[Job]) -> Iterator[RunResult]:
        for job in jobs:
            self.jobs.append(job)
            yield failed_result(job, "timeout", "stopped")


def test_a_run_that_is_not_final_never_replaces_one_that_is(registry: Registry, plan: list[Job], tmp_path: Path) -> None:
    store = tmp_path / "runs.sqlite"
    with Experiment(registry, store, LocalExecutor(workers=1)) as experiment:
        assert experiment.run(plan[:2]) == Outcome()
        before = [result.digest for result in experiment.results(plan)]
    with Experiment(registry, store, Recording()) as experiment:
        outcome = experiment.run(plan)
        assert (len(outcome.kept), len(outcome.failed)) == (2, len(plan) - 2)
        after = experiment.results(plan)
        assert [result.digest for result in after if result.status == "ok"] == before
        assert experiment.missing(plan) == plan[2:]


def test_planning_and_looking_for_missing_runs_create_no_store(registry: Registry, plan: list[Job], tmp_path: Path) -> None:
    with Experiment(registry, tmp_path / "runs.sqlite", Recording()) as experiment:
        assert experiment.missing(plan) == plan
    assert not list(tmp_path.glob("runs*"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epoch = 3", "unknown key 'epoch'; did you mean 'epochs'"),
        ("epochs = 'many'", "epochs = 'many'"),
        ("epochs = 0", "epochs = 0"),
        ("optimizers = 'adam'", "optimizers = 'adam'"),
        ("dtype = 'float16'", "dtype = 'float16'"),
        ("epochs = = 3", r"experiment\.toml cannot be read as TOML"),
        (f"epochs = {'9' * 5000}", r"experiment\.toml cannot be read as TOML: .*5000 digits"),
        (f"epochs = 'many'\nseeds = [{'9' * 4000}]", "epochs = 'many'"),
        (f"timeout = {'9' * 400}", "timeout = "),
    ],
)
def test_a_configuration_is_checked(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "experiment.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=words):
        config.read(str(path))


def test_a_missing_configuration_names_the_presets() -> None:
    with pytest.raises(UsageError, match=r"did you mean 'original\.toml'"):
        config.read("presets/orignal.toml")
