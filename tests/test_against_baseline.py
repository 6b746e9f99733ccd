from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from test_analysis import result

from optbench.analysis.against_baseline import Standing, against_baseline
from optbench.analysis.benchmark import Benchmark, benchmark
from optbench.analysis.frames import table_frame
from optbench.analysis.labels import variant_labels
from optbench.analysis.paired_times import paired_times
from optbench.analysis.score_table import score_table
from optbench.analysis.statistics import NotAvailable
from optbench.core.errors import UsageError
from optbench.core.plans import Plan
from optbench.core.specs import Choice, RunResult
from optbench.core.targets import Target
from optbench.core.workload import group_of, workload_of

EPOCHS = 10


def runs(variant: str, seeds: Iterable[int], rate: float, *, spread: float = 0.1, net: str = "net") -> list[RunResult]:
    """Return runs whose loss is exp(-rate t) after t passes, so that the target exp(-1) takes 1 / rate, with noise by seed."""
    found = []
    for seed in seeds:
        own = rate * math.exp(spread * np.random.default_rng([seed, *variant.encode()]).normal())
        losses = np.exp(-own * np.arange(EPOCHS + 1))
        run = result(variant, seed, losses.tolist(), architecture=Choice(net), epochs=EPOCHS)
        found.append(replace(run, curves={**run.curves, "passes": np.arange(EPOCHS + 1.0)}))
    return found


def planned(results: Sequence[RunResult], seeds: Iterable[int]) -> list[Plan]:
    return [Plan("default", tuple(seeds), {group_of(run.spec): run.labels.optimizer for run in results})]


def at_e(results: Sequence[RunResult], seeds: Iterable[int], baseline: str | None = "adam") -> Benchmark:
    """Return the benchmark with 1 / e as the frozen target, and these seeds planned."""
    targets = {workload_of(run.spec): Target(math.exp(-1)) for run in results}
    return benchmark(results, targets, planned(results, seeds), baseline)


def standings(found: Benchmark, workload: int = 0) -> dict[str, Standing]:
    return {row.label: found.standing(row) for row in found.tables[workload].rows}


def words(found: Benchmark, workload: int = 0) -> dict[str, str]:
    return {label: one.verdict.text for label, one in standings(found, workload).items() if one.verdict}


TWENTY = range(20)
POOL = [
    *runs("adam", TWENTY, 0.5),
    *runs("fast", TWENTY, 1.0),
    *runs("slow", TWENTY, 0.25),
    *runs("twin", TWENTY, 0.5, spread=0.02),
    *runs("never", TWENTY, 0.05),
]


def test_variants_are_better_worse_or_equivalent() -> None:
    near = [*runs("adam", TWENTY, 0.5, spread=0.02), *(run for run in POOL if run.labels.optimizer != "adam")]
    found = at_e(near, TWENTY)
    assert words(found) == {"fast": "better", "slow": "worse", "twin": "equivalent", "never": "worse"}
    assert found.standings.family == 4
    assert found.standings.pairs == 10
    own = standings(found)
    assert own["adam"].comparison is None
    median = own["fast"].comparison.effect.median  # type: ignore[union-attr]
    assert median == pytest.approx(-math.log(2), abs=0.15)
    assert {label: one.ranks for label, one in own.items()} == {
        "fast": (1, 1),
        "adam": (2, 3),
        "twin": (2, 3),
        "slow": (4, 4),
        "never": (5, 5),
    }


def test_rows_are_ordered_by_work_to_target_and_then_by_loss() -> None:
    found = at_e([*POOL, *runs("worst", TWENTY, 0.01)], TWENTY)
    names = [row.label for row in found.tables[0].rows]
    assert (names[0], names[-3:]) == ("fast", ["slow", "never", "worst"])


def test_the_verdicts_of_a_pair_are_those_of_any_baseline_with_sides_swapped() -> None:
    assert words(at_e(POOL, TWENTY, "fast"))["adam"] == "worse"
    assert words(at_e(POOL, TWENTY, "adam"))["fast"] == "better"


def test_five_seeds_show_no_difference() -> None:
    found = at_e([run for run in POOL if run.spec.seed < 5], range(5))
    assert words(found)["fast"] == "undecided"
    verdict = standings(found)["fast"].verdict
    assert verdict is not None
    assert "are the fewest that can" in verdict.reason
    assert standings(found)["fast"].ranks == (1, 5)


def test_the_family_counts_what_was_asked_for() -> None:
    """One workload lacks two variants: the families are those of the whole page."""
    other = [*runs("adam", TWENTY, 0.5, net="other"), *runs("fast", TWENTY, 1.0, net="other")]
    found = at_e([*POOL, *other], TWENTY)
    assert (found.standings.family, found.standings.pairs) == (4 * 2, 10 * 2)
    assert words(found, 1) == {"fast": "better"}
    assert standings(found, 1)["fast"].ranks == (1, 1)


def test_a_larger_family_asks_for_more() -> None:
    few = [run for run in POOL if run.spec.seed < 8 and run.labels.optimizer in {"adam", "fast"}]
    assert words(at_e(few, range(8))) == {"fast": "better"}
    more = [run for i in range(8) for run in runs(f"other{i}", range(8), 0.5)]
    assert words(at_e([*few, *more], range(8)))["fast"] == "undecided"


def test_another_variant_with_fewer_seeds_changes_no_comparison() -> None:
    few = runs("new", range(2), 0.6)
    before, after = at_e(POOL, TWENTY), at_e([*POOL, *few], TWENTY)
    for label, own in standings(before).items():
        assert own.comparison == standings(after)[label].comparison
    assert words(after)["new"] == "undecided"
    assert standings(after)["new"].comparison.seeds == 2  # type: ignore[union-attr]
    assert "18 of the 20 planned seeds are missing" in standings(after)["new"].verdict.reason  # type: ignore[union-attr]


def test_added_seeds_count_by_the_e_value() -> None:
    pair = [run for run in POOL if run.labels.optimizer in {"adam", "fast"}]
    found = at_e(pair, range(5))
    comparison = standings(found)["fast"].comparison
    assert comparison is not None
    assert (comparison.seeds, comparison.added) == (20, 15)
    assert words(found) == {"fast": "better"}
    assert words(at_e([run for run in pair if run.spec.seed < 6], range(5))) == {"fast": "undecided"}


def test_without_a_plan_nothing_was_planned() -> None:
    targets = {workload_of(POOL[0].spec): Target(math.exp(-1))}
    found = benchmark(POOL, targets, (), "adam")
    assert words(found)["fast"] == "better"
    assert isinstance(standings(found)["fast"].comparison.test, NotAvailable)  # type: ignore[union-attr]


def test_no_baseline_is_no_verdict_and_an_unknown_one_is_refused() -> None:
    others = [run for run in POOL if run.labels.optimizer != "adam"]
    found = at_e(others, TWENTY, None)
    assert (found.standings.baseline, found.standings.family, words(found)) == ("", 0, {})
    assert standings(found)["fast"].ranks == (1, 1)
    assert at_e(POOL, TWENTY, None).standings.baseline == "adam"
    with pytest.raises(
        UsageError, match="no baseline 'adam'; it is none of the optimizers that are compared: fast, never, slow, twin"
    ):
        at_e(others, TWENTY, "adam")


def test_a_baseline_on_one_workload_gives_verdicts_there() -> None:
    found = at_e([*POOL, *runs("fast", TWENTY, 1.0, net="other"), *runs("slow", TWENTY, 0.3, net="other")], TWENTY)
    assert words(found, 0)["fast"] == "better"
    assert words(found, 1) == {}
    assert standings(found, 1)["fast"].ranks == (1, 1)


def test_one_optimizer_has_no_rank() -> None:
    found = at_e(runs("adam", TWENTY, 0.5), TWENTY)
    assert standings(found) == {"adam": Standing()}
    assert (found.standings.family, found.standings.pairs) == (0, 0)


def test_when_all_diverged_nothing_is_decided() -> None:
    diverged = [replace(run, status="diverged") for run in POOL]
    found = at_e(diverged, TWENTY)
    assert set(words(found).values()) == {"undecided"}
    assert {one.verdict.reason for one in standings(found).values() if one.verdict} == {"both missed the target on every seed"}
    assert {one.ranks for one in standings(found).values()} == {(1, 5)}


def test_a_variant_without_a_result_has_no_rank_and_no_verdict() -> None:
    crashed = [result("crashed", seed, status="crashed", epochs=EPOCHS) for seed in TWENTY]
    found = at_e([*POOL, *crashed], TWENTY)
    assert standings(found)["crashed"] == Standing()
    assert standings(found)["fast"].ranks == (1, 1)
    assert found.standings.family == 5


def test_a_baseline_without_a_result_gives_no_verdict() -> None:
    crashed = [result("adam", seed, status="crashed", epochs=EPOCHS) for seed in TWENTY]
    found = at_e([*crashed, *runs("fast", TWENTY, 1.0), *runs("slow", TWENTY, 0.3)], TWENTY)
    assert words(found) == {}
    assert standings(found)["fast"].ranks == (1, 1)


def test_without_any_result_there_is_nothing() -> None:
    found = at_e([result(name, 0, status="failed") for name in ("adam", "sgd")], [0])
    assert set(standings(found).values()) == {Standing()}


def test_the_smaller_budget_of_two_runs_limits_both() -> None:
    """A method that takes two passes per epoch reaches the target after the other had to stop."""
    longer = [replace(run, curves={**run.curves, "passes": 2 * run.curves["passes"]}) for run in runs("long", range(3), 0.15)]
    short = runs("short", range(3), 0.02)
    scored = score_table([*longer, *short], {workload_of(short[0].spec): Target(math.exp(-1))})
    (own,) = scored.workloads.values()
    variant = {label: one for one, label in variant_labels(scored.runs()).items()}
    assert all(10 < own.scores[variant["long"]][seed]["passes_to_target"] < 20 for seed in range(3))
    times = paired_times(own, variant["long"], variant["short"])
    assert np.isinf(times.a).all()
    assert np.isinf(times.b).all()
    alone = paired_times(own, variant["long"], variant["long"])
    assert np.isfinite(alone.a).all()


def test_runs_that_recorded_no_passes_have_no_seed_in_common() -> None:
    old = [replace(run, curves={name: values for name, values in run.curves.items() if name != "passes"}) for run in POOL]
    found = at_e(old, TWENTY)
    verdict = standings(found)["fast"].verdict
    assert verdict is not None
    assert (verdict.word, verdict.reason) == ("undecided", "no seed in common")


def test_tracks_are_never_mixed() -> None:
    tuned = [replace(run, labels=replace(run.labels, track="tuned")) for run in runs("adam", range(2), 0.5)]
    assert benchmark(tuned).track == "tuned"
    with pytest.raises(UsageError, match="the default track and of the tuned track are never compared"):
        benchmark([*tuned, *runs("fast", range(2), 1.0)])


def test_a_tuned_optimizer_is_one_although_its_settings_differ_between_workloads() -> None:
    def tuned(name: str, rate: float, net: str, lr: float) -> list[RunResult]:
        return [
            replace(
                run,
                spec=replace(run.spec, optimizer=Choice(name, {"lr": lr})),
                labels=replace(run.labels, track="tuned"),
            )
            for run in runs(name, TWENTY, rate, net=net)
        ]

    both = [*tuned("adam", 0.5, "one", 0.1), *tuned("adam", 0.5, "two", 0.2)]
    both += [*tuned("fast", 1.0, "one", 0.3), *tuned("fast", 1.0, "two", 0.4)]
    found = at_e(both, TWENTY)
    assert (found.standings.baseline, found.standings.family) == ("adam", 2)
    assert [words(found, place) for place in (0, 1)] == [{"fast": "better"}] * 2


def test_rank_intervals_come_from_all_pairs() -> None:
    """Each variant's interval, by the verdicts that every other variant as the baseline gives in the family of all pairs."""
    found = at_e(POOL, TWENTY)
    names = sorted(standings(found))
    better = dict.fromkeys(names, 0)
    worse = dict.fromkeys(names, 0)
    for a, b in combinations(names, 2):
        pair = [run for run in POOL if run.labels.optimizer in {a, b}]
        word = words(at_e(pair, TWENTY, b))[a]
        better[a] += word == "better"
        worse[a] += word == "worse"
        better[b] += word == "worse"
        worse[b] += word == "better"
    for name, own in standings(found).items():
        assert own.ranks is not None
        assert own.ranks[0] <= 1 + worse[name]  # the larger family leaves more undecided
        assert own.ranks[1] >= len(names) - better[name]


def test_the_exported_table_has_verdict_effect_interval_and_ranks() -> None:
    found = table_frame(at_e(POOL, TWENTY)).set_index("optimizer")
    fast, adam, never = (found.loc[name] for name in ("fast", "adam", "never"))
    assert (fast["verdict"], fast["baseline"], fast["track"]) == ("better", "adam", "default")
    assert fast["work_ratio_low"] < fast["work_ratio"] < fast["work_ratio_high"] < 1
    assert fast["work_ratio"] == pytest.approx(0.5, abs=0.1)
    assert (fast["rank_low"], fast["rank_high"], fast["pairs"]) == (1, 1, 20)
    assert never["work_ratio"] == math.inf
    assert adam[["verdict", "work_ratio", "e_value"]].isna().all()
    assert not found["provisional"].any()


def test_standings_of_a_score_table_alone() -> None:
    assert against_baseline(score_table([])).standings == {}
