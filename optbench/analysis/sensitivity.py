"""Sensitivity to the learning rate: loss against rate on each workload, and wins over the whole grid of rates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from optbench.analysis.comparable import require_comparable
from optbench.analysis.scores import score
from optbench.analysis.statistics import NotAvailable, Sensitivity, lr_sensitivity, win_counts
from optbench.analysis.sweeps import FEWEST_RATES, Sweep, sweeps
from optbench.core.numerics import Vector
from optbench.core.specs import RunResult

N = TypeVar("N", int, float)


@dataclass(frozen=True)
class RateCurve:
    """The loss of one optimizer on one workload against its learning rate.

    Attributes:
        sweep: the runs.
        rates: shape (n,), rising.
        seeds: those that all rates have; every number below is computed from them.
        losses: shape (n,), the median over seeds of the best validation loss; the first loss for a run that diverged.
        diverged: how many of these runs diverged, by rate.
        first_loss: the median validation loss before the first step.
        sensitivity: S, decades near the best and the best rate.
    """

    sweep: Sweep
    rates: Vector
    seeds: tuple[int, ...]
    losses: Vector
    diverged: tuple[int, ...]
    first_loss: float
    sensitivity: Sensitivity | NotAvailable

    def as_json(self) -> dict[str, Any]:
        """Return the curve as plain values; None for what is not available."""
        found = None if isinstance(self.sensitivity, NotAvailable) else self.sensitivity
        return {
            "kind": "curve",
            "optimizer": self.sweep.name,
            "workload": self.sweep.label,
            "seeds": list(self.seeds),
            "default": self.sweep.reference,
            "rates": self.rates.tolist(),
            "losses": [loss if np.isfinite(loss) else None for loss in self.losses.tolist()],
            "diverged": list(self.diverged),
            "first_loss": self.first_loss if np.isfinite(self.first_loss) else None,
            "sensitivity": found and found.mean_excess,
            "decades": found and found.decades,
            "best": found and found.best,
            "reason": "" if found else self.sensitivity.reason,  # type: ignore[union-attr]  # it is one or the other
        }


@dataclass(frozen=True)
class GridWins:
    """In how many places of a common grid each optimizer has the lower loss.

    Attributes:
        names: the optimizers.
        multiples: the learning rates, as multiples of each optimizer's default.
        workloads: display names of the workloads that all were swept on.
        seeds: the seeds that all have there.
        counts: shape (k, k), row before column.
    """

    names: tuple[str, ...]
    multiples: tuple[float, ...]
    workloads: tuple[str, ...]
    seeds: tuple[int, ...]
    counts: npt.NDArray[np.int64]

    def as_json(self) -> dict[str, Any]:
        """Return the counts as plain values."""
        return {
            "kind": "wins",
            "optimizers": list(self.names),
            "multiples": list(self.multiples),
            "workloads": list(self.workloads),
            "seeds": list(self.seeds),
            "places": self.places,
            "wins": self.counts.tolist(),
        }

    @property
    def places(self) -> int:
        """The number of places: rates x workloads x seeds."""
        return len(self.multiples) * len(self.workloads) * len(self.seeds)

    @property
    def won(self) -> Vector:
        """Shape (k,), the share of places won, over all opponents."""
        return np.asarray(self.counts.sum(axis=1) / (self.places * (len(self.names) - 1)), np.float64)

    @property
    def lost(self) -> Vector:
        """Shape (k,), the share of places lost; the others are ties."""
        return np.asarray(self.counts.sum(axis=0) / (self.places * (len(self.names) - 1)), np.float64)


def rate_curves(results: Iterable[RunResult]) -> list[RateCurve]:
    """Return a curve for each optimizer on each workload with two learning rates or more, by name, then workload.

    Raises:
        UsageError: the results are of several tracks, protocol versions, or states of one dataset.
    """
    found = list(results)
    require_comparable(found)
    return [_curve(sweep) for sweep in sweeps(found) if len(sweep.runs) > 1]


def _curve(sweep: Sweep) -> RateCurve:
    rates, seeds = np.array(list(sweep.runs)), sweep.seeds
    if not seeds:
        none = np.full(len(rates), np.nan)
        reason = NotAvailable("the learning rates have no seed in common")
        return RateCurve(sweep, rates, (), none, (0,) * len(rates), float("nan"), reason)
    runs = [[by_seed[seed] for seed in seeds] for by_seed in sweep.runs.values()]
    losses = np.median([[_loss(run) for run in of_rate] for of_rate in runs], axis=1)
    first = float(np.median([float(run.curves["val_loss"][0]) for run in runs[0]]))
    diverged = tuple(sum(run.status == "diverged" for run in of_rate) for of_rate in runs)
    found: Sensitivity | NotAvailable = NotAvailable("the loss before the first step is not finite")
    if np.isfinite(first):
        found = lr_sensitivity(rates, losses, first)
    return RateCurve(sweep, rates, seeds, losses, diverged, first, found)


def grid_wins(results: Iterable[RunResult]) -> GridWins | NotAvailable:
    """Return the win counts over the whole grid of learning rates, for the optimizers with a sweep of five rates or more.

    Rates are compared as multiples of each optimizer's default (the middle rate where the default was not run), on the
    workloads, multiples and seeds that all of these optimizers have. In each place the lower best validation loss wins; a run
    that diverged has the first loss, so two of them are tied.
    """
    found = [sweep for sweep in sweeps(results) if len(sweep.runs) >= FEWEST_RATES]
    names = tuple(dict.fromkeys(sweep.name for sweep in found))
    if len(names) < 2:  # noqa: PLR2004 - a win is over another
        who = f"only {names[0]} has" if names else "no optimizer has"
        return NotAvailable(f"{who} a sweep of {FEWEST_RATES} learning rates or more")
    by_name = {name: {sweep.workload: sweep for sweep in found if sweep.name == name} for name in names}
    shared = [workload for workload in by_name[names[0]] if all(workload in own for own in by_name.values())]
    own = [[by_name[name][workload] for workload in shared] for name in names]
    at = [[{sweep.multiple(rate): runs for rate, runs in sweep.runs.items()} for sweep in of_name] for of_name in own]
    multiples = _common([runs.keys() for of_name in at for runs in of_name])
    seeds = _common([runs[multiple].keys() for of_name in at for runs in of_name for multiple in multiples])
    if not (shared and multiples and seeds):
        return NotAvailable(f"the sweeps of {', '.join(names)} have no workload, multiple of the default and seed in common")
    losses = [
        [[[_loss(runs[multiple][seed]) for seed in seeds] for multiple in multiples] for runs in of_name] for of_name in at
    ]
    labels = tuple(sweep.label for sweep in own[0])
    return GridWins(names, multiples, labels, seeds, win_counts(losses))


def _loss(run: RunResult) -> float:
    value = score("best_val_loss", run, np.nan)
    return np.inf if np.isnan(value) else value


def _common(keys: Sequence[Iterable[N]]) -> tuple[N, ...]:
    return tuple(sorted(set.intersection(*map(set, keys)))) if keys else ()
