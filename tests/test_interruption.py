from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from processes import PATIENCE, QUICK, Bench, alive, descendants, digests, kill_all, wait_for

SLOW = ("run", "-o", "slow", "--seeds", "0-5", "-j2", *QUICK, "--json")
HANGING = ("run", "-o", "deaf", "-o", "frozen", "-o", "slow", "--seeds", "0,1", "-j5", *QUICK, "--json")
UNTIL_CALM = "if not os.path.exists('calm'): "


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    made.optimizer("slow", "time.sleep(0.3)")
    made.optimizer("frozen", f"{UNTIL_CALM}ctypes.PyDLL(None).sleep(600)  # keeps the interpreter's lock")
    made.optimizer("deaf", f"{UNTIL_CALM}signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()); time.sleep(600)")
    return made


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that a test starts; what is left of them and of their workers does not outlive it."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        kill_all({*descendants(process.pid), process.pid})
        process.communicate(timeout=PATIENCE)


def stored(bench: Bench) -> int:
    """Count the stored runs without a command of optbench's."""
    try:
        database = sqlite3.connect(f"file:{bench.folder}/.optbench/runs.sqlite?mode=ro", uri=True)
    except sqlite3.OperationalError:
        return 0
    try:
        return int(database.execute("SELECT count(*) FROM runs").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        database.close()


def test_ctrl_c_keeps_what_finished_and_the_same_command_goes_on(bench: Bench, started: list[subprocess.Popen[str]]) -> None:
    process = bench.start(*SLOW, new_group=True)
    started.append(process)
    wait_for("a stored run", lambda: stored(bench))
    workers = descendants(process.pid)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to the whole group
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    kept = stored(bench)
    assert 0 < kept < 6
    assert f"interrupted: {kept} of 6 runs are stored in .optbench/runs.sqlite; the same command continues" in err
    assert "Traceback" not in err
    assert out == ""
    wait_for("the workers' end", lambda: not any(map(alive, workers)), 5)
    resumed = bench.run(*SLOW)
    assert resumed.code == 0, resumed.err
    assert f"6 runs: {kept} stored, {6 - kept} to run" in resumed.err
    undisturbed = bench.run(*SLOW, "--store", "other.sqlite")
    assert len(digests(resumed.rows)) == 6
    assert digests(resumed.rows) == digests(undisturbed.rows)


def test_ctrl_c_while_workers_start_is_as_quiet(bench: Bench, started: list[subprocess.Popen[str]]) -> None:
    process = bench.start(*SLOW, new_group=True)
    started.append(process)
    workers = wait_for("a worker", lambda: descendants(process.pid))
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert "interrupted: 0 of 6 runs are stored" in err
    assert "Traceback" not in err
    wait_for("the workers' end", lambda: not any(map(alive, workers)), 5)


def test_ctrl_c_does_not_wait_for_workers_that_hang(bench: Bench, started: list[subprocess.Popen[str]]) -> None:
    process = bench.start(*HANGING, new_group=True)
    started.append(process)
    wait_for("all that can finish", lambda: stored(bench) == 2)
    workers = descendants(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert "interrupted: 2 of 6" in err
    wait_for("the workers' end", lambda: not any(map(alive, workers)), 5)  # multiprocessing's own helper ends a moment later


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_no_worker_outlives_a_killed_command_and_the_same_command_resumes(
    bench: Bench, started: list[subprocess.Popen[str]], by: signal.Signals
) -> None:
    process = bench.start(*HANGING)
    started.append(process)
    wait_for("all that can finish", lambda: stored(bench) == 2)
    workers = descendants(process.pid)
    assert len([pid for pid in workers if alive(pid)]) >= 4, "the hung runs have a worker each"
    os.kill(process.pid, by)
    try:
        wait_for("the workers' end", lambda: not any(map(alive, workers)), 5)
    finally:
        kill_all(workers)
    process.communicate()
    assert process.returncode == -by
    (bench.folder / "calm").touch()
    resumed = bench.run(*HANGING)
    assert resumed.code == 0, resumed.err
    assert "6 runs: 2 stored, 4 to run" in resumed.err
    undisturbed = bench.run(*HANGING, "--store", "other.sqlite")
    assert len(digests(resumed.rows)) == 6
    assert digests(resumed.rows) == digests(undisturbed.rows)


def test_two_commands_on_one_store_do_not_disturb_each_other(bench: Bench, started: list[subprocess.Popen[str]]) -> None:
    started += [bench.start(*SLOW), bench.start(*SLOW)]
    ends = [(*process.communicate(timeout=PATIENCE), process.returncode) for process in started]
    assert [code for *_, code in ends] == [0, 0], ends
    assert stored(bench) == 6
    first, second = (digests([json.loads(line) for line in out.splitlines()]) for out, *_ in ends)
    assert first == second


def delete(bench: Bench) -> None:
    (bench.folder / ".optbench/runs.sqlite").unlink()


def delete_with_its_log(bench: Bench) -> None:
    for file in (bench.folder / ".optbench").glob("runs.sqlite*"):
        file.unlink()


def replace(bench: Bench) -> None:
    (bench.folder / "other.sqlite").replace(bench.folder / ".optbench/runs.sqlite")


@pytest.mark.parametrize(
    ("change", "what", "report"),
    [
        (delete, "deleted", ("--no-report", "--json")),
        (delete_with_its_log, "deleted", ("--report", "page.html")),
        (replace, "replaced by another file", ("--report", "page.html")),
    ],
)
def test_a_store_that_is_lost_during_a_run_stops_the_command(
    bench: Bench, started: list[subprocess.Popen[str]], change: Callable[[Bench], None], what: str, report: tuple[str, ...]
) -> None:
    assert bench.run("run", "-o", "sgd", "--seeds", "0-2", *QUICK, "--store", "other.sqlite").code == 0
    words = ("run", "-o", "slow", "--seeds", "0-5", "-j2", *QUICK[:-1], *report)
    process = bench.start(*words)
    started.append(process)
    wait_for("a stored run", lambda: stored(bench))
    workers = descendants(process.pid)
    before = stored(bench)
    change(bench)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 4, err
    (error,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert f"the store .optbench/runs.sqlite was {what} while it was open" in error
    lost = int(error.partition(" that are lost: ")[2].partition(";")[0])
    assert before <= lost < 6
    assert "repeat the command" in error
    assert (out, "Traceback" in err, "report: " in err) == ("", False, False)
    assert not (bench.folder / "page.html").exists()
    wait_for("the workers' end", lambda: not any(map(alive, workers)), 5)
    repeated = bench.run(*words)
    assert repeated.code == 0, repeated.err
    assert "6 runs: 0 stored, 6 to run" in repeated.err
    assert stored(bench) == (9 if change is replace else 6)
    assert {row["optimizer"] for row in bench.shown()} == ({"sgd", "slow"} if change is replace else {"slow"})


def test_a_store_that_is_lost_after_the_last_run_is_noticed(bench: Bench, started: list[subprocess.Popen[str]]) -> None:
    bench.distribution(
        "optbench-last",
        {
            "optbench_last": """
            import os
            from optbench import hookimpl

            @hookimpl
            def optbench_run_done(result):
                os.unlink(".optbench/runs.sqlite")
            """
        },
    )
    ended = bench.run("run", "-o", "sgd", "--seeds", "0", *QUICK)
    assert ended.code == 4, ended.err
    assert "that are lost: 1;" in ended.err
    assert ended.out == ""


def test_a_repetition_that_fails_keeps_the_earlier_result(bench: Bench) -> None:
    bench.optimizer("fickle", "if os.path.exists('stormy'): time.sleep(60)")
    words = ("run", "-o", "fickle", "--seeds", "0-2", *QUICK)
    assert bench.run(*words).code == 0
    before = digests(bench.shown())
    assert all(before.values())
    (bench.folder / "stormy").touch()
    repeated = bench.run(*words, "--force", "--timeout", "1")
    assert "fickle" in repeated.err
    assert "timeout" in repeated.err
    assert {row["status"] for row in bench.shown()} == {"ok"}
    assert digests(bench.shown()) == before
