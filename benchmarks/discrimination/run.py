"""Do workloads tell optimizers apart? Every built-in optimizer, with learning rates searched, on each of them.

    python benchmarks/discrimination/run.py [WORKLOADS.toml ...] [--only NAME ...] [--seeds 1] [--json FILE]

WORKLOADS.toml has `[[workload]]` tables with name, dataset, embedder, architecture, loss (the dataset's own if left out),
epochs and batch_size (32 if left out), as a suite's file; by default those of the suite `core`, then candidates.toml. Each
optimizer is run with 7 learning rates, half a decade apart (RATES), and counts with the best of them:

- loss: the lowest validation loss after any epoch, the median over the seeds, at the rate where that is lowest. A run that
  diverged counts with its loss before the first step.
- passes: how often it went through the training rows until its validation loss was at or below the target, at the rate where
  that was soonest. The target is provisional: the upper quartile of the optimizers' losses, which three in four reach.

A workload tells optimizers apart where the upper quartile, over optimizers, of the loss or of the passes is at least 1.2 times
the lower one, and it is not solved at the start: no optimizer is at the median of the losses before the first step or after
the first epoch.
The quartiles are values that occurred. Runs are kept in a store, so that a command that was stopped can be repeated.
"""

from __future__ import annotations

import argparse
import json
import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import optbench.suites
from optbench import Results, run
from optbench.core.specs import RunResult

HERE = Path(__file__).parent
FILES = (Path(optbench.suites.__file__).parent / "core.toml", HERE / "candidates.toml")
APART = 1.2
_LOWEST = {
    -10: ("signsgd", "signum"),
    -8: ("adabelief", "adam", "adamax", "adamw", "adan", "amsgrad", "nadam", "radam", "rmsprop", "rprop"),
    -6: ("adafactor", "adagrad", "lamb"),
    -5: ("gd", "lars", "lbfgs", "momentum", "nesterov", "sgd"),
    -3: ("adadelta",),
}
"""The lowest rate of each optimizer, in half decades: 10 ** (n / 2)."""
RATES = {
    name: [float(f"{10 ** (step / 2):.2g}") for step in range(lowest, lowest + 7)]
    for lowest, names in _LOWEST.items()
    for name in names
}
"""Seven learning rates for each optimizer, three decades wide."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What is trained on what; each component as users write it."""

    name: str
    dataset: str
    embedder: str
    architecture: str
    loss: str | None = None
    epochs: int
    batch_size: int = 32


@dataclass(frozen=True, kw_only=True)
class Best:
    """An optimizer on a workload, at its best learning rate.

    Attributes:
        loss: the lowest validation loss.
        rate: the learning rate where that is.
        at_end: whether the rate is the lowest or the highest that was tried.
        quality: at the epoch of the lowest validation loss, at that rate.
        passes: until the target, at the rate where that is soonest.
        diverged: the number of rates at which a run diverged.
    """

    loss: float
    rate: float
    at_end: bool
    quality: float
    passes: float
    diverged: int


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How a workload tells optimizers apart.

    Attributes:
        digest: of the dataset.
        start: the validation loss before the first step.
        first: the lowest validation loss of any optimizer after its first epoch.
        target: the upper quartile of the optimizers' losses.
        loss, passes: lower quartile, median and upper quartile over the optimizers.
        seconds: of a run, the mean; elapsed, so that it depends on what else the machine does.
        slowest: the optimizer with the longest runs, and their mean in seconds.
    """

    workload: Workload
    digest: str
    quality_name: str
    rows: int
    weights: int
    start: float
    first: float
    target: float
    loss: tuple[float, float, float]
    passes: tuple[float, float, float]
    seconds: float
    slowest: tuple[str, float]
    optimizers: Mapping[str, Best]

    @property
    def apart(self) -> tuple[float, float]:
        """The upper over the lower quartile, of the losses and of the passes."""
        return self.loss[2] / self.loss[0], self.passes[2] / self.passes[0]

    @property
    def discriminates(self) -> bool:
        """Whether optimizers are apart, and the workload is not solved at the start."""
        return max(self.apart) >= APART and min(self.start, self.first) > self.loss[1]

    @property
    def ranked(self) -> list[str]:
        """The optimizers, from the lowest loss to the highest."""
        return sorted(self.optimizers, key=lambda name: self.optimizers[name].loss)


def workloads(files: Iterable[Path], only: Sequence[str]) -> list[Workload]:
    """Return the workloads of some files, or those of these names."""
    names = Workload.__dataclass_fields__
    tables = [table for path in files for table in tomllib.loads(path.read_text(encoding="utf-8"))["workload"]]
    found = [Workload(**{key: value for key, value in table.items() if key in names}) for table in tables]
    if unknown := set(only) - {workload.name for workload in found}:
        raise SystemExit(f"there is no workload {', '.join(sorted(unknown))}")
    return [workload for workload in found if not only or workload.name in only]


def train(workload: Workload, seeds: int, store: Path, workers: int) -> Results:
    """Run every optimizer with every rate; those in the store are not repeated."""
    return run(
        [f"{name}[lr={','.join(map(repr, rates))}]" for name, rates in RATES.items()],
        [workload.architecture],
        [workload.embedder],
        [workload.dataset],
        losses=None if workload.loss is None else [workload.loss],
        seeds=range(seeds),
        epochs=workload.epochs,
        batch_size=workload.batch_size,
        store=store,
        workers=workers,
    )


def lowest(result: RunResult) -> float:
    """Return the lowest validation loss of a run; the first, where it diverged."""
    losses = result.curves["val_loss"]
    return float(losses[0] if result.status == "diverged" else losses.min())


def passes_to(result: RunResult, target: float) -> float:
    """Return how often a run had gone through the training rows when its loss was at the target first; infinity if never."""
    reached = (result.curves["val_loss"] <= target).nonzero()[0]
    return float(result.curves["passes"][reached[0]]) if reached.size and result.status == "ok" else math.inf


def quality(result: RunResult) -> float:
    """Return the validation quality at the epoch of the lowest validation loss."""
    at = 0 if result.status == "diverged" else int(result.curves["val_loss"].argmin())
    return float(result.curves["val_quality"][at])


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the lower quartile, the median and the upper quartile, as values that occurred."""
    ordered, last = sorted(values), len(values) - 1
    return ordered[last // 4], ordered[last // 2], ordered[-(-3 * last // 4)]


def judge(workload: Workload, results: Results) -> Verdict:
    """Return how a workload tells optimizers apart."""
    failed = [result for result in results if result.status not in {"ok", "diverged"}]
    if failed:
        raise SystemExit(f"{workload.name}: {failed[0].labels.optimizer} {failed[0].status}: {failed[0].reason}")
    tried = {name: by_rate(results, name) for name in RATES}
    best = {name: min(rates, key=lambda rate: median(map(lowest, rates[rate]))) for name, rates in tried.items()}
    losses = {name: median(map(lowest, tried[name][rate])) for name, rate in best.items()}
    target = quartiles(list(losses.values()))[2]
    found = {
        name: Best(
            loss=losses[name],
            rate=rate,
            at_end=rate in {RATES[name][0], RATES[name][-1]},
            quality=median(map(quality, tried[name][rate])),
            passes=min(median(passes_to(result, target) for result in runs) for runs in tried[name].values()),
            diverged=sum(any(result.status == "diverged" for result in runs) for runs in tried[name].values()),
        )
        for name, rate in best.items()
    }
    seconds = {name: _mean([result.measured.duration for runs in tried[name].values() for result in runs]) for name in RATES}
    slowest = max(seconds, key=seconds.__getitem__)
    return Verdict(
        workload=workload,
        digest=results[0].spec.dataset_digest,
        quality_name=results[0].quality,
        rows=round(results[0].curves["rows"][-1] / results[0].curves["passes"][-1]),
        weights=results[0].measured.weights,
        start=median(float(result.curves["val_loss"][0]) for result in results),
        first=min(float(result.curves["val_loss"][1]) for result in results if result.epochs),
        target=target,
        loss=quartiles(list(losses.values())),
        passes=quartiles([one.passes for one in found.values()]),
        seconds=_mean(list(seconds.values())),
        slowest=(slowest, seconds[slowest]),
        optimizers=found,
    )


def by_rate(results: Results, name: str) -> dict[float, list[RunResult]]:
    """Return the runs of an optimizer by learning rate."""
    runs = sorted((one for one in results if one.spec.optimizer.name == name), key=_rate)
    return {rate: list(some) for rate, some in groupby(runs, key=_rate)}


def _rate(result: RunResult) -> float:
    return result.spec.optimizer.params["lr"]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield the lines of a table in Markdown."""
    yield (
        "| workload | rows | weights | epochs | batch | s per run | start | quartiles of the loss | ratio | "
        "quartiles of the passes | ratio | best | worst | apart |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|---|---|"
    for one in verdicts:
        loss, passes = one.apart
        cells = (
            one.workload.name,
            f"{one.rows}",
            f"{one.weights}",
            f"{one.workload.epochs}",
            f"{one.workload.batch_size}",
            f"{one.seconds:.2f}",
            f"{one.start:.3g}",
            " / ".join(f"{value:.3g}" for value in one.loss),
            f"{loss:.2f}",
            " / ".join(f"{value:.0f}" for value in one.passes),
            f"{passes:.2f}",
            _of(one, one.ranked[0]),
            _of(one, one.ranked[-1]),
            "yes" if one.discriminates else "**no**",
        )
        yield f"| {' | '.join(cells)} |"


def _of(verdict: Verdict, name: str) -> str:
    best = verdict.optimizers[name]
    return f"{name} {best.loss:.3g} ({best.quality:.3f})"


def _plain(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as values of JSON, which has no infinity: None for a target that was not reached."""
    plain = asdict(verdict) | {"apart": verdict.apart, "discriminates": verdict.discriminates}
    for best in plain["optimizers"].values():
        best["passes"] = best["passes"] if math.isfinite(best["passes"]) else None
    return plain


def main() -> None:
    """Train, judge, print the table, write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*", default=FILES, metavar="WORKLOADS.toml")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--store", type=Path, default=Path("discrimination.sqlite"))
    parser.add_argument("--json", type=Path, help="where the numbers go")
    given = parser.parse_args()
    verdicts = []
    for workload in workloads(given.files, given.only):
        start = perf_counter()
        verdicts.append(judge(workload, train(workload, given.seeds, given.store, given.workers)))
        print(f"{workload.name}: {perf_counter() - start:.0f} s", flush=True)
    print(*table(verdicts), sep="\n")
    if given.json:
        lines = [json.dumps(_plain(verdict), allow_nan=False) for verdict in verdicts]
        given.json.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
