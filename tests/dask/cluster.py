"""A Dask cluster on this machine, of processes that are started as a user starts them, and a script that uses it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from processes import PATIENCE, Bench, alive, descendants, kill_all, wait_for

SCRIPT = """
import json, sys
from optbench.core.errors import OptbenchError
from optbench.execution.executor import parse_executor
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.registry import Registry

text, timeout, seeds, *optimizers = sys.argv[1:]
selections = Selections(
    optimizers=optimizers, architectures=["single-layer"], embedders=["letters"], datasets=["tiny"],
    seeds=range(int(seeds)), epochs=2,
)
try:
    workers = 2 if text in {"local", "dask"} else None
    for result in parse_executor(text, workers, float(timeout)).run(make_plan(Registry(), selections)):
        row = {"status": result.status, "digest": result.digest, "reason": result.reason}
        print(json.dumps({"run": f"{result.labels.optimizer} {result.spec.seed}", **row}), flush=True)
except OptbenchError as error:
    sys.exit(f"error: {error}")
"""
"""Prints one line per result; it has no `if __name__ == "__main__"` on purpose."""


def script(bench: Bench) -> str:
    """Write the script into the bench's folder; return its name."""
    (bench.folder / "runs.py").write_text(SCRIPT, encoding="utf-8")
    return "runs.py"


def outcomes(lines: str) -> dict[str, tuple[str, str | None]]:
    """Return status and digest of each run that the script printed."""
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines.splitlines()]
    found = {row["run"]: (row["status"], row["digest"]) for row in rows}
    assert len(found) == len(rows), "one result per job"
    return found


class Cluster:
    """A scheduler that other processes reach by its file, and workers."""

    def __init__(self, bench: Bench, environment: Mapping[str, str]) -> None:
        self._bench = bench
        self._processes: list[subprocess.Popen[bytes]] = []
        self.file = bench.folder / "scheduler.json"
        self._start(
            "distributed.cli.dask_scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--dashboard-address",
            ":0",
            environment=environment,
        )
        wait_for("the scheduler's file", lambda: self.file.exists() and self.file.read_bytes().endswith(b"}"))

    @property
    def address(self) -> str:
        """The scheduler's."""
        address: str = json.loads(self.file.read_bytes())["address"]
        return address

    def worker(self, *words: str, environment: Mapping[str, str] = {}) -> subprocess.Popen[bytes]:
        """Start `dask worker` with one thread; its nanny restarts it unless WORDS say --no-nanny."""
        return self._start(
            "distributed.cli.dask_worker",
            "--nthreads",
            "1",
            "--local-directory",
            str(self._bench.folder / "scratch"),
            *words,
            environment=environment,
        )

    def _start(self, module: str, *words: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with (self._bench.folder / f"log-{len(self._processes)}").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, "--scheduler-file", str(self.file), *words],
                cwd="/",  # what a worker reads must not depend on where it was started
                env=self._bench.environment({"PYTHONWARNINGS": "default", **environment}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self._processes.append(process)
        return process

    def wait_for_workers(self, count: int) -> None:
        """Wait until so many workers have registered."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=PATIENCE)

    def addresses(self, name: str) -> list[str]:
        """Return the addresses of the workers that were started with `--name NAME`."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            workers = client.scheduler_info(n_workers=-1)["workers"]
        return [address for address, about in workers.items() if about["name"] == name]

    def dask_worker(self, *, nanny: bool) -> int:
        """Return the process id of the Dask worker with, or without, a nanny."""
        with_nanny, without = self._processes[1:]
        if not nanny:
            return without.pid
        (worker,) = (pid for pid in _computing(with_nanny.pid) if _parent(pid) == with_nanny.pid)
        return worker

    def computing(self) -> set[int]:
        """Return the processes that those of the cluster have started to compute."""
        return {pid for process in self._processes for pid in _computing(process.pid)}

    def kill_scheduler(self) -> None:
        """Kill the scheduler alone."""
        self._processes[0].kill()

    def close(self) -> None:
        """Kill everything."""
        for process in self._processes:
            kill_all({process.pid, *descendants(process.pid)})
            process.wait()


def _computing(pid: int) -> set[int]:
    """The processes below `pid`, without those of multiprocessing's own."""
    found = {child: _read(child, "cmdline") for child in descendants(pid) if alive(child)}
    return {child for child, command in found.items() if "spawn_main" in command}


def _parent(pid: int) -> int:
    return int(_read(pid, "stat").rpartition(") ")[2].split()[1])


def _read(pid: int, file: str) -> str:
    try:
        return Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8")
    except OSError:
        return ""


@contextmanager
def cluster(bench: Bench, environment: Mapping[str, str] = {}) -> Iterator[Cluster]:
    """Start a scheduler; end it, and what was started with it."""
    made = Cluster(bench, environment)
    try:
        yield made
    finally:
        made.close()
