"""From the runs of an inquiry to what they show."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from optbench.analysis.rate_search import at_edge, factor, nearly_as_good
from optbench.analysis.scores import score
from optbench.analysis.statistics import Comparison, compare_overall, compare_times, judge
from optbench.analysis.time_to_target import provisional_target
from optbench.core.plans import planned_seeds
from optbench.core.specs import FINAL, RunResult
from optbench.core.workload import Workload, group_of
from optbench.execution.replay import Replay
from optbench.planning.variations import rates_of
from optbench.results import Results
from optbench.training.job import Job
from optbench.why.explanation import Explanation, Finding, Kind, Setting
from optbench.why.members import Cell, Member
from optbench.why.notes import notes
from optbench.why.steps import steps_of


@dataclass(frozen=True)
class _Place:
    """What the comparisons on one workload are made of.

    Attributes:
        target: the loss to reach.
        provisional: whether it was made of the runs of A and B.
        times: passes to the target by member and seed.
        budgets: by member, the fewest passes of a run that went to its end.
        planned: by member, what identifies its runs in the plans of the store.
    """

    target: float
    provisional: bool
    times: Mapping[Member, Mapping[int, float]]
    budgets: Mapping[Member, float]
    groups: Mapping[Member, str]


def explanation(
    a: str,
    b: str,
    seeds: tuple[int, ...],
    *,
    cells: Mapping[Cell, tuple[int, Mapping[int, float]]],
    jobs: Mapping[Cell, Sequence[Job]],
    results: Results,
    replays: Mapping[Cell, Mapping[int, Replay]],
    failed: int,
) -> Explanation:
    """Return what the runs show.

    Args:
        a: the name of A.
        b: the name of B.
        seeds: the evaluation seeds.
        cells: the chosen point of the grid for each member on each workload, and how well each point did.
        jobs: the runs of each of them with evaluation seeds.
        results: what they gave.
        replays: of A and B, by seed.
        failed: how many runs did not end with a final status.
    """
    by_key = {run.spec.key: run for run in results}
    runs = {cell: [by_key[job.spec.key] for job in own if job.spec.key in by_key] for cell, own in jobs.items()}
    places = {name: _place([c for c in cells if c.place == name], runs, results) for name in _names(cells)}
    questions = _questions(list(dict.fromkeys(cell.member for cell in cells)))
    found, family = _findings(places, questions, seeds, results)
    settings = tuple(_setting(cell, step, worths, places[cell.place], runs[cell]) for cell, (step, worths) in cells.items())
    steps = tuple(steps_of(cell.member, cell.place, runs[cell], of_seeds) for cell, of_seeds in replays.items())
    said = notes(cells, settings, places={name: place.provisional for name, place in places.items()})
    return Explanation(a, b, tuple(places), seeds, family, settings, tuple(found), steps, said, failed)


def _names(cells: Iterable[Cell]) -> list[str]:
    return list(dict.fromkeys(cell.place for cell in cells))


def _place(cells: Sequence[Cell], runs: Mapping[Cell, Sequence[RunResult]], results: Results) -> _Place:
    workload: Workload = cells[0].workload
    final = {cell: [run for run in runs[cell] if run.status in FINAL] for cell in cells}
    frozen = results.targets.get(workload)
    # The ablations are no part of the pool, or the target would depend on which parts are removed.
    whole = [[score("best_val_loss", run, math.nan) for run in own] for cell, own in final.items() if not cell.member.part]
    target = frozen.loss if frozen else provisional_target(whole)
    return _Place(
        target,
        frozen is None,
        {cell.member: {run.spec.seed: score("passes_to_target", run, target) for run in own} for cell, own in final.items()},
        {cell.member: _budget(own) for cell, own in final.items()},
        {cell.member: group_of(runs[cell][0].spec) for cell in cells if runs[cell]},
    )


def _budget(runs: Iterable[RunResult]) -> float:
    return min((float(run.curves["passes"][-1]) for run in runs if run.status == "ok"), default=math.inf)


def _questions(members: Sequence[Member]) -> list[tuple[Kind, Member, Member]]:
    """Return what is compared with what: A with B, then each ablation with its whole, and with the other optimizer."""
    whole = {member.side: member for member in members if not member.part}
    questions: list[tuple[Kind, Member, Member]] = [("pair", whole["a"], whole["b"])]
    for member in members:
        if member.part:
            questions.append(("part", member, member.whole))
            pair = (member, whole["b"]) if member.side == "a" else (whole["a"], member)
            questions.append(("remaining", *pair))
    return questions


def _findings(
    places: Mapping[str, _Place],
    questions: Sequence[tuple[Kind, Member, Member]],
    seeds: Collection[int],
    results: Results,
) -> tuple[list[Finding], int]:
    """Return all comparisons with their verdicts, and how many there are: the family."""
    single: list[tuple[Kind, Member, Member, str, int, Comparison]] = []
    joint: list[tuple[Kind, Member, Member, str, int, Comparison]] = []
    for kind, first, second in questions:
        own = {name: place for name, place in places.items() if first in place.times and second in place.times}
        for name, place in own.items():
            single.append(
                (kind, first, second, name, 1, _on(place, first, second, _planned(place, first, second, results, seeds)))
            )
        if len(own) > 1:
            planned = set.intersection(*(_planned(place, first, second, results, seeds) for place in own.values()))
            joint.append((kind, first, second, "", len(own), _over(list(own.values()), first, second, planned)))
    family = len(single) + len(joint)
    verdicts = [
        *judge([one[-1] for one in single], family),
        *judge([one[-1] for one in joint], family, margin=None),
    ]
    return [Finding(*one, verdict) for one, verdict in zip([*single, *joint], verdicts, strict=True)], family


def _planned(place: _Place, first: Member, second: Member, results: Results, seeds: Collection[int]) -> set[int]:
    """Return the planned seeds of a comparison that were asked for now."""
    groups = [place.groups[member] for member in (first, second) if member in place.groups]
    return set(planned_seeds(results.plans, groups)) & set(seeds) if groups else set(seeds)


def _on(place: _Place, first: Member, second: Member, planned: set[int]) -> Comparison:
    one, two = place.times[first], place.times[second]
    seeds = sorted(one.keys() & two.keys())
    budget = min(place.budgets[first], place.budgets[second])
    return compare_times([one[seed] for seed in seeds], [two[seed] for seed in seeds], seeds, planned, budget)


def _over(places: Sequence[_Place], first: Member, second: Member, planned: set[int]) -> Comparison:
    common = set.intersection(*(place.times[first].keys() & place.times[second].keys() for place in places))
    seeds = sorted(common)
    one, two = ([[place.times[member][seed] for seed in seeds] for place in places] for member in (first, second))
    budgets = [min(place.budgets[first], place.budgets[second]) for place in places]
    return compare_overall(one, two, seeds, planned, budgets)


def _setting(cell: Cell, step: int, worths: Mapping[int, float], place: _Place, runs: Iterable[RunResult]) -> Setting:
    choice = cell.choice(step) or cell.template.spec.optimizer
    return Setting(
        member=cell.member,
        place=cell.place,
        rates=rates_of(cell.template.optimizer, choice),
        factor=factor(step),
        losses={factor(point): loss for point, loss in worths.items()},
        edge=at_edge(step, worths),
        close=tuple(map(factor, nearly_as_good(step, worths))),
        target=place.target,
        provisional=place.provisional,
        statuses=Counter(run.status for run in runs),
    )
