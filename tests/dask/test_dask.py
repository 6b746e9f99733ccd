"""Runs on a Dask cluster give what they give locally, whatever happens to its workers."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Cluster, cluster, outcomes, script
from processes import PATIENCE, Bench, alive, descendants, kill_all, wait_for

from optbench.core.errors import OptbenchError, UsageError
from optbench.execution.executor import parse_executor
from optbench.training.job import Job

pytestmark = [pytest.mark.dask, pytest.mark.filterwarnings("ignore:Mismatched versions")]

PATCH = "\nimport numpy as np\ntake = np.take\nnp.take = lambda *a, **k: take(*a, **k).__imul__(0.5)\n"
LONG = "60"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    script(made)
    return made


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """Scripts that a test starts; what is left of them does not outlive it."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        kill_all({*descendants(process.pid), process.pid})
        process.communicate(timeout=PATIENCE)


@pytest.fixture
def two_workers(bench: Bench) -> Iterator[Cluster]:
    """A cluster of a worker with a nanny, which makes it daemonic, and one without."""
    with cluster(bench) as made:
        made.worker()
        made.worker("--no-nanny")
        made.wait_for_workers(2)
        yield made


def rest_of(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Return what a script writes after its first lines were read; `communicate` would lose lines that are buffered."""
    assert process.stdout is not None
    assert process.stderr is not None
    rest, err = process.stdout.read(), process.stderr.read()
    process.wait(timeout=PATIENCE)
    return rest, err


def misbehaving(bench: Bench) -> tuple[str, ...]:
    bench.optimizer("raises", "raise RuntimeError('as it must')")
    bench.optimizer("leaves", "os._exit(0)")
    bench.optimizer("sleeps", "time.sleep(600)")
    bench.optimizer("patches")
    plugin = bench.plugins / "optbench_patches.py"
    plugin.write_text(plugin.read_text(encoding="utf-8") + PATCH, encoding="utf-8")
    return "adam", "leaves", "patches", "raises", "sgd", "sleeps"


def test_a_cluster_on_this_machine_gives_the_results_of_local_workers(bench: Bench) -> None:
    names = misbehaving(bench)
    local = bench.run("runs.py", "local", "3", "1", *names)
    before = set(bench.folder.rglob("*"))
    dask = bench.run("runs.py", "dask", "3", "1", *names, environment={"HOME": str(bench.folder)})
    assert (local.code, dask.code) == (0, 0), local.err + dask.err
    assert outcomes(dask.out) == outcomes(local.out)
    assert {status for status, _ in outcomes(dask.out).values()} == {"ok", "failed", "crashed", "timeout"}
    assert dask.err == ""
    assert set(bench.folder.rglob("*")) == before, "no files are left"


def test_a_cluster_that_is_there_already_gives_the_results_of_local_workers(bench: Bench, two_workers: Cluster) -> None:
    bench.optimizer("leaves", "os._exit(0)")
    by_file = bench.run("runs.py", f"dask={two_workers.file.name}", LONG, "2", "leaves", "sgd")
    by_address = bench.run("runs.py", f"dask={two_workers.address}", LONG, "2", "leaves", "sgd")
    local = bench.run("runs.py", "local", LONG, "2", "leaves", "sgd")
    assert outcomes(by_file.out) == outcomes(by_address.out) == outcomes(local.out), by_file.err
    assert by_file.err == by_address.err == ""


@pytest.mark.parametrize("nanny", [True, False])
def test_a_killed_worker_costs_what_it_held_which_is_run_again(
    bench: Bench, two_workers: Cluster, started: list[subprocess.Popen[str]], nanny: bool
) -> None:
    bench.optimizer("slow", "time.sleep(0.05)")
    local = bench.run("runs.py", "local", LONG, "12", "slow", "sgd")
    process = bench.start("runs.py", f"dask={two_workers.file.name}", LONG, "12", "slow", "sgd")
    started.append(process)
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first, rest_of(process)
    victim = two_workers.dask_worker(nanny=nanny)
    children = descendants(victim)
    os.kill(victim, signal.SIGKILL)
    rest, err = rest_of(process)
    assert process.returncode == 0, err
    assert outcomes(first + rest) == outcomes(local.out)
    assert err == ""
    wait_for("the end of the runs of the killed worker", lambda: not any(map(alive, children)), 5)


def test_runs_that_kill_their_dask_worker_end_as_crashed(bench: Bench) -> None:
    bench.optimizer("poison", "os.kill(os.getppid(), signal.SIGKILL); time.sleep(5)")
    bench.optimizer("good")
    with cluster(bench, {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}) as made:
        made.worker()
        made.wait_for_workers(1)
        ended = bench.run("runs.py", f"dask={made.file.name}", LONG, "2", "good", "poison")
    assert ended.code == 0, ended.err
    assert {run: status for run, (status, _) in outcomes(ended.out).items()} == {
        "good 0": "ok",
        "good 1": "ok",
        "poison 0": "crashed",
        "poison 1": "crashed",
    }


OTHER_NUMPY = """
import importlib.metadata
version = importlib.metadata.version
importlib.metadata.version = lambda name: "1.2.3" if name == "numpy" else version(name)
"""


def other_plugins(bench: Bench, difference: str) -> dict[str, str]:
    """Return the environment of a worker that differs from the other processes."""
    folder = bench.folder / "other"
    shutil.copytree(bench.plugins, folder)
    if difference == "version":
        (folder / "sitecustomize.py").write_text(OTHER_NUMPY, encoding="utf-8")
    elif difference == "source":
        plugin = folder / "optbench_good.py"
        plugin.write_text(plugin.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    elif difference == "plugin":
        (folder / "optbench_good.py").unlink()
    return {"PYTHONPATH": str(folder)}


MESSAGES = {
    "version": "numpy is .* here and 1.2.3 there",
    "source": r"the source of 'good single-layer letters' is [0-9a-f]{12} here and [0-9a-f]{12} there",
    "plugin": r"a component is installed here and not importable \(ModuleNotFoundError: .*'optbench_good'\) there",
}


@pytest.mark.parametrize("difference", MESSAGES)
def test_a_worker_that_differs_is_named_before_work_starts(bench: Bench, difference: str) -> None:
    bench.optimizer("good")
    with cluster(bench) as made:
        made.worker()
        made.worker("--name", "odd", environment=other_plugins(bench, difference))
        made.wait_for_workers(2)
        ended = bench.run("runs.py", f"dask={made.file.name}", LONG, "2", "good", "sgd")
        (odd,) = made.addresses("odd")
    assert ended.code == 1
    assert ended.out == ""
    assert re.match(f"error: the Dask worker at {odd} differs from this process: {MESSAGES[difference]}; ", ended.err), (
        ended.err
    )


NO_CHILDREN = """
import os, sys
if "--multiprocessing-fork" in sys.orig_argv:
    os._exit(7)
"""


@pytest.mark.parametrize("late", [False, True])
def test_a_worker_that_cannot_start_processes_is_named(bench: Bench, started: list[subprocess.Popen[str]], late: bool) -> None:
    bench.optimizer("slow", "time.sleep(0.1)")
    folder = bench.folder / "other"
    shutil.copytree(bench.plugins, folder)
    (folder / "sitecustomize.py").write_text(NO_CHILDREN, encoding="utf-8")
    odd = ("--no-nanny", "--name", "odd")
    with cluster(bench) as made:
        made.worker(*(() if late else odd), environment={} if late else {"PYTHONPATH": str(folder)})
        made.wait_for_workers(1)
        process = bench.start("runs.py", f"dask={made.file.name}", LONG, "100", "slow")
        started.append(process)
        if late:
            assert process.stdout is not None
            assert process.stdout.readline()
            made.worker(*odd, environment={"PYTHONPATH": str(folder)})
            made.wait_for_workers(2)
        (address,) = made.addresses("odd")
        _, err = rest_of(process)
    assert process.returncode == 1
    start = f"error: the Dask worker at {address} cannot run anything: no worker could be started: "
    assert err.startswith(start), err


def test_a_worker_that_joins_later_is_checked_too(bench: Bench, started: list[subprocess.Popen[str]]) -> None:
    bench.optimizer("good")
    bench.optimizer("slow", "time.sleep(0.1)")
    with cluster(bench) as made:
        made.worker()
        made.wait_for_workers(1)
        process = bench.start("runs.py", f"dask={made.file.name}", LONG, "100", "slow")
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline()
        made.worker("--name", "odd", environment=other_plugins(bench, "version"))
        made.wait_for_workers(2)
        (odd,) = made.addresses("odd")
        _, err = rest_of(process)
    assert process.returncode == 1
    assert re.match(f"error: the Dask worker at {odd} differs from this process: {MESSAGES['version']}; ", err), err


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_command(bench: Bench, started: list[subprocess.Popen[str]], by: signal.Signals) -> None:
    bench.optimizer("deaf", "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()); time.sleep(600)")
    process = bench.start("runs.py", "dask", "600", "1", "deaf", "sgd", new_group=True)
    started.append(process)
    assert process.stdout is not None
    assert process.stdout.readline()
    workers = descendants(process.pid)
    os.killpg(process.pid, by) if by == signal.SIGINT else os.kill(process.pid, by)
    wait_for("the end of all processes", lambda: not any(map(alive, {process.pid, *workers})), 10)
    _, err = process.communicate(timeout=PATIENCE)
    if by == signal.SIGINT:
        assert err.rstrip().endswith("KeyboardInterrupt"), err


def test_what_a_command_started_on_a_cluster_ends_with_it(
    bench: Bench, two_workers: Cluster, started: list[subprocess.Popen[str]]
) -> None:
    bench.optimizer("deaf", "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()); time.sleep(600)")
    before = two_workers.computing()
    process = bench.start("runs.py", f"dask={two_workers.file.name}", "600", "1", "deaf", "sgd", new_group=True)
    started.append(process)
    assert process.stdout is not None
    assert process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    wait_for("the end of the processes", lambda: two_workers.computing() <= before, 10)
    again = bench.run("runs.py", f"dask={two_workers.file.name}", LONG, "2", "sgd")
    assert [status for status, _ in outcomes(again.out).values()] == ["ok", "ok"], again.err


def test_a_scheduler_that_is_lost_ends_the_command(bench: Bench, started: list[subprocess.Popen[str]]) -> None:
    bench.optimizer("slow", "time.sleep(0.1)")
    with cluster(bench) as made:
        made.worker()
        made.wait_for_workers(1)
        process = bench.start("runs.py", f"dask={made.file.name}", LONG, "100", "slow")
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline()
        address = made.address
        made.kill_scheduler()
        _, err = rest_of(process)
    assert process.returncode == 1
    assert err.startswith(f"error: the Dask scheduler at {address} does not answer any more"), err


def test_a_cluster_without_workers_is_not_waited_for_without_end(
    bench: Bench, plan: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optbench.execution.dask_session.NO_WORKERS", 1.0)
    with cluster(bench) as made:
        executor = parse_executor(f"dask={made.file}")
        with pytest.raises(
            OptbenchError, match=rf"{made.address} has had no worker for 1 seconds; 'dask worker {made.address}'"
        ):
            next(iter(executor.run(plan)))


@pytest.mark.parametrize(
    ("text", "workers", "message"),
    [
        ("dask=tcp://", None, "is not the address of a Dask scheduler; it is written as tcp://HOST:PORT"),
        ("dask=tcp://127.0.0.1:port", None, "is not the address of a Dask scheduler"),
        ("dask=tcp://127.0.0.1:8786", 3, "3 workers were asked for, but tcp://127.0.0.1:8786 has its own"),
        (
            "dask=none.json",
            None,
            "none.json is not a scheduler file: .*; 'dask scheduler --scheduler-file none.json' writes one",
        ),
        ("dask=broken.json", None, "broken.json is not a scheduler file"),
        ("dask=other.json", None, "other.json is not a scheduler file: it has no 'address'"),
    ],
)
def test_an_address_that_is_not_valid_is_refused(
    text: str, workers: int | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.json").write_text("{", encoding="utf-8")
    Path("other.json").write_text("[]", encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        parse_executor(text, workers)


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optbench.execution.dask.CONNECT", 0.5)
    with pytest.raises(UsageError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9: .*; 'dask scheduler' starts one"):
        _ = parse_executor("dask=tcp://127.0.0.1:9").workers
