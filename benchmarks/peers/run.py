"""The same work in optbench and in the libraries that users would use instead: checked for equality, then timed in turn.

    pip install torch jax scikit-learn
    python benchmarks/peers/run.py [--rounds 7] [--only steps|sweep] [--pair adam:two-layer-mlp ...]

Every implementation runs in a process of its own, on one processor and with one thread; all take turns, round after round. A
ratio is optbench's time to another's within one round: the median over rounds is printed, with the lowest and the highest.
Processor time is printed beside elapsed time, because the machine may be busy. All of them train in float64 first; if a loss
curve differs from the original's by more than 1e-8, the comparison is refused.

The rows are sparse: 4 % of the numbers differ from 0 (of qa-tr's, 0.4 % with tfidf, 10 % with hashing, all with MiniLM).
optbench's harness detects this and evaluates the weights of an epoch faster; training is dense everywhere. "optbench, dense"
evaluates as it would without zeros.

Each library chooses its kernels for this processor. Variables that would choose those of OpenBLAS, and so of NumPy alone, are
removed for all of them, unless --pinned is used; the kernels of NumPy are printed and recorded.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Self

from problem import Job, rows
from rows_plugin import SPLITS

from optbench.curation.importing import write
from optbench.data.rows import Row

HERE = Path(__file__).parent
PAIRS = (
    "adam:two-layer-mlp",
    "sgd:two-layer-mlp",
    "rmsprop:two-layer-mlp",
    "gd:two-layer-mlp",
    "adam:single-layer",
    "adam:recursive-mlp",
)
TOLERANCE = 1e-8  # of a loss, between implementations in float64
CHECKED_EPOCHS = 5
SAME_START = 1e-3  # of the first epoch's loss, between float32 runs of the sweep
PINS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}


@dataclass(frozen=True)
class Peer:
    """An implementation: a module beside this one, and a variant of it."""

    name: str
    module: str
    same_network: bool = True
    not_for: tuple[str, ...] = ()


PEERS = (
    Peer("original's way", "with_original"),
    Peer("scikit-learn", "with_sklearn", same_network=False, not_for=("adagrad", "rmsprop")),
    Peer("torch", "with_torch"),
    Peer("torch fused", "with_torch", not_for=("rmsprop",)),  # torch has no such form
    Peer("jax jit+scan", "with_jax"),
    Peer("jax jit+vmap", "with_jax"),
    Peer("optbench, dense", "with_optbench"),
    Peer("optbench", "with_optbench"),
)


class Server:
    """A peer's process: ready to train as often as it is asked to."""

    def __init__(self, peer: Peer, job: Job) -> None:
        self.peer = peer
        self._process = subprocess.Popen(
            [sys.executable, HERE / "serve.py", peer.module, peer.name, json.dumps(asdict(job))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | ONE_THREAD,
        )
        self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def train(self) -> dict[str, Any]:
        """Train once; return the seconds it took (for one seed), and the curves."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.peer.name} ended with exit code {self._process.wait()}")
        return json.loads(line)


def check(peers: Sequence[Peer], job: Job) -> None:
    """Refuse to compare implementations that do not compute the same."""
    job = replace(job, dtype="float64", epochs=CHECKED_EPOCHS)
    curves = {}
    for peer in peers:
        if peer.same_network:
            with Server(peer, job) as server:
                curves[peer.name] = server.train()
    for name, curve in curves.items():
        expected = curves["original's way"]
        for kind in ("losses", "accuracies"):
            apart = max(abs(a / b - 1) for a, b in zip(curve[kind], expected[kind], strict=True))
            if not apart <= TOLERANCE:
                raise SystemExit(
                    f"refused: {name} does other work than the original in {job}: {kind} are {apart:.1e} apart, relatively"
                )


def steps(job: Job, rounds: int) -> dict[str, Any]:
    """Time one training in every implementation, in turn."""
    peers = [peer for peer in PEERS if job.optimizer not in peer.not_for and importlib.util.find_spec(_library(peer))]
    check(peers, job)
    with ExitStack() as stack:
        servers = [stack.enter_context(Server(peer, job)) for peer in peers]
        for server in servers:
            server.train()  # caches, lazy imports
        taken = [{server.peer.name: server.train() for server in servers} for _ in range(rounds)]
    times = {
        peer.name: {kind: [each[peer.name][kind] / job.steps for each in taken] for kind in ("seconds", "cpu_seconds")}
        for peer in peers
    }
    return {"job": asdict(job), "steps": job.steps, "seconds_per_step": times}


def _library(peer: Peer) -> str:
    return {"with_original": "numpy", "with_optbench": "optbench"}.get(peer.module, peer.module.removeprefix("with_"))


def sweeps(rounds: int) -> dict[str, Any]:
    """Time the whole sweep in optbench, torch and JAX, in turn, each from a cold start."""
    names = [name for name in ("optbench", "torch", "jax") if importlib.util.find_spec(name)]
    times: dict[str, list[float]] = {name: [] for name in names}
    cpu: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        losses = {}
        for name in names:
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, HERE / "sweep.py", name]
                environment = os.environ | ONE_THREAD
                if name == "optbench":
                    environment["PYTHONPATH"] = _prepare_optbench(Path(folder))
                    command.append(folder)
                start, busy = perf_counter(), _children_seconds()
                done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True, cwd=folder)
                times[name].append(perf_counter() - start)
                cpu[name].append(_children_seconds() - busy)
                losses[name] = json.loads(done.stdout)
        for name in names:
            _check_same_start(name, losses[name], losses["optbench"])
    return {"seconds": times, "cpu_seconds": cpu}


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _check_same_start(name: str, found: dict[str, float], expected: dict[str, float]) -> None:
    same = found.keys() == expected.keys() and all(abs(found[run] / expected[run] - 1) <= SAME_START for run in expected)
    if not same:
        raise SystemExit(f"refused: the sweep of {name} does other runs than that of optbench: {found} against {expected}")


def _prepare_optbench(folder: Path) -> str:
    """Write a dataset of row numbers, and install the plugin that knows their vectors; return the PYTHONPATH for it."""
    numbered = enumerate(rows()[1])
    splits = {name: [Row(str(i), str(i), int(label)) for i, label in islice(numbered, n)] for name, n in SPLITS.items()}
    write(folder / "dataset", splits, {"name": "synthetic"})
    installed = folder / "site" / "synthetic_rows-0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: synthetic-rows\nVersion: 0\n")
    (installed / "entry_points.txt").write_text("[optbench]\nrows = rows_plugin\n")
    return os.pathsep.join(map(str, (installed.parent, HERE)))


def table(
    title: str, times: dict[str, list[float]], unit: str, scale: float, cpu: dict[str, list[float]] | None = None
) -> Iterator[str]:
    """Yield the lines of a table: medians, and optbench's ratio to each with its spread."""
    yield f"\n{title}"
    yield f"  {'':24}{unit:>10}   optbench to it      by processor time"
    for name, taken in times.items():
        label = name + (" (another network)" if name == "scikit-learn" else "")
        line = f"  {label:32}".ljust(24) + f"{median(taken) * scale:10.4g}   {_ratio(times, name)}"
        yield f"{line}   {_ratio(cpu, name)}"


def _ratio(times: dict[str, list[float]], name: str) -> str:
    ratios = [ours / theirs for ours, theirs in zip(times["optbench"], times[name], strict=True)]
    return f"{median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}]"


def _kernels() -> str:
    """Ask a process like those that are timed which kernels NumPy's BLAS has there."""
    code = (
        "import numpy, threadpoolctl; print(*{b.get('architecture') or b['prefix'] for b in threadpoolctl.threadpool_info()})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | ONE_THREAD, stdout=subprocess.PIPE, text=True, check=True
    )
    return f"BLAS with kernels for {done.stdout.strip()}"


def main() -> None:
    """Run what was asked for, print the tables, write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sweep-rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=30, help="of each training whose steps are timed")
    parser.add_argument("--json", type=Path, default=Path("peers.json"), help="where the numbers go")
    parser.add_argument("--only", choices=("steps", "sweep"))
    parser.add_argument("--pinned", action="store_true", help=f"leave {' and '.join(PINS)} as they are set")
    parser.add_argument("--pair", nargs="+", default=PAIRS, metavar="OPTIMIZER:ARCHITECTURE")
    given = parser.parse_args()
    for name in () if given.pinned else PINS:
        os.environ.pop(name, None)  # it is read when a library is loaded: by processes that start from here on
    machine = {"machine": f"{platform.platform()}, {os.cpu_count()} processors", "numpy": _kernels()}
    print(*(f"{what}: {value}" for what, value in machine.items()), sep="\n", flush=True)
    results: dict[str, Any] = {**machine, "steps": []}
    if given.only != "sweep":
        for pair in given.pair:
            result = steps(Job(*pair.split(":"), given.epochs), given.rounds)
            results["steps"].append(result)
            wall, cpu = ({n: t[kind] for n, t in result["seconds_per_step"].items()} for kind in ("seconds", "cpu_seconds"))
            print(*table(f"{pair}, float32, per step", wall, "us", 1e6, cpu), sep="\n", flush=True)
    if given.only != "steps":
        results["sweep"] = sweeps(given.sweep_rounds)
        wall, cpu = results["sweep"]["seconds"], results["sweep"]["cpu_seconds"]
        print(*table("the whole sweep, cold, two processors", wall, "s", 1.0, cpu), sep="\n", flush=True)
    given.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
