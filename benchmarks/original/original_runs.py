"""The runs behind docs/original.md: the original's experiment, with more seeds and other learning rates beside its own."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from statistics import fmean

import optbench
from optbench import Results
from optbench.analysis.scores import score
from optbench.core.errors import UsageError
from optbench.core.specs import FINAL, RunResult
from optbench.core.targets import Target
from optbench.core.workload import Workload
from optbench.curation.importing import read_files, write
from optbench.data.loader import FrozenDataset

FILES = {"train": "training.csv", "test": "test.csv"}
"""The original's files in the folder of --data."""
VALIDATION_SHARE = 0.2
CLAIMED, FIGURE = 0.98, "0.83 to 0.84"
"""Test accuracy of Adam in the original's README, and in its figure: mean of its seeds, its data, turkish-e5-large."""
DOUBLED = ("gd", "sgd")
"""The optimizers without a scale of their own: with them, descending the mean squared error is twice the rate on half of it."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """What is run on every dataset and embedder.

    Attributes:
        rates: the original's learning rate of each optimizer.
        seeds: the original's.
        more_seeds: run at the original's rates too.
        factors: of the original's rate, for the search of a learning rate.
        gd_rates: further rates of gd in that search.
    """

    rates: Mapping[str, float]
    architecture: str
    seeds: tuple[int, ...]
    more_seeds: tuple[int, ...] = tuple(range(100, 115))
    epochs: int
    batch_size: int
    factors: tuple[float, ...] = (0.1, 1.0, 10.0)
    gd_rates: tuple[float, ...] = (1.0, 10.0)

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """The original's seeds and the others."""
        return (*self.seeds, *self.more_seeds)

    def searched(self, name: str) -> list[float]:
        """Return the learning rates among which that of an optimizer is chosen."""
        return _distinct([*(self.rates[name] * factor for factor in self.factors), *(self.gd_rates if name == "gd" else ())])

    def run_rates(self, name: str) -> list[float]:
        """Return all learning rates that an optimizer is run with."""
        return _distinct([*self.searched(name), self.rates[name], *([self.doubled(name)] if name in DOUBLED else [])])

    def doubled(self, name: str) -> float:
        """Return twice the original's rate."""
        return _distinct([2 * self.rates[name]])[0]


def original_design() -> Design:
    """Return the original's experiment, as the packaged preset has it."""
    preset = tomllib.loads((files("optbench") / "presets" / "original.toml").read_text(encoding="utf-8"))
    rates = [text.removesuffix("]").split("[lr=") for text in preset["optimizers"]]
    return Design(
        rates={name: float(rate) for name, rate in rates},
        architecture=preset["architectures"][0],
        seeds=tuple(preset["seeds"]),
        epochs=preset["epochs"],
        batch_size=preset["batch_size"],
    )


@dataclass(frozen=True)
class Measured:
    """The runs of a design on one dataset and embedder.

    Attributes:
        title: what the dataset is called on the page.
        results: all of them.
        targets: frozen targets, where optbench has one for the workload.
    """

    design: Design
    title: str
    dataset: FrozenDataset
    embedder: str
    results: Sequence[RunResult]
    targets: Mapping[Workload, Target]

    @property
    def name(self) -> str:
        """Dataset and embedder."""
        return f"{self.title}, {self.embedder}"

    def runs(self, name: str, rate: float | None = None, seeds: Sequence[int] | None = None) -> list[RunResult]:
        """Return the runs of an optimizer, by default at the original's rate and with its seeds, in the order of the seeds."""
        lr = self.design.rates[name] if rate is None else rate
        by_seed = {
            run.spec.seed: run
            for run in self.results
            if run.spec.optimizer.name == name and math.isclose(run.spec.optimizer.params["lr"], lr)
        }
        return [by_seed[seed] for seed in (self.design.seeds if seeds is None else seeds)]

    def at_own_rates(self) -> list[RunResult]:
        """Return the runs of all optimizers at the original's rates, with all seeds."""
        return [run for name in self.design.rates for run in self.runs(name, seeds=self.design.all_seeds)]


def measure(design: Design, title: str, dataset: FrozenDataset, embedder: str, store: Path) -> Measured:
    """Execute the runs of a design that are not in the store, with one worker.

    Raises:
        SystemExit: a run failed.
        optbench.OptbenchError: the embedder is not available for the dataset.
    """

    def train(optimizers: list[str], seeds: Sequence[int]) -> Results:
        return optbench.run(
            optimizers,
            [design.architecture],
            [embedder],
            [str(dataset.folder)],
            seeds=seeds,
            epochs=design.epochs,
            batch_size=design.batch_size,
            store=store,
            workers=1,
        )

    own = train([f"{name}[lr={rate:g}]" for name, rate in design.rates.items()], design.all_seeds)
    searched = train(
        [f"{name}[lr={','.join(f'{rate:g}' for rate in design.run_rates(name))}]" for name in design.rates], design.seeds
    )
    results = list({run.spec.key: run for run in (*own, *searched)}.values())
    if failed := [run for run in results if run.status not in FINAL]:
        raise SystemExit(f"{title}, {embedder}: {failed[0].labels.optimizer} {failed[0].status}: {failed[0].reason}")
    return Measured(design, title, dataset, embedder, results, own.targets)


def import_original(folder: Path, to: Path) -> FrozenDataset:
    """Write the original's files as a dataset into `to`: a fifth of its training questions become validation rows.

    Raises:
        optbench.OptbenchError: a file is missing, or a row breaks a rule.
    """
    paths = {split: folder / name for split, name in FILES.items()}
    if missing := [path.name for path in paths.values() if not path.is_file()]:
        raise UsageError(f"--data: no file {' and no file '.join(missing)} in {folder}; give the folder that has both")
    about = {"name": "original", "title": "The original's question-answer pairs", "language": "tr"}
    return write(to, read_files(paths, VALIDATION_SHARE), about)


def last_quality(run: RunResult) -> float:
    """Return the test accuracy after the last epoch; the majority class's, where the run diverged."""
    return score("last_test_quality", run, math.nan)


def quality(run: RunResult) -> float:
    """Return the test accuracy at the epoch of the lowest validation loss."""
    return score("test_quality", run, math.nan)


def highest_quality(run: RunResult) -> float:
    """Return the highest test accuracy after any epoch, which only the test rows can point to."""
    return run.worst if run.status == "diverged" else float(run.curves["test_quality"].max())


def lowest_loss(run: RunResult, gradients: float = math.inf) -> float:
    """Return the lowest validation loss within so many gradient evaluations; the first loss, where the run diverged."""
    losses = run.curves["val_loss"]
    if run.status == "diverged":
        return float(losses[0])
    return float(losses[run.curves["evaluations"] <= gradients].min())


def mean_of(score: Callable[[RunResult], float], runs: Sequence[RunResult]) -> float:
    """Return the mean of a score over runs."""
    return fmean(score(run) for run in runs)


def _distinct(rates: Sequence[float]) -> list[float]:
    return sorted({float(f"{rate:.4g}") for rate in rates})
