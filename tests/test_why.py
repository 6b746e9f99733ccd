"""Inquiries: equal tuning, ablations that are re-run, replays; each run once."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from optbench.cli.compare import compare
from optbench.cli.why import show_why
from optbench.core.errors import NothingSelected, OptbenchError, UsageError
from optbench.core.seeding import RESERVED
from optbench.core.spaces import Neutral
from optbench.core.specs import Measurements, RunResult
from optbench.core.targets import Target
from optbench.data.loader import FrozenDataset
from optbench.execution import local
from optbench.execution.replay import Replay, replay, replays
from optbench.experiment import Experiment
from optbench.planning import variations
from optbench.planning.selections import Selections
from optbench.registry import Registry
from optbench.training.job import Job
from optbench.training.outcome import failed_result
from optbench.training.run_job import run_job
from optbench.tuning.search import plan_studies, search
from optbench.why import Explanation, Inquiry, inquiry, of_runs, planned, rows, text

NEUTRAL = {"momentum": {"momentum": Neutral(0.0, "no momentum")}}


class InProcess:
    """An executor without processes; it stops with Ctrl-C after `limit` jobs, and counts them."""

    workers = 1

    def __init__(self, limit: float = math.inf, run: Callable[[Job], RunResult] = run_job) -> None:
        self.limit, self.done, self._run = limit, 0, run

    def run(self, jobs: Sequence[Job]) -> Iterator[RunResult]:
        for job in jobs:
            if self.done >= self.limit:
                raise KeyboardInterrupt
            self.done += 1
            yield self._run(job)


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Declare one neutral value, so that few runs are needed, replay without processes, and time nothing."""
    monkeypatch.setattr("optbench.training.run_job.measure", lambda *_: Measurements())
    monkeypatch.setattr(variations, "neutrals_of", lambda cls: NEUTRAL.get(cls.name, {}))
    monkeypatch.setattr(inquiry, "replays", lambda jobs, _: [(job, replay(job)) for job in jobs])


@pytest.fixture
def selections(dataset: FrozenDataset) -> Selections:
    return Selections(
        architectures=["single-layer"],
        embedders=["hashing[features=8]"],
        datasets=[str(dataset.folder)],
        seeds=[0, 1],
        epochs=2,
        batch_size=5,
    )


@pytest.fixture
def ask(registry: Registry, selections: Selections, tmp_path: Path) -> Callable[..., Inquiry]:
    def inquire(a: str = "momentum", b: str = "sgd", executor: InProcess | None = None, **change: object) -> Inquiry:
        experiment = Experiment(registry, tmp_path / "runs.sqlite", executor or InProcess())
        return planned(experiment, a, b, replace(selections, **change))

    return inquire


def page_of(explanation: Explanation) -> str:
    """The text, with one space between words."""
    return " ".join(text(explanation).split())


def labels(explanation: Explanation) -> list[tuple[str, str, str, int]]:
    return [(f.kind, f.first.label, f.second.label, f.places) for f in explanation.findings]


def test_what_is_run_and_compared(ask: Callable[..., Inquiry]) -> None:
    executor = InProcess()
    asked = ask(executor=executor)
    work = asked.work()
    assert (work.exact, work.replays) == (False, 4)
    assert work.runs == 3 * (10 * 3 + 2)  # three optimizers, ten rates, three tuning seeds, two evaluation seeds
    assert work.seconds > 0
    explanation = asked.explain()
    assert executor.done <= work.runs
    assert labels(explanation) == [
        ("pair", "momentum", "sgd", 1),
        ("part", "momentum with no momentum", "momentum", 1),
        ("remaining", "momentum with no momentum", "sgd", 1),
    ]
    assert {finding.family for finding in explanation.findings} == {3}
    assert {finding.comparison.seeds for finding in explanation.findings} == {2}
    # At equal rates, which the grid has for both, momentum without momentum is sgd.
    assert explanation.findings[-1].comparison.wins.ties == 2
    assert {len(setting.losses) for setting in explanation.settings} <= {9, 10}
    assert all(len(one.update_norm) == 2 for one in explanation.steps)


def test_nothing_is_executed_twice(ask: Callable[..., Inquiry]) -> None:
    first = ask().explain()
    executor = InProcess()
    again = ask(executor=executor)
    work = again.work()
    assert (work.runs, work.exact, work.replays, work.seconds) == (0, True, 0, 0.0)
    assert list(rows(again.explain())) == list(rows(first))
    assert executor.done == 0


def test_interrupted_it_continues(ask: Callable[..., Inquiry]) -> None:
    executed = 0
    for limit in (10, 61, 7):
        executor = InProcess(limit)
        with pytest.raises(KeyboardInterrupt):
            ask(executor=executor).explain()
        executed += executor.done
    rest = InProcess()
    ask(executor=rest).explain()
    complete = InProcess()
    ask("sgd[lr=0.1]", "momentum", executor=complete).explain()
    assert complete.done == 0
    assert executed + rest.done <= 3 * 32


def test_its_runs_are_in_no_table_and_evaluation_seeds_choose_nothing(ask: Callable[..., Inquiry]) -> None:
    asked = ask()
    asked.explain()
    assert list(asked.experiment.results()) == []
    runs = asked.experiment.store.results()
    evaluated = {run.spec.optimizer.params["lr"] for run in runs if run.spec.seed not in RESERVED}
    assert len(evaluated) <= 3 < len({run.spec.optimizer.params["lr"] for run in runs})


def test_more_seeds_are_added_to_the_planned_ones(ask: Callable[..., Inquiry]) -> None:
    ask(seeds=[0, 1]).explain()
    explanation = ask(seeds=[0, 1, 2]).explain()
    assert {finding.comparison.added for finding in explanation.findings} == {1}


def test_several_workloads_have_a_comparison_over_all(ask: Callable[..., Inquiry]) -> None:
    explanation = ask(architectures=["single-layer", "two-layer-mlp[hidden=2]"]).explain()
    assert [finding.places for finding in explanation.findings] == [1] * 6 + [2] * 3
    assert [finding.family for finding in explanation.findings] == [6] * 6 + [3] * 3
    page = page_of(explanation)
    assert "over 2 workloads: momentum was sooner than sgd on more workloads with" in page
    assert len(explanation.places) == 2


def test_the_rows_are_json(ask: Callable[..., Inquiry]) -> None:
    found = [json.loads(json.dumps(row, allow_nan=False)) for row in rows(ask().explain())]
    kinds = [row["row"] for row in found]
    assert kinds == ["setting"] * 3 + ["comparison"] * 3 + ["epoch"] * 4 + ["note"] * kinds.count("note")


def test_one_seed_gives_no_interval(ask: Callable[..., Inquiry]) -> None:
    page = page_of(ask(seeds=[7]).explain())
    assert "no interval: one seed gives no interval" in page
    assert "undecided" in page


def test_an_optimizer_that_diverges_at_every_rate(ask: Callable[..., Inquiry]) -> None:
    explanation = ask("sgd[lr=1e35]", "sgd").explain()
    page = page_of(explanation)
    assert "sgd[lr=1e35]: it diverged or failed at every rate" in page
    assert "2 diverged" in page
    assert explanation.settings[0].rates == {"lr": 1e35}
    assert list(rows(explanation))


def test_both_diverge(ask: Callable[..., Inquiry]) -> None:
    explanation = ask("sgd[lr=1e35]", "momentum[lr=1e35]").explain()
    assert "neither sgd[lr=1e35] nor momentum[lr=1e35] reached the target" in page_of(explanation)
    assert {finding.verdict.word for finding in explanation.findings} == {"undecided"}
    assert list(rows(explanation))


def test_methods_without_a_rate_or_a_neutral_value(ask: Callable[..., Inquiry]) -> None:
    explanation = ask("gd[line_search=armijo]", "sgd").explain()
    assert "gd[line_search=armijo]: it has no learning rate to choose, so it was run as given" in explanation.notes
    assert "sgd: nothing was removed, since weight_decay has its neutral value already" in explanation.notes
    assert explanation.settings[0].losses == {}
    assert "an epoch is one step, so there is no noise ratio" in page_of(explanation)


def test_runs_that_fail_are_said(ask: Callable[..., Inquiry]) -> None:
    def failing(job: Job) -> RunResult:
        return failed_result(job, "failed", "out of order") if job.labels.optimizer.startswith("sgd") else run_job(job)

    explanation = ask(executor=InProcess(run=failing)).explain()
    assert explanation.failed == 21 + 2  # with every rate failed, none is refined
    page = page_of(explanation)
    assert "momentum and sgd have no seed in common" in page
    assert "2 failed" in page
    assert "sgd: no run to replay" in page


def test_a_replay_that_ends_otherwise_or_fails_is_said(ask: Callable[..., Inquiry], monkeypatch: pytest.MonkeyPatch) -> None:
    def otherwise(jobs: Sequence[Job], _: int) -> Iterator[tuple[Job, Replay]]:
        for job in jobs:
            measured = replay(job)
            if job.spec.seed:
                yield job, Replay("ok", "", "another digest", measured.steps_per_epoch, measured.epochs)
            else:
                yield job, Replay("crashed", "its worker died", None, 0, ())

    monkeypatch.setattr(inquiry, "replays", otherwise)
    page = page_of(ask().explain())
    assert "momentum: not replayed, seed 0: its worker died; the replay of seed 1 ended otherwise than the stored run" in page
    assert ask().work().replays == 2  # what failed is tried again


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ("sgd", "sgd[lr=0.1]", "the same optimizer"),
        ("sgd[lr=0.1,0.2]", "momentum", "stands for several optimizers"),
        ("sgd", "adm", "did you mean 'adam'"),
    ],
)
def test_what_cannot_be_compared_is_refused(ask: Callable[..., Inquiry], a: str, b: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        ask(a, b)


def test_no_workload_is_refused(ask: Callable[..., Inquiry]) -> None:
    with pytest.raises(NothingSelected, match="matches no run"):
        ask(expression="adam")


def test_replays_are_computed_in_workers(ask: Callable[..., Inquiry], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inquiry, "replays", replays)
    explanation = ask(seeds=[0]).explain()
    assert [one.seeds for one in explanation.steps] == [(0,), (0,)]
    assert [one.remark for one in explanation.steps] == ["", ""]


def test_the_command_says_what_it_will_execute(ask: Callable[..., Inquiry], capsys: pytest.CaptureFixture[str]) -> None:
    show_why(ask())
    shown = capsys.readouterr()
    assert "why: up to 96 runs" in shown.err
    assert "4 replays to measure steps, at most about" in shown.err
    assert shown.out.startswith("momentum and sgd, each at its own learning rate")
    show_why(ask(), as_json=True)
    shown = capsys.readouterr()
    assert shown.err == "why: all runs are stored\n"
    assert [json.loads(line)["row"] for line in shown.out.splitlines()][:4] == ["setting"] * 3 + ["comparison"]


def test_a_frozen_target_is_used(ask: Callable[..., Inquiry]) -> None:
    asked = ask()
    workload = asked.cells[0].workload
    asked.experiment.store.record("target", workload.digest, Target(0.75).as_json())
    explanation = asked.explain()
    assert {(setting.target, setting.provisional) for setting in explanation.settings} == {(0.75, False)}
    assert not any("provisional" in note for note in explanation.notes)


def test_on_the_tuned_track_the_tuned_settings_are_varied(
    registry: Registry, selections: Selections, tmp_path: Path, ask: Callable[..., Inquiry]
) -> None:
    with Experiment(registry, tmp_path / "runs.sqlite", InProcess()) as experiment:
        chosen = replace(selections, optimizers=["momentum", "sgd"], budget=1)
        (momentum, sgd), _ = search(experiment, plan_studies(experiment, chosen, 1, 0))
    explanation = ask(track="tuned", budget=1).explain()
    whole, without, other = explanation.settings
    assert (whole.member.name, other.member.name) == ("momentum", "sgd")
    assert other.rates["lr"] / other.factor == pytest.approx(sgd.within(1).choice().params["lr"], rel=1e-3)
    assert whole.rates["lr"] / whole.factor == pytest.approx(momentum.within(1).choice().params["lr"], rel=1e-3)
    assert without.member.words == "no momentum"


def test_an_optimizer_that_declares_no_neutral_value(ask: Callable[..., Inquiry]) -> None:
    notes = ask("rprop", "sgd").explain().notes
    assert any(note.startswith("rprop: nothing was removed, since none of its hyper-parameters declares") for note in notes)


def test_the_workloads_and_seeds_of_stored_runs(ask: Callable[..., Inquiry], selections: Selections) -> None:
    experiment = ask().experiment
    stored = {
        name: experiment.complete(replace(selections, optimizers=[name], seeds=seeds))
        for name, seeds in (("momentum", [0, 1, 2]), ("sgd", [1, 2, 3]))
    }
    asked = of_runs(experiment, "momentum", "sgd", stored["momentum"], stored["sgd"])
    assert asked.seeds == (1, 2)
    assert [cell.choice(0) for cell in asked.cells] == [cell.choice(0) for cell in ask().cells]
    with pytest.raises(NothingSelected, match="no seed in common"):
        of_runs(experiment, "momentum", "sgd", stored["momentum"][:1], stored["sgd"])


@pytest.fixture
def command(selections: Selections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Return a function that calls `optbench compare momentum sgd`, and gives its exit code and both outputs."""
    monkeypatch.setattr(local, "LocalExecutor", lambda _: InProcess())

    def call(*options: str) -> tuple[int, str, str]:
        arguments = ["momentum", "sgd", *options, "--store", str(tmp_path / "runs.sqlite")]
        done = CliRunner().invoke(compare, arguments)
        if isinstance(done.exception, OptbenchError):
            raise done.exception
        return done.exit_code, done.stdout, done.stderr

    return call


def named(selections: Selections) -> list[str]:
    (architecture,), (embedder,), (dataset,) = selections.architectures, selections.embedders, selections.datasets
    return ["-m", architecture, "-e", embedder, "-d", dataset, "--epochs", "2", "--batch-size", "5"]


def test_compare_why_without_stored_runs(command: Callable[..., tuple[int, str, str]], selections: Selections) -> None:
    code, shown, said = command("--why", "--seeds", "0-1", *named(selections))
    assert code == 0
    assert said.startswith("no stored runs to compare as they were given; --why executes its own\nwhy: up to 96 runs")
    assert shown.startswith("momentum and sgd, each at its own learning rate")


def test_compare_why_on_the_workloads_and_seeds_of_stored_runs(
    command: Callable[..., tuple[int, str, str]], ask: Callable[..., Inquiry], selections: Selections
) -> None:
    ask().experiment.complete(replace(selections, optimizers=["momentum", "sgd"], seeds=[3, 4]))
    code, shown, _ = command("--why")
    assert code == 0
    assert shown.startswith("momentum against sgd, default track")
    assert "momentum and sgd, each at its own learning rate: passes to the target, seeds 3-4, 1" in " ".join(shown.split())
    code, shown, said = command("--why", "--json")
    assert {"comparison", "epoch", "setting"} <= {json.loads(line).get("row") for line in shown.splitlines()}
    assert said == "why: all runs are stored\n"


def test_compare_without_stored_runs_executes_nothing(
    command: Callable[..., tuple[int, str, str]], ask: Callable[..., Inquiry], selections: Selections
) -> None:
    ask().experiment.complete(replace(selections, optimizers=["adam"]))
    with pytest.raises(NothingSelected):
        command("--why")
    with pytest.raises(NothingSelected):
        command(*named(selections))
