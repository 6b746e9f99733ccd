"""A ranking as plain values, one row per optimizer, place, pair and for the pool; None for what is infinite or unknown."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from optbench.analysis.ranking.leave_out import Moves
from optbench.analysis.ranking.overall import SHARES, TAUS
from optbench.analysis.ranking.pairs import Pair
from optbench.analysis.ranking.ranking import Ranking
from optbench.analysis.ranking.words import sentences
from optbench.analysis.statistics import Friedman, Interval, NotAvailable


def as_rows(ranking: Ranking, baseline: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield a ranking as rows that JSON can hold; `kind` says what a row is about.

    The kinds are "pool" (first), "optimizer" (over all workloads), "place" (an optimizer on a workload), "pair" (two optimizers
    over all workloads, or on the one that `workload` names). Work is in passes.
    """
    yield _pool(ranking, baseline)
    for name in ranking.pool.names:
        yield {"kind": "optimizer", "optimizer": name, **_optimizer(ranking, name)}
    for place in ranking.places:
        yield {
            "kind": "place",
            "workload": place.workload,
            "optimizer": place.name,
            "ranks": list(place.ranks),
            "seeds": list(place.seeds),
            "median_passes": finite(place.median),
            "average_running_time": finite(place.running_time),
            "reached": place.reached,
            "diverged": place.diverged,
        }
    for pair in ranking.overall.pairs:
        yield {"kind": "pair", "workload": None, **_pair(pair)}
    for workload, pairs in ranking.pairs.items():
        for pair in pairs:
            yield {"kind": "pair", "workload": ranking.pool.workloads[workload], **_pair(pair)}


def finite(value: float | NotAvailable | None) -> float | None:
    """Return a number; None where it is infinite, NaN or not available."""
    return None if value is None or isinstance(value, NotAvailable) or not math.isfinite(value) else float(value)


def _pool(ranking: Ranking, baseline: str | None) -> dict[str, Any]:
    overall, wins = ranking.overall, ranking.wins
    return {
        "kind": "pool",
        "track": ranking.track,
        "optimizers": ranking.pool.names,
        "workloads": list(ranking.pool.workloads.values()),
        "seeds": list(overall.grid.seeds) if overall.grid else [],
        "left_out": ranking.partial,
        "provisional_targets": ranking.provisional,
        "comparisons_overall": len(overall.pairs),
        "comparisons_on_workloads": ranking.family,
        "friedman": _friedman(overall.friedman),
        "learning_rates": None if isinstance(wins, NotAvailable) else wins.as_json(),
        "notes": sentences(ranking, baseline),
    }


def _friedman(found: Friedman | NotAvailable) -> dict[str, Any]:
    if isinstance(found, NotAvailable):
        return {"reason": found.reason}
    return {"datasets": found.datasets, "p": found.p, "critical_difference": found.critical_difference}


def _optimizer(ranking: Ranking, name: str) -> dict[str, Any]:
    overall = ranking.overall
    places = [place for place in ranking.places if place.name == name]
    row: dict[str, Any] = {
        "lacking": ranking.partial.get(name, []),
        "ranks": list(overall.ranks[name]) if name in overall.ranks else None,
        "runs": sum(len(place.seeds) for place in places),
        "reached": sum(place.reached for place in places),
        "diverged": sum(place.diverged for place in places),
    }
    if overall.grid is None or overall.scores is None or name not in overall.grid.names:
        return row
    scores, at = overall.scores, overall.grid.names.index(name)
    mean = None if isinstance(scores.means, NotAvailable) else scores.means[at]
    return row | {
        "iqm": mean and mean.value,
        "iqm_interval": None if mean is None or mean.low is None else [mean.low, mean.high],
        "iqm_of_each_seed": scores.by_seed[at].tolist(),
        "scores": dict(zip(ranking.pool.workloads.values(), scores.scores[at].tolist(), strict=True)),
        "profile": dict(zip(map(str, TAUS), scores.profile[at].tolist(), strict=True)),
        "integral": float(scores.integral[at]),
        "targets_hit": None if scores.hits is None else dict(zip(map(str, SHARES), scores.hits[at].tolist(), strict=True)),
        "moves_without_a_workload": _moves(overall.without_workload, name),
        "iqm_moves_without_a_workload": _moves(overall.means_without_workload, name),
        "moves_without_an_optimizer": _moves(overall.without_optimizer, name),
        "mean_rank": None if isinstance(overall.friedman, NotAvailable) else float(overall.friedman.ranks[at]),
    }


def _moves(moves: Moves | None, name: str) -> list[int] | None:
    return None if moves is None else [moves.low[name], moves.high[name]]


def _pair(pair: Pair) -> dict[str, Any]:
    comparison, verdict = pair.comparison, pair.verdict
    effect, wins = comparison.effect, comparison.wins
    interval = effect.interval if isinstance(effect.interval, Interval) else None
    return {
        "a": pair.a,
        "b": pair.b,
        "seeds": comparison.seeds,
        "effect": finite(effect.median),
        "interval": interval and [finite(interval.low), finite(interval.high)],
        "coverage": interval and interval.coverage,
        "wins": wins.wins,
        "losses": wins.losses,
        "ties": wins.ties,
        "p": finite(verdict.p),
        "e": finite(comparison.e),
        "verdict": verdict.text,
        "reason": verdict.reason,
    }
