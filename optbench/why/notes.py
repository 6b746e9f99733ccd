"""What an inquiry could not do, or what limits it, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from optbench.core.spaces import neutrals_of
from optbench.planning.catalogue import layers
from optbench.why.explanation import Setting
from optbench.why.members import Cell, Member


def notes(cells: Iterable[Cell], settings: Sequence[Setting], places: Mapping[str, bool]) -> tuple[str, ...]:
    """Return the sentences.

    Args:
        cells: all members on all workloads.
        settings: the rates that were chosen.
        places: whether the target of a workload is provisional, by the workload's name.
    """
    return (*_ablations(list(cells)), *_rates(settings), *_targets(places))


def _ablations(cells: Sequence[Cell]) -> Iterator[str]:
    for whole in dict.fromkeys(cell.member for cell in cells if not cell.member.part):
        own = [cell for cell in cells if cell.member.side == whole.side]
        if any(cell.member.part for cell in own):
            continue
        if neutral := list(neutrals_of(layers(own[0].template.optimizer)[0])):
            has = "has its neutral value" if len(neutral) == 1 else "have their neutral values"
            yield f"{whole.name}: nothing was removed, since {', '.join(neutral)} {has} already"
        else:
            yield (
                f"{whole.name}: nothing was removed, since none of its hyper-parameters declares a neutral value; an optimizer "
                'declares one by `neutral=`, such as neutral=Neutral(0.0, "no momentum")'
            )


def _rates(settings: Sequence[Setting]) -> Iterator[str]:
    for member, own in _by_member(settings).items():
        if not any(one.losses for one in own):
            yield f"{member.label}: it has no learning rate to choose, so it was run as given"
            continue
        if edge := [one.place for one in own if one.edge]:
            yield f"{member.label}: the best rate is at the edge of the grid on {', '.join(edge)}; a better one may lie beyond"
        if close := [f"{one.place} ({_factors(one.close)} for {one.factor:.3g})" for one in own if one.close]:
            yield (
                f"{member.label}: other rates reach a loss within 1 % of the best on {', '.join(close)}, in times the given; "
                "the time to the target depends on which is chosen"
            )
        diverged = [one.place for one in own if one.losses and all(map(math.isinf, one.losses.values()))]
        if diverged:
            yield f"{member.label}: it diverged or failed at every rate of the grid on {', '.join(diverged)}"
        bad = {one.place: {s: n for s, n in one.statuses.items() if s != "ok"} for one in own}
        if any(bad.values()):
            counts = "; ".join(f"{place}: {_counts(found)}" for place, found in bad.items() if found)
            yield f"{member.label}: not all runs with evaluation seeds ended well ({counts})"


def _targets(places: Mapping[str, bool]) -> Iterator[str]:
    provisional = [name for name, is_so in places.items() if is_so]
    if provisional:
        yield (
            f"provisional target on {', '.join(provisional)}: 1.05 times the better of the two medians of the best validation "
            "loss; it depends on A and B, and with it p and E are approximate. 'optbench targets' makes one that is frozen"
        )


def _by_member(settings: Iterable[Setting]) -> dict[Member, list[Setting]]:
    found: dict[Member, list[Setting]] = {}
    for setting in settings:
        found.setdefault(setting.member, []).append(setting)
    return found


def _factors(factors: Iterable[float]) -> str:
    return " or ".join(f"{one:.3g}" for one in factors)


def _counts(statuses: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
