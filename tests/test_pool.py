"""Worker processes: one group of third-party code each, replaced when they die, and not started for ever."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import pytest
from processes import QUICK, Bench, alive, descendants, digests, wait_for

from optbench.execution.pool import FAILED_STARTS, NoWorker, WorkerPool, worker_pool
from optbench.execution.tasks import Group
from optbench.execution.worker import NotPicklable, TaskFailed, WorkerDied

BUILT_IN: Group = frozenset()
ONE, TWO, BOTH = frozenset({"one"}), frozenset({"two"}), frozenset({"one", "two"})
STAMP = "(__import__('os').getpid(), __import__('time').monotonic_ns())"
"""An expression for the process in which a task runs, and the time at which it does."""


@pytest.mark.parametrize(
    "groups",
    [
        [BUILT_IN, BUILT_IN, ONE, ONE, BUILT_IN, TWO, BUILT_IN, ONE],
        [ONE, BUILT_IN, TWO, BOTH, BUILT_IN],
        [BOTH, ONE, BOTH, TWO, ONE],
    ],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_has_imported_third_party_code_serves_its_own_group_only(groups: list[Group], workers: int) -> None:
    with worker_pool(workers) as pool:
        futures = [(group, pool.schedule(eval, [STAMP], group=group)) for group in groups]
    ran = sorted((*future.result()[::-1], group) for group, future in futures)
    for pid in {pid for _, pid, _ in ran}:
        served = [group for _, other, group in ran if other == pid]
        third_party = [group for group in served if group]
        assert len(set(third_party)) <= 1
        assert served == [BUILT_IN] * (len(served) - len(third_party)) + third_party, "built-in tasks come first in a worker"
    assert len({pid for _, pid, _ in ran}) <= len(set(groups)) * workers


def test_tasks_of_a_group_start_in_the_order_in_which_they_were_scheduled() -> None:
    with worker_pool(1) as pool:
        futures = [pool.schedule(eval, [STAMP], group=[ONE, TWO][i % 2]) for i in range(12)]
    times = [future.result()[1] for future in futures]
    for own in (times[::2], times[1::2]):
        assert own == sorted(own)


def test_workers_divide_the_groups_among_themselves() -> None:
    with worker_pool(2) as pool:
        gate = [pool.schedule(time.sleep, [0.5]) for _ in range(2)]
        futures = [(group, pool.schedule(os.getpid, group=group)) for group in (ONE, ONE, TWO, TWO)]
    assert all(future.exception() is None for future in gate)
    assert len({future.result() for _, future in futures}) == 2


def test_what_a_task_does_concerns_its_own_future_only() -> None:
    with worker_pool(1) as pool:
        dead = pool.schedule(os._exit, [7])
        failed = pool.schedule(eval, ["1 / 0"])
        late = pool.schedule(time.sleep, [60], timeout=0.1)
        unpicklable = pool.schedule(lambda: None)
        no_value = pool.schedule(eval, ["lambda: None"])
        fine = pool.schedule(os.getpid)
    with pytest.raises(WorkerDied, match="exit code 7"):
        dead.result()
    with pytest.raises(TaskFailed, match="ZeroDivisionError"):
        failed.result()
    with pytest.raises(TimeoutError):
        late.result()
    with pytest.raises(NotPicklable, match="lambda"):
        unpicklable.result()
    with pytest.raises(TaskFailed, match="pickle"):
        no_value.result()
    assert fine.result() != os.getpid()


@pytest.mark.parametrize("preload", [[], ["hanging"]], ids=["task", "start"])
def test_stopping_a_pool_ends_every_future(preload: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hanging.py").write_text("import time; time.sleep(60)", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    pool = WorkerPool(1, preload=preload)
    running, waiting = pool.schedule(time.sleep, [60]), pool.schedule(time.sleep, [60])
    wait_for("the first task", running.running)
    pool.stop()
    with pytest.raises(CancelledError):
        waiting.result(timeout=10)
    with pytest.raises(WorkerDied):
        running.result(timeout=10)
    pool.join()
    with pytest.raises(RuntimeError, match="closed"):
        pool.schedule(time.sleep, [0])


MODULE = """
import os, pathlib, time
folder = pathlib.Path(os.environ["STARTS"])
(folder / str(os.getpid())).touch()
if len(list(folder.iterdir())) <= int(os.environ["HANGING"]):
    time.sleep(600)
"""


@pytest.fixture
def killing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module for `preload` that hangs where the environment says so, until a thread kills the process that imports it."""
    starts = tmp_path / "starts"
    starts.mkdir()
    (tmp_path / "hanging_start.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.setenv("STARTS", str(starts))
    monkeypatch.syspath_prepend(tmp_path)
    over = threading.Event()

    def kill() -> None:
        killed: set[str] = set()
        while not over.wait(0.01):
            for pid in sorted({path.name for path in starts.iterdir()} - killed)[: int(os.environ["HANGING"]) - len(killed)]:
                os.kill(int(pid), signal.SIGKILL)
                killed.add(pid)

    thread = threading.Thread(target=kill)
    thread.start()
    yield "hanging_start"
    over.set()
    thread.join()


def test_a_worker_that_is_killed_while_it_imports_is_replaced(killing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANGING", str(FAILED_STARTS - 1))
    with worker_pool(1, preload=[killing]) as pool:
        futures = [pool.schedule(os.getpid) for _ in range(2)]
    assert len({future.result() for future in futures}) == 1


def test_a_pool_gives_up_after_several_failed_starts_in_a_row(killing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANGING", "1000")
    with worker_pool(2, preload=[killing]) as pool:
        futures = [pool.schedule(os.getpid) for _ in range(6)]
        for future in futures:
            with pytest.raises(NoWorker, match=r"no worker could be started: .* exit code -9; 'optbench doctor' checks this"):
                future.result()
        with pytest.raises(NoWorker):
            pool.schedule(os.getpid).result()
    assert (
        FAILED_STARTS <= len(list(Path(os.environ["STARTS"]).iterdir())) <= FAILED_STARTS + 1
    )  # one per worker may be under way


def test_a_start_that_always_fails_is_not_repeated_for_ever() -> None:
    with worker_pool(1, preload=["no_such_module"]) as pool:
        future = pool.schedule(os.getpid)
    with pytest.raises(NoWorker, match="ModuleNotFoundError: No module named 'no_such_module'"):
        future.result()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


DYING = """
import os, pathlib, signal, sys
if "--multiprocessing-fork" in sys.orig_argv:
    starts = pathlib.Path("starts")
    starts.mkdir(exist_ok=True)
    (starts / str(os.getpid())).touch()
    if len(list(starts.iterdir())) <= {deaths}:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_command_survives_workers_that_die_while_they_start(bench: Bench) -> None:
    (bench.plugins / "sitecustomize.py").write_text(DYING.format(deaths=FAILED_STARTS - 1), encoding="utf-8")
    ended = bench.run("run", "-o", "sgd", "--seeds", "0,1", "-j1", *QUICK, "--json")
    assert ended.code == 0, ended.err
    assert [row["status"] for row in ended.rows] == ["ok", "ok"]


TWO_THREADS = """
import os, sys
if "--multiprocessing-fork" in sys.orig_argv:
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "2"
"""


@pytest.mark.parametrize(
    ("start", "reason"), [(DYING.format(deaths=1000), "exit code -9"), (TWO_THREADS, "reproducible with one only")]
)
def test_a_command_says_that_no_worker_can_be_started(bench: Bench, start: str, reason: str) -> None:
    (bench.plugins / "sitecustomize.py").write_text(start, encoding="utf-8")
    ended = bench.run("run", "-o", "sgd", "--seeds", "0,1", *QUICK, "--json")
    assert ended.code == 1, ended.err
    assert [row["status"] for row in ended.rows] == ["crashed", "crashed"]
    for row in ended.rows:
        assert row["reason"].startswith("no worker could be started: ")
        assert reason in row["reason"]
    assert "Traceback" not in ended.err
    (bench.plugins / "sitecustomize.py").unlink()
    again = bench.run("run", "-o", "sgd", "--seeds", "0,1", *QUICK, "--json")
    assert [row["status"] for row in again.rows] == ["ok", "ok"]


PATCH = """
import numpy as np
take = np.take
def halved(*args, **kwargs):
    result = take(*args, **kwargs)
    result *= 0.5
    return result
np.take = halved
"""
BUILT_IN_RUNS = ("-m", "single-layer", "-e", "hashing[features=16]", "-d", "tiny", "--epochs", "2", "--no-report", "--json")


@pytest.mark.parametrize(("name", "workers"), [("before", "-j1"), ("zafter", "-j1"), ("before", "-j2")])
def test_a_plugin_that_patches_numpy_changes_no_other_run(bench: Bench, name: str, workers: str) -> None:
    command = ("run", "-o", "sgd", "-o", "gd", "--seeds", "0-2", workers, *BUILT_IN_RUNS)
    alone = bench.run(*command, "--store", "alone.sqlite")
    bench.optimizer(name)
    bench.optimizer("other")
    plugin = bench.plugins / f"optbench_{name}.py"
    plugin.write_text(plugin.read_text(encoding="utf-8") + PATCH, encoding="utf-8")
    together = bench.run(*command, "-o", name, "-o", "other")
    assert (alone.code, together.code) == (0, 0), alone.err + together.err
    found = [{row["digest"] for row in together.rows if row["optimizer"] == optimizer} for optimizer in (name, "other")]
    assert digests(alone.rows).items() <= digests(together.rows).items()
    assert not found[0] & found[1], "the patch works where it belongs"


def test_no_worker_is_left_after_a_pool() -> None:
    with worker_pool(2) as pool:
        pids = {pool.schedule(os.getpid, group=group).result() for group in (ONE, TWO, BUILT_IN)}
        assert pids & descendants(os.getpid())
    assert not any(map(alive, pids))
