"""Finds the two optimizers of a comparison among stored runs, and compares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from optbench.analysis.comparable import require_comparable
from optbench.analysis.grouping import Grouped, by_workload, variant_of
from optbench.analysis.opponents import Asked, Opponent, find_opponent, known_labels, require_two
from optbench.analysis.pair_comparison import PairComparison
from optbench.analysis.pairing import compare_pair
from optbench.comparing.adding import Adding
from optbench.comparing.sources import Sources
from optbench.core.errors import UsageError
from optbench.core.specs import RunResult, canonical
from optbench.core.workload import Workload, workload_of
from optbench.planning.catalogue import Catalogue
from optbench.planning.selections import Selections
from optbench.planning.stored import on_workloads, suite_workloads
from optbench.registry import Registry

_SHOWN = 10
"""The number of stored optimizers that a message names."""


def compare(sources: Sources, a: str, b: str, on: Selections | None = None, protocol: int | None = None) -> PairComparison:
    """Return the comparison of two optimizers on the workloads of a selection; see `Results.compare`."""
    on = on or Selections()
    named = suite_workloads(sources.registry, on) if on.suite is not None else None
    runs = _selected(sources, on, named, protocol)
    grouped = by_workload(runs)
    asked = _asked(sources.registry, a, grouped), _asked(sources.registry, b, grouped)
    if asked[0] == asked[1] or (asked[0].choice and asked[0].choice == asked[1].choice):
        raise UsageError(f"A and B are both {a!r}; name two different optimizers")
    one, two = (find_opponent(side, grouped) for side in asked)
    adding = Adding(sources, runs, named, on)
    if one is None or two is None:
        raise adding.without_runs(asked, (one, two))
    require_two(one, two)
    both = one.variants.keys() & two.variants.keys()
    own = [run for run in runs if _is_of(run, one) or _is_of(run, two)]
    require_comparable(run for run in own if not both or workload_of(run.spec) in both)
    if not both:
        raise adding.without_pairs((one, two))
    pair = compare_pair(runs, one, two, sources.targets, sources.plans, asked=named, seeds=on.seeds)
    if not pair.workloads:
        raise adding.without_pairs((one, two))
    return adding.to(pair, (one, two), own)


def _selected(
    sources: Sources, on: Selections, named: Mapping[Workload, str] | None, protocol: int | None
) -> Sequence[RunResult]:
    if not sources.runs or (on == Selections(seeds=on.seeds, track=on.track) and protocol is None):
        return sources.runs
    return on_workloads(sources.registry, sources.runs, on, named, protocol)


def _asked(registry: Registry, text: str, grouped: Grouped) -> Asked:
    """Return what a text stands for among the installed optimizers; what is not installed may be the label of stored runs.

    Raises:
        UsageError: it stands for several optimizers or for none.
    """
    try:
        instances = Catalogue(registry).select("optimizer", [text])
    except UsageError as error:
        if find_opponent(Asked(text), grouped) is not None:
            return Asked(text)
        known = known_labels(grouped)
        more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
        stored = f"; the stored runs are of {', '.join(known[:_SHOWN])}{more}" if known else ""
        raise UsageError(f"{error}{stored}") from error
    if len(instances) != 1:
        raise UsageError(f"{text!r} stands for {len(instances)} optimizers; each side of a comparison is one")
    return Asked(text, canonical(instances[0].choice.as_json()), instances[0].label)


def _is_of(run: RunResult, opponent: Opponent) -> bool:
    return opponent.variants.get(workload_of(run.spec)) == variant_of(run)
