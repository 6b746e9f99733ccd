"""The tables of `optbench rank`, 80 columns wide."""

from __future__ import annotations

import math
from collections.abc import Sequence

from optbench.analysis.ranking.leave_out import Moves
from optbench.analysis.ranking.overall import SHARES, TAUS
from optbench.analysis.ranking.places import Place
from optbench.analysis.ranking.ranking import Ranking
from optbench.analysis.sensitivity import GridWins
from optbench.analysis.statistics import Iqm, NotAvailable
from optbench.cli.columns import print_columns, print_wrapped
from optbench.cli.console import out
from optbench.core.names import counted

NOTHING = "-"
"""What a cell shows that has no value."""


def print_main(ranking: Ranking) -> None:
    """Print rank interval, IQM, AlgoPerf's integral, hits and divergence of each optimizer over all workloads."""
    scores = ranking.overall.scores
    if scores is None:
        return
    places = _by_name(ranking.places)
    rows = []
    for name, at in _ordered(ranking):
        own = places[name]
        runs = sum(len(place.seeds) for place in own)
        row = {"Optimizer": name, "Rank": _ranks(ranking.overall.ranks[name])}
        if not isinstance(scores.means, NotAvailable):
            row["IQM [95 %]"] = _mean(scores.means[at])
        row |= {
            "Integral": f"{scores.integral[at]:.3f}",
            "In 2x": f"{100 * scores.profile[at][TAUS.index(2.0)]:.0f} %",
            "Reached": f"{sum(place.reached for place in own)}/{runs}",
            "Diverged": _share(sum(place.diverged for place in own), runs),
        }
        rows.append(row)
    print_columns(rows, ("Optimizer",))
    if isinstance(scores.means, NotAvailable):
        out("")
        out("Interquartile mean over workloads, by seed")
        print_columns(_by_seed(ranking), ("Optimizer",))


def _by_seed(ranking: Ranking) -> list[dict[str, str]]:
    """Rows with the interquartile mean over workloads of each seed: the values, where an interval is not available."""
    scores, grid = ranking.overall.scores, ranking.overall.grid
    if scores is None or grid is None:
        return []
    return [
        {"Optimizer": name} | {str(seed): f"{value:.2f}" for seed, value in zip(grid.seeds, scores.by_seed[at], strict=True)}
        for name, at in _ordered(ranking)
    ]


def print_more(ranking: Ranking) -> None:
    """Print the performance profile, the share of targets hit, wins over the grid of rates, and how far optimizers move."""
    overall, scores = ranking.overall, ranking.overall.scores
    if scores is None:
        return
    wins = ranking.wins
    rows = []
    for name, at in _ordered(ranking):
        row = {"Optimizer": name}
        row |= {f"{tau:g}x": f"{100 * share:.0f}" for tau, share in zip(TAUS, scores.profile[at], strict=True)}
        if scores.hits is not None:
            row |= {f"T{100 * part:.0f}": f"{100 * share:.0f}" for part, share in zip(SHARES, scores.hits[at], strict=True)}
        if isinstance(wins, GridWins):
            row["lr"] = f"{100 * wins.won[wins.names.index(name)]:.0f}" if name in wins.names else NOTHING
        row["-wl"] = _moves(overall.without_workload, name)
        row["-opt"] = _moves(overall.without_optimizer, name)
        rows.append(row)
    print_columns(rows, ("Optimizer",))
    print_wrapped(f"{', '.join(f'{tau:g}x' for tau in TAUS)}: % of workloads within so many times the best time.")
    if scores.hits is not None:
        print_wrapped(f"{', '.join(f'T{100 * part:.0f}' for part in SHARES)}: % of targets hit within that % of the budget.")
    if isinstance(wins, GridWins):
        print_wrapped(
            f"lr: % won of {wins.places} places ({counted(len(wins.multiples), 'rate')} x "
            f"{counted(len(wins.workloads), 'workload')} x {counted(len(wins.seeds), 'seed')})."
        )
    print_wrapped("-wl, -opt: places moved by the integral when one workload or one optimizer is left out.")


def print_workload(ranking: Ranking, workload: str) -> None:
    """Print rank interval, median work, COCO's average running time, hits and divergence on one workload."""
    out(workload)
    places = [place for place in ranking.places if place.workload == workload]
    ordered = sorted(places, key=lambda place: (sum(place.ranks), place.median, place.running_time, place.name))
    print_columns(
        [
            {
                "Optimizer": place.name,
                "Rank": _ranks(place.ranks),
                "Passes, median": _passes(place.median),
                "aRT": _passes(place.running_time),
                "Reached": f"{place.reached}/{len(place.seeds)}",
                "Diverged": _share(place.diverged, len(place.seeds)),
            }
            for place in ordered
        ],
        ("Optimizer",),
    )


def _ordered(ranking: Ranking) -> list[tuple[str, int]]:
    """Return the optimizers with their place in the scores: by the middle of the rank interval, then the integral."""
    overall = ranking.overall
    if overall.scores is None or overall.grid is None:
        return []
    integral = overall.scores.integral
    found = list(zip(overall.grid.names, range(len(integral)), strict=True))
    return sorted(found, key=lambda one: (sum(overall.ranks[one[0]]), -float(integral[one[1]]), one[0]))


def _by_name(places: Sequence[Place]) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {}
    for place in places:
        found.setdefault(place.name, []).append(place)
    return found


def _ranks(ranks: tuple[int, int]) -> str:
    return f"{ranks[0]}-{ranks[1]}" if ranks[0] != ranks[1] else str(ranks[0])


def _mean(mean: Iqm) -> str:
    if mean.low is None or mean.high is None:
        return f"{mean.value:.2f} {NOTHING:>12}"
    return f"{mean.value:.2f} [{mean.low:.2f}, {mean.high:.2f}]"


def _moves(moves: Moves | None, name: str) -> str:
    if moves is None:
        return NOTHING
    low, high = -moves.low[name], moves.high[name]
    return " ".join(f"{sign}{count}" for sign, count in (("↑", low), ("↓", high)) if count) or "0"


def _passes(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "never"


def _share(count: int, of: int) -> str:
    return f"{100 * count / of:.0f} %" if count == 0 or 100 * count >= of else "<1 %"
