"""Sweeps of the learning rate: stored runs of one optimizer that differ in `lr` alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from optbench.analysis.grouping import by_workload, final_runs, variant_of
from optbench.analysis.labels import short_workload_labels, variant_labels
from optbench.core.specs import Choice, RunResult
from optbench.core.workload import Workload, workload_of

FEWEST_RATES = 5
"""From so many learning rates of one optimizer on, they are a sweep, of which only the default is ranked."""
HALF_DECADES = range(-6, 7)
"""The grid: 13 rates, half a decade apart, from the default x 1e-3 to x 1e3."""
_RATE = re.compile(r"(?<=[\[,])lr=[^,\]]*,?")


@dataclass(frozen=True)
class Sweep:
    """The runs of one optimizer on one workload, by learning rate.

    Attributes:
        name: the optimizer's name without the rate.
        workload: what it was run on.
        label: the workload's display name.
        reference: the default rate, or the middle one where the default was not run.
        runs: by rate and seed, both rising; only runs with a final status.
    """

    name: str
    workload: Workload
    label: str
    reference: float
    runs: Mapping[float, Mapping[int, RunResult]]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that all rates have."""
        return tuple(sorted(set.intersection(*map(set, self.runs.values()))))

    def multiple(self, rate: float) -> float:
        """Return a rate as a multiple of the reference, to three digits, so that rates of a grid agree."""
        return float(f"{rate / self.reference:.3g}")


def sweeps(results: Iterable[RunResult]) -> list[Sweep]:
    """Return the sweep of each optimizer that has a learning rate, by name and workload; even of one rate."""
    known = [(result, rate, without_rate(result)) for result in final_runs(results) if (rate := rate_of(result)) is not None]
    grouped = by_workload(bare for *_, bare in known)
    names, labels = variant_labels(grouped), short_workload_labels(grouped)
    found: dict[tuple[str, Workload], dict[float, dict[int, RunResult]]] = {}
    for result, rate, bare in known:
        workload = workload_of(bare.spec)
        found.setdefault((names[variant_of(bare)], workload), {}).setdefault(rate, {})[result.spec.seed] = result
    return [
        Sweep(
            name,
            workload,
            labels[workload],
            _reference(runs),
            {rate: dict(sorted(by_seed.items())) for rate, by_seed in sorted(runs.items())},
        )
        for (name, workload), runs in sorted(found.items())
    ]


def rate_of(result: RunResult) -> float | None:
    """Return the learning rate of a run; None where its optimizer has none."""
    rate = result.spec.optimizer.params.get("lr")
    return float(rate) if isinstance(rate, int | float) and not isinstance(rate, bool) and rate > 0 else None


def without_rate(result: RunResult) -> RunResult:
    """Return a run with an optimizer that has no learning rate, in specification and label."""
    choice = result.spec.optimizer
    params = {name: value for name, value in choice.params.items() if name != "lr"}
    spec = replace(result.spec, optimizer=Choice(choice.name, params, choice.wrappers))
    return replace(result, spec=spec, labels=replace(result.labels, optimizer=label_without_rate(result.labels.optimizer)))


def label_without_rate(label: str) -> str:
    """Return the label of an optimizer without its learning rate: `adam[beta1=0.8]` for `adam[beta1=0.8,lr=0.1]`."""
    inner, bar, wrappers = label.partition("|")
    bare = _RATE.sub("", inner, count=1).replace(",]", "]").removesuffix("[]")
    return bare + bar + wrappers


def with_rates(label: str, rates: Iterable[float]) -> str:
    """Return the selection of an optimizer with learning rates: `adam[lr=0.1,1]|clip` for `adam|clip`."""
    inner, bar, wrappers = label.partition("|")
    values = f"lr={','.join(f'{rate:.4g}' for rate in rates)}"
    return (f"{inner[:-1]},{values}]" if inner.endswith("]") else f"{inner}[{values}]") + bar + wrappers


def rate_grid(default: float) -> list[float]:
    """Return the 13 learning rates around a default, rounded to four digits as they are written."""
    return [float(f"{default * 10 ** (half / 2):.4g}") for half in HALF_DECADES]


def incomplete(results: Iterable[RunResult], names: Iterable[str] = ()) -> list[Sweep]:
    """Return the optimizers and workloads with too few learning rates for a sweep; `names` restricts the optimizers."""
    wanted = set(names)
    return [one for one in sweeps(results) if len(one.runs) < FEWEST_RATES and (not wanted or one.name in wanted)]


def without_sweeps(results: Iterable[RunResult]) -> list[RunResult]:
    """Return the runs without those that belong to a sweep and have another rate than the default.

    A sweep has five learning rates or more; where its default was not run, all are kept.
    """
    kept = list(results)
    dropped: set[tuple[Workload, str]] = set()
    for sweep in sweeps(kept):
        runs = [run for of_rate in sweep.runs.values() for run in of_rate.values()]
        if len(sweep.runs) >= FEWEST_RATES and any(map(_has_default_rate, runs)):
            dropped |= {(sweep.workload, variant_of(run).optimizer) for run in runs if not _has_default_rate(run)}
    return [run for run in kept if (workload_of(run.spec), variant_of(run).optimizer) not in dropped]


def _has_default_rate(run: RunResult) -> bool:
    """Whether its label names no learning rate: labels leave out what has its default value."""
    return label_without_rate(run.labels.optimizer) == run.labels.optimizer


def _reference(runs: Mapping[float, Mapping[int, RunResult]]) -> float:
    for rate, by_seed in runs.items():
        if any(map(_has_default_rate, by_seed.values())):
            return rate
    return sorted(runs)[len(runs) // 2]
