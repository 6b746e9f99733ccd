"""Results by workload and variant, compared by specification: never by display label, never across protocol versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from optbench.core.specs import FINAL, RunResult, canonical
from optbench.core.workload import Workload, workload_of


@dataclass(frozen=True, order=True)
class Variant:
    """An optimizer with its hyper-parameters and wrappers, as canonical JSON, and the digest of the source that ran it.

    The source includes the architecture's and the embedder's, so it differs between workloads.
    """

    optimizer: str
    source: str


Grouped: TypeAlias = Mapping[Workload, Mapping[Variant, Sequence[RunResult]]]
"""Results as `by_workload` returns them."""


def variant_of(result: RunResult) -> Variant:
    """Return the variant of a run."""
    return Variant(canonical(result.spec.optimizer.as_json()), result.spec.source)


def by_workload(results: Iterable[RunResult]) -> dict[Workload, dict[Variant, list[RunResult]]]:
    """Return the results by workload and variant, both sorted, with the runs of a variant sorted by seed."""
    grouped: dict[Workload, dict[Variant, list[RunResult]]] = {}
    for result in results:
        grouped.setdefault(workload_of(result.spec), {}).setdefault(variant_of(result), []).append(result)
    return {
        workload: {variant: sorted(runs, key=lambda run: run.spec.seed) for variant, runs in sorted(variants.items())}
        for workload, variants in sorted(grouped.items())
    }


def final_runs(results: Iterable[RunResult]) -> list[RunResult]:
    """Return the runs that can be scored: those with status `ok` or `diverged`."""
    return [result for result in results if result.status in FINAL]


def seeds(results: Iterable[RunResult]) -> tuple[int, ...]:
    """Return the seeds of these runs, sorted and without repetition."""
    return tuple(sorted({result.spec.seed for result in results}))


def seed_ranges(numbers: Sequence[int]) -> str:
    """Write seeds compactly: `0-4, 10-19`."""
    ranges: list[list[int]] = []
    for seed in sorted(set(numbers)):
        if ranges and seed == ranges[-1][-1] + 1:
            ranges[-1][1:] = [seed]
        else:
            ranges.append([seed])
    return ", ".join("-".join(map(str, limits)) for limits in ranges)
