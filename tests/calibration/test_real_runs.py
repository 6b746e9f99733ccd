"""Calibration on real runs: an optimizer against itself on other seeds is rarely called different.

Every optimizer has 40 seeds of its own, so that no two comparisons share a run. The pairs are fixed before the runs: the first
of the 40 seeds with the 21st, and so on. The target is the provisional one of these 40 runs, which both halves make alike, so
that about half of them reach it. Three optimizers are compared on the suite `quick` (15 comparisons, 600 runs); with
OPTBENCH_CALIBRATION above 1 all that are built in (110 and 4,400), and from 20 on on the suite `core` (264 and 10,560).
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest

import optbench
from optbench.analysis.score_table import score_table
from optbench.analysis.statistics import Comparison, Interval, compare_overall, compare_times, judge
from optbench.registry import Registry

pytestmark = pytest.mark.calibration
SIZE = int(os.environ.get("OPTBENCH_CALIBRATION", "1"))
SUITE = "core" if SIZE >= 20 else "quick"
SEEDS = 20
THREE = ["sgd", "rmsprop", "adam"]


def built_in() -> list[str]:
    return [one.name for one in Registry().components("optimizer") if one.plugin.is_built_in]


@pytest.fixture(scope="module")
def times(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """The work to target by optimizer, shape (workloads, 2, seeds)."""
    store: Path = tmp_path_factory.mktemp("calibration") / "runs.sqlite"
    found = {}
    for place, name in enumerate(built_in() if SIZE > 1 else THREE):
        seeds = range(2 * SEEDS * place, 2 * SEEDS * (place + 1))
        results = optbench.run([name], suite=SUITE, seeds=seeds, store=store)
        scored = score_table(results)
        assert all(len(own.scores) == 1 for own in scored.workloads.values())
        found[name] = np.array(
            [
                [scores[seed]["passes_to_target"] for seed in seeds]
                for own in scored.workloads.values()
                for scores in own.scores.values()
            ]
        ).reshape(-1, 2, SEEDS)
    return found


def comparisons(times: dict[str, np.ndarray]) -> list[Comparison]:
    seeds = range(SEEDS)
    return [compare_times(a, b, seeds, seeds) for own in times.values() for a, b in own]


def at_most(count: int, repetitions: int, level: float) -> bool:
    return count / repetitions <= level + 3 * math.sqrt(level * (1 - level) / repetitions)


def test_an_optimizer_is_rarely_called_different_from_itself(times: dict[str, np.ndarray]) -> None:
    found = comparisons(times)
    words = [judge([one], 1)[0].word for one in found]
    wrong = sum(word in {"better", "worse"} for word in words)
    print(f"{wrong} of {len(words)} comparisons wrong, {words.count('equivalent')} equivalent")  # noqa: T201  # for -s
    assert at_most(wrong, len(words), 0.05)


@pytest.mark.parametrize("level", [0.95, 0.9])
def test_the_intervals_cover_no_difference(times: dict[str, np.ndarray], level: float) -> None:
    effects = [one.effect for one in comparisons(times)]
    intervals = [one.interval if level > 0.9 else one.narrow for one in effects]
    known = [one for one in intervals if isinstance(one, Interval)]
    assert len(known) == len(effects)
    missed = sum(not one.low <= 0 <= one.high for one in known)
    print(f"{missed} of {len(known)} intervals of {level:.0%} miss 0")  # noqa: T201  # for -s
    assert at_most(missed, len(known), 1 - min(one.coverage for one in known))


def test_an_optimizer_is_rarely_called_different_from_itself_over_all_workloads(times: dict[str, np.ndarray]) -> None:
    seeds = range(SEEDS)
    found = [compare_overall(own[:, 0], own[:, 1], seeds, seeds) for own in times.values()]
    wrong = sum(judge([one], 1, None)[0].word in {"better", "worse"} for one in found)
    print(f"{wrong} of {len(found)} comparisons over all workloads wrong")  # noqa: T201  # for -s
    assert at_most(wrong, len(found), 0.05)


def test_runs_are_not_all_alike(times: dict[str, np.ndarray]) -> None:
    """Comparisons of misses with misses would be right whatever the statistics."""
    reached = [np.isfinite(own).mean() for own in times.values()]
    assert np.mean(reached) > 0.25
    assert all(
        len(np.unique(own[np.isfinite(own)])) > SEEDS for own, share in zip(times.values(), reached, strict=True) if share > 0.2
    )
