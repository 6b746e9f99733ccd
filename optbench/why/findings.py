"""From the runs of an inquiry to what they show."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from optbench.analysis.paired_times import planned_passes
from optbench.analysis.rate_search import at_edge, factor, nearly_as_good
from optbench.analysis.scores import score
from optbench.analysis.statistics import TIME_MARGIN, Comparison, compare_overall, compare_times, judge
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
        budgets: how many passes each of these runs takes.
        planned: by member, what identifies its runs in the plans of the store.
    """

    target: float
    provisional: bool
    times: Mapping[Member, Mapping[int, float]]
    budgets: Mapping[Member, Mapping[int, float]]
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
    found = _findings(places, questions, seeds, results)
    settings = tuple(_setting(cell, step, worths, places[cell.place], runs[cell]) for cell, (step, worths) in cells.items())
    steps = tuple(steps_of(cell.member, cell.place, runs[cell], of_seeds) for cell, of_seeds in replays.items())
    said = notes(cells, settings, places={name: place.provisional for name, place in places.items()})
    return Explanation(a, b, tuple(places), seeds, settings, tuple(found), steps, said, failed)


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
        {cell.member: {run.spec.seed: planned_passes(run) for run in own} for cell, own in final.items()},
        {cell.member: group_of(runs[cell][0].spec) for cell in cells if runs[cell]},
    )


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
) -> list[Finding]:
    """Return all comparisons with their verdicts: those on one workload are a family, those over all are another."""
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
    found = []
    for family, margin in ((single, TIME_MARGIN), (joint, None)):
        verdicts = judge([one[-1] for one in family], len(family), margin)
        found += [Finding(*one, verdict, len(family)) for one, verdict in zip(family, verdicts, strict=True)]
    return found


def _planned(place: _Place, first: Member, second: Member, results: Results, seeds: Collection[int]) -> set[int]:
    """Return the planned seeds of a comparison that were asked for now."""
    groups = [place.groups[member] for member in (first, second) if member in place.groups]
    return set(planned_seeds(results.plans, groups)) & set(seeds) if groups else set(seeds)


def _on(place: _Place, first: Member, second: Member, planned: set[int]) -> Comparison:
    seeds = sorted(place.times[first].keys() & place.times[second].keys())
    return compare_times(*_paired(place, first, second, seeds), seeds, planned)


def _over(places: Sequence[_Place], first: Member, second: Member, planned: set[int]) -> Comparison:
    seeds = sorted(set.intersection(*(place.times[first].keys() & place.times[second].keys() for place in places)))
    one, two = zip(*(_paired(place, first, second, seeds) for place in places), strict=True)
    return compare_overall(one, two, seeds, planned)


def _paired(place: _Place, first: Member, second: Member, seeds: Sequence[int]) -> tuple[list[float], list[float]]:
    """Return the times of both by seed; one beyond the smaller budget of the two runs is a miss."""
    budgets = [min(place.budgets[first][seed], place.budgets[second][seed]) for seed in seeds]

    def times(member: Member) -> list[float]:
        own = [place.times[member][seed] for seed in seeds]
        return [math.inf if time > budget else time for time, budget in zip(own, budgets, strict=True)]

    return times(first), times(second)


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
