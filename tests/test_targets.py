"""Frozen targets: how they are made, written, read and used."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from in_process import InProcess

from optbench.core.errors import DataError, UsageError
from optbench.core.specs import Choice, Labels, RunResult, RunSpec
from optbench.core.studies import Study, Trial
from optbench.core.targets import MORE, Target
from optbench.core.workload import Workload, workload_of
from optbench.data.loader import FrozenDataset
from optbench.data.targets import NAME, read_targets, write_targets
from optbench.experiment import Experiment
from optbench.planning.frozen_targets import suite_targets
from optbench.planning.selections import Selections
from optbench.planning.suites import find_suite
from optbench.registry import Registry
from optbench.tuning.search import plan_studies, search
from optbench.tuning.targets import BASELINES, EVALUATION_SEEDS, TARGET_SEEDS, make_targets, target_of

WORKLOAD = Workload("data", "0" * 64, "e", "a", 3, 32, "float32", 2, "l")


def study(name: str, objective: float = 0.5) -> Study:
    return Study(WORKLOAD, "tiny", Choice(name, {"lr": 0.1}), name, 0, (Trial({"lr": 0.2}, (objective,) * 3, 1, 1),))


STUDIES = {name: study(name) for name in BASELINES}


def run(name: str, seed: int, best: float) -> RunResult:
    spec = RunSpec(STUDIES[name].choice(), Choice("a"), Choice("e"), "data", "0" * 64, seed, 2, 32, "float32", "s")
    losses = [2.0, best, best + 0.1] if math.isfinite(best) else [2.0, math.inf]
    status = "ok" if math.isfinite(best) else "diverged"
    return RunResult(
        spec, Labels(name, "a", "e", "data"), status, curves={"val_loss": np.array(losses)}, seconds=(0.0,) * len(losses)
    )


def made(own: Sequence[float], others: dict[str, Sequence[float]], tried: Sequence[str] = ("adam",)) -> Target:
    runs = [run(tried[-1], seed, loss) for seed, loss in zip(TARGET_SEEDS, own, strict=True)]
    evaluated = [
        run(name, seed, loss) for name, losses in others.items() for seed, loss in zip(EVALUATION_SEEDS, losses, strict=True)
    ]
    return target_of("tiny", tried, STUDIES, runs, evaluated)


LOSSES = [0.01 * place for place in range(1, 21)]


def test_the_target_is_what_the_best_baseline_reached_on_18_of_20_seeds() -> None:
    target = made(LOSSES[::-1], dict.fromkeys(BASELINES, [0.1] * 20))
    assert target.loss == pytest.approx(0.18)
    assert sum(loss <= target.loss for loss in LOSSES) == 18
    assert (target.made["baseline"], target.made["loosened"], target.made["first_loss"]) == ("adam", 0, 2.0)
    assert target.made["settings"]["sgd" if "sgd" in BASELINES else "momentum"] == {"lr": 0.2}


def test_the_easier_targets_lie_between_the_first_loss_and_the_target() -> None:
    target = made(LOSSES, dict.fromkeys(BASELINES, [0.1] * 20))
    ladder = [2.0, *target.ladder, target.loss]
    assert len(target.ladder) == MORE == 12
    assert np.diff(np.log(ladder)) == pytest.approx([math.log(target.loss / 2.0) / 13] * 13)


def test_a_target_that_two_baselines_reach_is_loosened_by_steps_of_2_percent_until_a_third_does() -> None:
    reached = [0.185] * 11 + [math.inf] * 9  # 3 steps above .18 x 1.02^1, .1836; 2 steps, .1873, are enough
    target = made(LOSSES, {"momentum": [0.1] * 20, "adam": [0.1] * 20, "adagrad": reached, "rmsprop": [math.inf] * 20})
    assert (target.made["loosened"], target.loss) == (2, pytest.approx(0.18 * 1.02**2))
    assert target.made["reached"] == {"adagrad": 11, "adam": 20, "momentum": 20, "rmsprop": 0}
    half = [0.1] * 10 + [math.inf] * 10  # is not most
    with pytest.raises(UsageError, match="fewer than 3 tuned baselines finish on most seeds"):
        made(LOSSES, {"momentum": [0.1] * 20, "adam": [0.1] * 20, "adagrad": half, "rmsprop": half})


def test_what_was_passed_over_and_what_diverged_is_recorded() -> None:
    target = made([*LOSSES[:18], math.inf, math.inf], dict.fromkeys(BASELINES, [0.1] * 20), ("rmsprop", "momentum"))
    assert (target.made["baseline"], target.made["passed_over"]) == ("momentum", ["rmsprop"])
    assert target.made["losses"][-2:] == [None, None]
    assert Target.from_json(json.loads(json.dumps(target.as_json()))) == target


# Files


def test_a_file_of_targets_is_read_as_it_was_written(tmp_path: Path) -> None:
    target = made(LOSSES, dict.fromkeys(BASELINES, [0.1] * 20))
    write_targets(tmp_path / NAME, {WORKLOAD: target})
    assert read_targets(tmp_path / NAME) == {WORKLOAD: target}
    assert read_targets(tmp_path / "none.json") == {}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"targets": [{}]}', '{"targets": 3}', "[" * 10_000, '{"targets": [{"workload": 1}]}']
)
def test_a_broken_file_of_targets_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / NAME
    path.write_text(text)
    with pytest.raises(DataError, match=r"is no file of targets .*'optbench targets --export"):
        read_targets(path)


@pytest.mark.parametrize("name", ["core", "quick"])
def test_every_workload_of_an_installed_suite_has_a_target(registry: Registry, name: str) -> None:
    suite, targets = find_suite(registry, name), suite_targets(registry)
    for workload in suite.workload:
        own = [one for one in targets if (one.dataset_digest, one.epochs) == (workload.digest, workload.epochs)]
        assert own, workload.name
    for target in targets.values():
        first = target.made["first_loss"]
        assert first > target.ladder[0] > target.ladder[-1] > target.loss > 0


# Real runs


def test_targets_of_ones_own_data_are_made_once_and_used_by_every_table(
    registry: Registry, dataset: FrozenDataset, tmp_path: Path
) -> None:
    selections = Selections(
        optimizers=list(BASELINES),
        architectures=["single-layer"],
        embedders=["hashing[features=16]"],
        datasets=[str(dataset.folder)],
        epochs=3,
        batch_size=5,
    )
    with Experiment(registry, tmp_path / "runs.sqlite", InProcess()) as experiment:
        studies, _ = search(experiment, plan_studies(experiment, selections, 1, 0))
        missing: list[int] = []
        found = make_targets(experiment, selections, studies, lambda _, lacking: missing.append(len(lacking)))
        assert missing == [20, 80]
        assert make_targets(experiment, selections, studies) == found
        ((workload, target),) = found.items()
        results = experiment.complete(replace(selections, optimizers=["sgd"], seeds=range(2)))
        assert {workload_of(result.spec) for result in results} == {workload}
        assert results.targets == found
        assert set(results.table()["target"]) == {target.loss}
        assert not results.table()["provisional"].any()
        # A file in the dataset's folder comes before the store.
        write_targets(dataset.folder / NAME, {workload: replace(target, loss=0.5)})
        assert experiment.results().targets[workload].loss == 0.5
