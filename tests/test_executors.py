"""From jobs to results: the executor for this machine, and what the one for a cluster is built from."""

from __future__ import annotations

import importlib.util
import os
import pickle
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from processes import alive, descendants, wait_for
from tiny import tiny_splits

from optbench.core.contracts import Optimizer
from optbench.core.errors import MissingExtra, UsageError
from optbench.core.numerics import Vector
from optbench.curation.importing import write
from optbench.data.loader import FrozenDataset
from optbench.execution import batches as batching
from optbench.execution.agreement import first_difference, pack, run_if_equal, sample, versions
from optbench.execution.batches import batches
from optbench.execution.executor import parse_executor
from optbench.execution.local import LocalExecutor
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.registry import Registry
from optbench.training.job import Job
from optbench.training.run_job import run_job


@dataclass(frozen=True, kw_only=True)
class Sleeping(Optimizer):
    """Touches a file and sleeps."""

    name: ClassVar[str] = "sleeping"
    seconds: float = 600.0
    folder: str = ""

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        if self.folder:
            Path(self.folder, str(os.getpid())).touch()
        time.sleep(self.seconds)


def sleeping(job: Job, seed: int, **fields: Any) -> Job:
    return replace(job, optimizer=Sleeping(**fields), spec=replace(job.spec, seed=seed))


def test_local_results_are_those_of_this_process(plan: list[Job]) -> None:
    results = list(LocalExecutor(workers=2).run(plan))
    assert {result.spec.key: result.digest for result in results} == {job.spec.key: run_job(job).digest for job in plan}
    assert all(
        result.labels == job.labels for result, job in zip(sorted(results, key=_key), sorted(plan, key=_key), strict=True)
    )


def _key(run: Any) -> str:
    key: str = run.spec.key
    return key


def test_no_jobs_give_no_results_and_start_no_worker() -> None:
    before = descendants(os.getpid())
    assert list(LocalExecutor(workers=2).run([])) == []
    assert descendants(os.getpid()) == before


def test_a_job_that_cannot_be_sent_or_takes_too_long_yields_a_result_that_says_so(plan: list[Job]) -> None:
    class Unpicklable(Sleeping):
        """Defined within a function."""

    jobs = [replace(plan[1], optimizer=Unpicklable()), sleeping(plan[0], seed=9)]
    results = {result.spec.key: result for result in LocalExecutor(workers=1, timeout=1.0).run(jobs)}
    unpicklable, late = (results[job.spec.key] for job in jobs)
    assert unpicklable.status == "failed"
    assert "it cannot be sent to a worker: " in unpicklable.reason
    assert (late.status, late.reason) == ("timeout", "not done after 1 seconds; --timeout sets the limit")
    assert late.digest is unpicklable.digest is None


def test_jobs_end_as_crashed_where_no_worker_can_be_started(plan: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optbench.execution.local.RUN_MODULES", ("no_such_module",))
    results = list(LocalExecutor(workers=2).run(plan))
    assert Counter(result.status for result in results) == {"crashed": len(plan)}
    for result in results:
        assert result.reason.startswith("no worker could be started: ModuleNotFoundError")
        assert result.reason.endswith("'optbench doctor' checks this")


def test_closing_the_iterator_kills_the_workers_at_once(plan: list[Job], tmp_path: Path) -> None:
    results = LocalExecutor(workers=2).run([plan[0], *(sleeping(plan[0], seed, folder=str(tmp_path)) for seed in (8, 9))])
    assert next(results).status == "ok"
    pids = {int(path.name) for path in wait_for("a hanging run", lambda: list(tmp_path.glob("[0-9]*")))}
    results.close()
    assert not any(map(alive, pids))


def test_nothing_of_dask_is_imported_for_local_runs() -> None:
    code = "import sys; from optbench.execution.executor import parse_executor as p; p('local'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"dask", "distributed"} & {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("text", ["", "daks", "dask=", "local=2", "locale"])
def test_an_unknown_executor_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(UsageError, match=r"no executor .*; it is 'local', 'dask' .*, 'dask=tcp://HOST:PORT' .* 'dask=FILE'"):
        parse_executor(text)


def test_the_local_executor_has_as_many_workers_as_asked_for_or_processors() -> None:
    assert parse_executor("local", 3).workers == 3
    assert parse_executor("local").workers == len(os.sched_getaffinity(0))


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "distributed" else find_spec(name))
    with pytest.raises(MissingExtra, match=r"pip install 'optbench\[dask\]'"):
        parse_executor("dask")


def sent(job: Job) -> Any:
    """Return a job as another process has it."""
    return pickle.loads(pickle.dumps(pack(job)))


def test_a_process_that_does_not_differ_computes_the_same(plan: list[Job]) -> None:
    assert first_difference([sent(job) for job in plan], versions()) is None
    result = run_if_equal(sent(plan[0]), versions())
    assert getattr(result, "digest", None) == run_job(plan[0]).digest


def _change_version(job: Job) -> tuple[Any, dict[str, str]]:
    return sent(job), versions() | {"numpy": "1.2.3"}


def _change_source(job: Job) -> tuple[Any, dict[str, str]]:
    return replace(sent(job), source="0" * 64), versions()


def _change_rows(job: Job) -> tuple[Any, dict[str, str]]:
    path = job.dataset.folder / "test.csv"
    path.write_bytes(path.read_bytes() + b"a?,b,1\n")
    return sent(job), versions()


def _replace_dataset(job: Job) -> tuple[Any, dict[str, str]]:
    one, folder = sent(job), job.dataset.folder
    shutil.rmtree(folder)
    splits = tiny_splits()
    write(folder, splits | {"test": splits["test"][2:]}, {"name": "tiny"})
    return one, versions()


def _remove_dataset(job: Job) -> tuple[Any, dict[str, str]]:
    for path in job.dataset.folder.iterdir():
        path.unlink()
    return sent(job), versions()


def _remove_class(job: Job) -> tuple[Any, dict[str, str]]:
    content = pack(job).content.replace(b"optbench.optimizers.adam", b"optbench.optimizers.none")
    return replace(sent(job), content=content), versions()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_change_version, "numpy is 1.2.3 here and .* there"),
        (_change_source, "the source of 'adam single-layer hashing.*' is 000000000000 here and [0-9a-f]{12} there"),
        (_change_rows, "dataset 'tiny' is [0-9a-f]{12} here and not available .*test.csv is not the file that was frozen"),
        (_replace_dataset, r"dataset 'tiny' is [0-9a-f]{12} here and [0-9a-f]{12} there"),
        (_remove_dataset, "dataset 'tiny' is [0-9a-f]{12} here and not available .* there"),
        (_remove_class, "a component is installed here and not importable .*ModuleNotFoundError"),
    ],
)
def test_a_process_that_differs_says_how(plan: list[Job], change: Any, message: str) -> None:
    one, expected = change(plan[0])
    for difference in (first_difference([one], expected), run_if_equal(one, expected)):
        with pytest.raises(AssertionError, match=message):
            raise AssertionError(str(difference))


def test_a_sample_has_every_component_and_dataset(registry: Registry, dataset: FrozenDataset) -> None:
    selections = Selections(
        optimizers=["adam", "sgd", "sgd|clip[norm=1]"],
        architectures=["single-layer", "two-layer-mlp"],
        embedders=["hashing[features=16]", "hashing[features=8]"],
        datasets=[str(dataset.folder)],
    )
    jobs = make_plan(registry, selections)
    few = sample(jobs)
    assert len(few) < len(jobs) / 5
    for part in ("optimizer", "architecture", "embedder"):
        assert {type(getattr(job, part)) for job in few} == {type(getattr(job, part)) for job in jobs}
    assert {job.embedder for job in few} == {job.embedder for job in jobs}


def test_batches_divide_the_jobs_of_each_embedding_in_order(plan: list[Job]) -> None:
    jobs = [*plan, *(replace(job, spec=replace(job.spec, dtype="float64")) for job in plan)]
    seconds = [0.2, 3.0, 0.2, 0.2, 0.2, 5.0] * 2
    divided = batches(jobs, seconds, workers=1)
    assert [job for batch in divided for job in batch] == jobs
    assert all(len({job.spec.dtype for job in batch}) == 1 for batch in divided)
    duration = dict(zip((job.spec.key for job in jobs), seconds, strict=True))
    for batch in divided:
        assert len(batch) == 1 or sum(duration[job.spec.key] for job in batch) <= batching.SECONDS
    assert len(divided) < len(jobs)


@pytest.mark.parametrize(("seconds", "workers"), [(1e-6, 1), (0.01, 2), (10.0, 2)])
def test_batches_are_many_enough_for_all_workers_and_never_too_long(plan: list[Job], seconds: float, workers: int) -> None:
    jobs = [replace(plan[0], spec=replace(plan[0].spec, seed=seed)) for seed in range(200)]
    divided = batches(jobs, [seconds] * len(jobs), workers)
    assert len(divided) >= 3 * workers
    assert max(map(len, divided)) <= batching.MOST


def test_jobs_of_different_third_party_code_are_not_in_one_batch(plan: list[Job]) -> None:
    jobs = [replace(job, distributions=frozenset({name})) for job, name in zip(plan[:4], "aabb", strict=True)]
    for batch in batches(jobs, [1e-6] * 4, workers=1):
        assert len({job.distributions for job in batch}) == 1
