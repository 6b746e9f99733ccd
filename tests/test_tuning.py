"""The search for hyper-parameters and the tuned track, on a tiny dataset with real runs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from in_process import InProcess

import optbench
from optbench.core.errors import NothingSelected, StoreError, UsageError
from optbench.core.plans import Plan, planned_seeds
from optbench.core.seeding import RESERVED
from optbench.core.specs import Choice
from optbench.core.studies import Study, Trial
from optbench.core.workload import Workload, group_of, workload_of
from optbench.data.loader import FrozenDataset
from optbench.data.studies import read_studies, write_studies
from optbench.experiment import Experiment
from optbench.planning.entries import Instance
from optbench.planning.selections import Selections
from optbench.planning.trials import cube, edges, searched, trial_params, tuning_seeds
from optbench.registry import Registry
from optbench.tuning.check import check_studies
from optbench.tuning.ledger import costs, ledger
from optbench.tuning.search import missing_runs, plan_studies, search

WORKLOAD = Workload("data", "0" * 64, "e", "a", 3, 32, "float32", 2, "l")


@pytest.fixture
def selections(dataset: FrozenDataset) -> Selections:
    return Selections(
        optimizers=["adam", "sgd"],
        architectures=["single-layer"],
        embedders=["hashing[features=16]"],
        datasets=[str(dataset.folder)],
        epochs=3,
        batch_size=5,
    )


@pytest.fixture
def experiment(registry: Registry, tmp_path: Path) -> Iterator[Experiment]:
    with Experiment(registry, tmp_path / "runs.sqlite", InProcess()) as found:
        yield found


def study(label: str, *objectives: float, spread: float = 0.0, number: int = 0) -> Study:
    trials = tuple(
        Trial({"lr": 0.1 if place == 0 else 10.0**-place}, (one - spread, one, one + spread), 10.0, 0.5)
        for place, one in enumerate(objectives)
    )
    return Study(WORKLOAD, "tiny", Choice(label, {"lr": 0.1}), label, number, trials)


# Draws


def test_a_larger_budget_begins_with_the_draws_of_a_smaller_one_and_studies_differ() -> None:
    assert (cube(0, 32)[:8] == cube(0, 8)).all()
    assert not (cube(0, 8) == cube(1, 8)).any()
    assert not set(tuning_seeds(0)) & set(tuning_seeds(1))
    assert all(seed in RESERVED for seed in (*tuning_seeds(0), *tuning_seeds(899)))
    with pytest.raises(UsageError, match="study 900 is out of range"):
        tuning_seeds(900)


def test_all_optimizers_draw_the_same_points(experiment: Experiment, selections: Selections) -> None:
    planned = plan_studies(experiment, replace(selections, optimizers=["adam", "sgd", "lbfgs"]), 3, 0)
    rates = {
        one.optimizer.label: [
            searched(one.optimizer)["lr"].place(params["lr"]) for params in trial_params(one.optimizer, 0, 3)[1:]
        ]
        for one in planned
    }
    assert rates["adam"] == pytest.approx(rates["sgd"], abs=1e-4)
    assert rates["adam"] == pytest.approx(rates["lbfgs"], abs=1e-4)


def instance(component: Any, label: str = "mine") -> Instance:
    return Instance(component, Choice(label), label, (type(component),))


@dataclass(frozen=True, kw_only=True)
class Plain(optbench.Optimizer):
    """It declares no space."""

    name: ClassVar[str] = "plain"
    lr: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Rateless(optbench.Optimizer):
    """It has nothing to search."""

    name: ClassVar[str] = "rateless"
    rates: ClassVar[tuple[str, ...]] = ()
    power: float = 0.5


def test_without_a_declared_space_the_rates_are_searched() -> None:
    (space,) = searched(instance(Plain())).values()
    assert (space.at(0.0), space.at(0.5)) == (0.0005, 0.5)
    with pytest.raises(UsageError, match="declares no space and no rate"):
        searched(instance(Rateless()))


def test_a_value_that_the_user_chose_is_kept(registry: Registry) -> None:
    adam = registry.find("optimizer", "adam").cls
    assert list(searched(instance(adam(eps=1e-3)))) == ["lr", "beta1", "beta2"]
    everything = adam(lr=0.1, beta1=0.5, beta2=0.5, eps=1.0)
    with pytest.raises(UsageError, match="a value of yours"):
        searched(instance(everything))


# Studies


def test_the_best_trial_is_the_first_of_equals_and_a_prefix_is_a_smaller_budget() -> None:
    found = study("sgd", 0.5, 0.3, 0.3, 0.2)
    assert (found.best(), found.within(2).best(), found.within(0).best()) == (3, 1, 0)
    assert found.choice() == Choice("sgd", {"lr": 1e-3})
    assert found.within(0).key == found.key
    assert study("sgd", math.inf, math.inf).best() == 0


def test_a_file_of_studies_is_read_as_it_was_written(tmp_path: Path) -> None:
    known = [study("sgd", 0.5, math.inf), study("adam", 0.4, 0.1)]
    write_studies(tmp_path / "x.json", known, {"budget": 1})
    assert read_studies(tmp_path / "x.json") == {one.key: one for one in known}
    assert read_studies(tmp_path / "none.json") == {}


def test_the_ledger_flags_what_is_under_tuned_or_at_an_edge(registry: Registry) -> None:
    adam = Choice("adam", dict(optbench.core.hyperparameters.values(registry.find("optimizer", "adam").cls())))
    sgd = replace(study("sgd", 0.5, 0.3, 0.29), optimizer=Choice("sgd", {"lr": 0.1, "weight_decay": 0.0}))
    edge = Trial({"lr": 0.99}, (0.41, 0.42, 0.43), 10.0, 0.5)
    default = Trial({"lr": 0.001}, (0.5, 0.5, 0.5), 10.0, 0.5)
    worse = replace(study("adam", 0.5), optimizer=adam, trials=(default, edge, default))
    first, second = ledger([worse, sgd], registry)
    assert first.flags == ["edge of the range: lr", "under-tuned: worse than sgd, which it contains"]
    assert second.flags == []
    assert first.curve == pytest.approx((0.5, 0.46, 0.42))
    assert [(one.optimizer, one.trials, one.improved, one.flagged) for one in costs([first, second])] == [
        ("adam", 3, 1, 1),
        ("sgd", 3, 1, 0),
    ]


def test_only_the_outer_twentieth_of_a_logarithmic_range_is_an_edge(registry: Registry) -> None:
    spaces = searched(instance(registry.find("optimizer", "sgd").cls()))
    assert edges(spaces, {"lr": 1e-4}) == edges(spaces, {"lr": 99.0}) == ["lr"]
    assert edges(spaces, {"lr": 1e-3}) == edges(spaces, {}) == []


# Real runs


def test_a_search_is_resumed_and_shares_runs_between_budgets(experiment: Experiment, selections: Selections) -> None:
    planned = plan_studies(experiment, selections, 2, 0)
    assert len(missing_runs(experiment, planned)) == 2 * 3 * 3
    studies, incomplete = search(experiment, planned)
    assert (len(studies), incomplete) == (2, [])
    assert missing_runs(experiment, planned) == []
    assert len(missing_runs(experiment, plan_studies(experiment, selections, 3, 0))) == 2 * 3
    assert len(missing_runs(experiment, plan_studies(experiment, selections, 2, 1))) == 2 * 3 * 3
    for found in studies:
        losses = [trial.objective for trial in found.trials]
        assert found.trials[found.best()].objective == min(losses)
        assert experiment.studies()[found.key] == found
    assert experiment.results() == [] or len(experiment.results()) == 0, "runs of a search are no results"


def test_the_tuned_track_runs_the_best_trial_under_the_optimizers_name(experiment: Experiment, selections: Selections) -> None:
    with pytest.raises(
        UsageError, match=r"has not been tuned for workload .* optbench tune -m single-layer .* -o adam --budget 2"
    ):
        experiment.plan(replace(selections, track="tuned", budget=2))
    studies, _ = search(experiment, plan_studies(experiment, selections, 2, 0))
    with pytest.raises(UsageError, match="2 draws only"):
        experiment.plan(replace(selections, track="tuned", budget=3))
    tuned = experiment.complete(replace(selections, track="tuned", budget=2, seeds=range(2)))
    chosen = {one.label: one.choice() for one in studies}
    assert {run.labels.optimizer for run in tuned} == {"adam (2 draws)", "sgd (2 draws)"}
    assert all(run.spec.optimizer == chosen[run.labels.optimizer.split()[0]] for run in tuned)
    default = experiment.complete(replace(selections, seeds=range(3)))
    assert {run.labels.track for run in default} == {"default"}
    # Read from the store alone, each track has its own runs, also where the default is the best trial and belongs to both.
    assert {(run.spec.key, run.labels.optimizer) for run in experiment.results(track="tuned")} >= {
        (run.spec.key, run.labels.optimizer) for run in tuned
    }
    assert {run.spec.key for run in experiment.results()} == {run.spec.key for run in default}


def test_trials_can_be_made_again(experiment: Experiment, selections: Selections) -> None:
    with pytest.raises(NothingSelected, match="no study of this selection"):
        check_studies(experiment, selections, 2)
    (found, _), _ = search(experiment, plan_studies(experiment, selections, 2, 0))
    assert [one.verdict for one in check_studies(experiment, selections, 4)] == ["equal"] * 4
    (trial, *rest) = found.trials
    changed = replace(found, trials=(replace(trial, losses=tuple(loss * 1.2 for loss in trial.losses)), *rest))
    experiment.store.record("study", changed.key, changed.as_json())
    checked = check_studies(experiment, replace(selections, optimizers=[found.label]), 3)
    assert sorted(one.verdict for one in checked) == ["differs", "equal", "equal"]
    other = replace(found, trials=(replace(trial, params={**trial.params, "lr": 77.0}), *rest))
    experiment.store.record("study", other.key, other.as_json())
    checked = check_studies(experiment, replace(selections, optimizers=[found.label]), 3)
    assert "the draw was" in next(one.text for one in checked if one.trial == 0)


def test_a_corrupt_study_is_reported(experiment: Experiment, selections: Selections) -> None:
    experiment.store.record("study", "x", {"workload": 1})
    with pytest.raises(StoreError, match=r"a study in the store .* is corrupt"):
        experiment.plan(replace(selections, track="tuned"))


def test_reserved_seeds_cannot_be_evaluated(experiment: Experiment, selections: Selections) -> None:
    with pytest.raises(UsageError, match="1000000 is reserved"):
        experiment.plan(replace(selections, seeds=[0, 1_000_000]))


# Plans


def test_planned_seeds_are_those_of_the_first_plan_with_both() -> None:
    plans = [Plan("default", (0, 1), {"a": "a"}), Plan("default", (0, 1, 2), {"a": "a", "b": "b"})]
    plans.append(Plan("default", (0, 1, 2, 3), {"a": "a", "b": "b"}))
    assert planned_seeds(plans, ["a", "b"]) == (0, 1, 2)
    assert planned_seeds([plans[0], Plan("default", (1, 2), {"c": "c"})], ["a", "c"]) == (1,)
    assert planned_seeds(plans, ["a", "z"]) == planned_seeds([], ["a", "b"]) == ()


def test_a_plan_is_stored_before_the_first_run_and_kept_when_seeds_are_added(
    experiment: Experiment, selections: Selections
) -> None:
    results = experiment.complete(replace(selections, seeds=range(2)))
    experiment.complete(replace(selections, seeds=range(4)))
    groups = {group_of(run.spec) for run in results}
    assert len(groups) == 2
    plans = experiment.results().plans
    assert [plan.seeds for plan in plans] == [(0, 1), (0, 1, 2, 3)]
    assert planned_seeds(plans, groups) == (0, 1)
    assert Plan.from_json(plans[0].as_json()) == plans[0]


def test_a_workload_is_read_as_it_was_written(experiment: Experiment, selections: Selections) -> None:
    workload = workload_of(experiment.plan(selections)[0].spec)
    assert Workload.from_json(json.loads(json.dumps(workload.as_json()))) == workload
    for broken in ({}, workload.as_json() | {"epochs": "3"}, workload.as_json() | {"more": 1}):
        with pytest.raises(ValueError, match="a workload has the keys"):
            Workload.from_json(broken)
