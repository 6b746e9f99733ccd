from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest
from click.testing import CliRunner, Result

from optbench.cli import cli
from optbench.cli.progress import duration
from optbench.core.contracts import Embedder, Optimizer
from optbench.core.numerics import Layout, Vector
from optbench.data.loader import FrozenDataset
from optbench.execution.estimate import EMBED, POINT, START, THIRD_PARTY, run_seconds, total_seconds
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.registry import Registry
from optbench.training.job import Job


def test_runs_that_differ_in_seed_epochs_and_source_only_are_used(plan: list[Job]) -> None:
    adam = plan[0].spec
    stored = [(replace(adam, seed=70 + i, epochs=9, source="older"), seconds) for i, seconds in enumerate([10.0, 20.0, 600.0])]
    stored.append((replace(adam, batch_size=7), 1e9))
    found = run_seconds(plan, stored, workers=2)
    assert found[:3] == [pytest.approx(20.0 / 10 * 4)] * 3
    assert all(0 < seconds < 1e3 for seconds in found[3:])


@dataclass(frozen=True, kw_only=True)
class Hostile(Optimizer):
    name: ClassVar[str] = "hostile"

    def init(self, w: Vector, layout: Layout) -> Any:
        raise SystemExit("third-party code was called before its run")

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        raise SystemExit("third-party code was called before its run")


def test_a_third_party_optimizer_is_not_called_and_counts_as_several_adams(
    plan: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optbench.execution.estimate._update_seconds", lambda *_: 1.0)
    adam, hostile = run_seconds(
        [plan[0], replace(plan[0], optimizer=Hostile(), spec=replace(plan[0].spec, seed=8))], [], workers=1
    )
    assert adam >= 3 * 3  # epochs times steps
    assert hostile / adam == pytest.approx(THIRD_PARTY, rel=0.2)


def test_larger_networks_and_more_epochs_take_longer(registry: Registry, dataset: FrozenDataset) -> None:
    def seconds(architecture: str, epochs: int) -> float:
        selections = Selections(
            optimizers=["adam"],
            architectures=[architecture],
            embedders=["hashing"],
            datasets=[str(dataset.folder)],
            seeds=[0],
            epochs=epochs,
        )
        return run_seconds(make_plan(registry, selections), [], workers=1)[0]

    small, large, long = seconds("single-layer", 10), seconds("recursive-mlp", 10), seconds("recursive-mlp", 1000)
    assert small < large < long


def test_networks_that_might_not_fit_into_memory_are_not_allocated(registry: Registry, dataset: FrozenDataset) -> None:
    selections = Selections(
        optimizers=["adam"],
        architectures=["two-layer-mlp[hidden=1000000000000]"],
        embedders=["hashing", "hashing[features=1000000000]"],
        datasets=[str(dataset.folder)],
        seeds=[0],
    )
    large, larger = sorted(run_seconds(make_plan(registry, selections), [], workers=1))
    assert 1e6 < large < larger


def test_an_optimizer_that_cannot_be_timed_has_an_estimate_too(registry: Registry, dataset: FrozenDataset) -> None:
    selections = Selections(
        optimizers=["lbfgs[history=1000000000000000000]", "sgd"],
        architectures=["single-layer"],
        embedders=["hashing[features=16]"],
        datasets=[str(dataset.folder)],
        seeds=[0],
    )
    assert len(run_seconds(make_plan(registry, selections), [], workers=1)) == 2


@pytest.mark.parametrize("dimension", [None, -5, "wide", 16])
def test_a_third_party_dimension_is_used_if_it_is_a_positive_number(plan: list[Job], dimension: Any) -> None:
    strange = replace(plan[0], embedder=cast("Embedder", SimpleNamespace(dimension=dimension)))
    (seconds,) = run_seconds([strange], [], workers=1)
    assert seconds > 0.0


def test_the_total_is_the_sum_of_its_parts(plan: list[Job]) -> None:
    seconds = [2.0] * 6
    assert total_seconds(plan, seconds, workers=1, pictures=False) == START + EMBED + 12
    assert total_seconds(plan, seconds, workers=2, pictures=False) == START + EMBED + 6
    assert total_seconds(plan, [2.0] * 5 + [50.0], workers=6, pictures=False) == START + EMBED + 50
    assert total_seconds(plan, seconds, workers=2, pictures=True) == pytest.approx(START + EMBED + 6 + 24 * POINT)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (7.4, "7 s"), (44.0, "40 s"), (89.0, "90 s"), (100.0, "2 min"), (430.0, "7 min"), (9000.0, "2.5 h")],
)
def test_durations_are_rounded_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["run", *words])


def planned(*words: str) -> list[dict[str, Any]]:
    done = run(*words, "-n", "--json", "--store", "none.sqlite")
    assert done.exit_code == 0, done.exception
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_quick_is_the_original_five_with_two_seeds_on_everything() -> None:
    rows = planned("--quick")
    assert {row["optimizer"] for row in rows} == {"gd", "sgd", "adagrad", "rmsprop", "adam"}
    assert {row["seed"] for row in rows} == {0, 1}
    assert {row["architecture"] for row in rows} >= {"single-layer", "two-layer-mlp", "recursive-mlp"}
    assert {row["embedder"] for row in rows} >= {"hashing", "tfidf"}


def test_options_and_the_file_win_over_quick(tmp_path: Path) -> None:
    rows = planned("--quick", "-o", "lamb", "-m", "single-layer", "--seeds", "3")
    assert {(row["optimizer"], row["architecture"], row["seed"]) for row in rows} == {("lamb", "single-layer", 3)}
    (tmp_path / "mine.toml").write_text("seeds = [5]")
    rows = planned("--quick", "--config", str(tmp_path / "mine.toml"))
    assert {row["seed"] for row in rows} == {5}
    assert len({row["optimizer"] for row in rows}) == 5


def test_a_run_says_first_how_long_it_should_take(dataset: FrozenDataset, tmp_path: Path) -> None:
    words = ("-o", "gd", "-m", "single-layer", "-e", "hashing[features=16]", "-d", str(dataset.folder))
    words += ("--seeds", "0-1", "--epochs", "2", "--no-report", "-j", "1", "--store", str(tmp_path / "runs.sqlite"))
    first, second = run(*words), run(*words)
    assert re.match(r"2 runs: 0 stored, 2 to run, about \d+ s with 1 worker\n", first.stderr)
    assert second.stderr.startswith("2 runs: 2 stored, 0 to run\n")
