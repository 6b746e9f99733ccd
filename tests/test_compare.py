"""`optbench compare` and `Results.compare`: verdicts, bad input, what is missing and how to go on."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import Bench

from optbench.analysis.pair_comparison import PairComparison
from optbench.analysis.statistics import NotAvailable
from optbench.comparing import Sources, compare
from optbench.core.errors import NothingSelected, UsageError
from optbench.core.plans import Plan
from optbench.core.specs import Choice, Labels, RunResult, RunSpec, Status
from optbench.core.targets import Target
from optbench.core.workload import group_of, workload_of
from optbench.planning import defaults
from optbench.planning.catalogue import Catalogue
from optbench.planning.datasets import find_dataset
from optbench.planning.selections import Selections
from optbench.planning.source_digest import installed_source
from optbench.planning.suites import find_suite
from optbench.registry import Registry
from optbench.results import Results

SWAPPED = {"better": "worse", "worse": "better", "equivalent": "equivalent", "undecided": "undecided"}
BUDGET = 30
DIGESTS: dict[str, str] = {}
"""Of the datasets, by name; see `_digests`."""


class Stored:
    """Runs in a store that does not exist: times to target are chosen, everything else follows."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.runs: list[RunResult] = []
        self.plans: list[Plan] = []
        self.targets: dict[Any, Target] = {}

    def add(
        self,
        optimizer: str,
        times: Mapping[int, float | None] | Sequence[float | None],
        *,
        status: Status = "ok",
        label: str = "",
        track: Any = "default",
        **spec: Any,
    ) -> list[RunResult]:
        """Add runs that reach the loss 0.5 after so many passes by seed; None for a run with another status than ok."""
        by_seed = dict(enumerate(times)) if isinstance(times, Sequence) else times
        added = [self._run(optimizer, seed, time, status, label, track, spec) for seed, time in by_seed.items()]
        self.runs += added
        return added

    def _run(
        self, optimizer: str, seed: int, time: float | None, status: Status, label: str, track: Any, changes: dict[str, Any]
    ) -> RunResult:
        choice, label = self._choice(optimizer, label)
        plain = {
            "optimizer": choice,
            "architecture": Choice("single-layer"),
            "embedder": Choice("standardized"),
            "loss": Choice("cross-entropy", {"report": "accuracy"}),
            "dataset": "wine",
            "dataset_digest": DIGESTS.get(changes.get("dataset", "wine"), "0"),
            "epochs": BUDGET,
            "batch_size": 32,
            "dtype": "float32",
            "source": "",
        }
        full = RunSpec(seed=seed, **{**plain, **changes})
        if not full.source:
            full = replace(full, source=self._source(full))
        labels = Labels(label, full.architecture.name, full.embedder.name, full.dataset, full.loss.name, track=track)
        if time is None and status in {"failed", "crashed", "timeout"}:
            return RunResult(full, labels, status, reason="why")
        passes = np.arange(BUDGET + 1.0)
        losses = np.ones(BUDGET + 1)
        if time is not None and math.isfinite(time):
            # the crossing of 0.5 lies at `time`, whatever the interpolation: an evaluation is there
            passes[1] = time
            passes[2:] = np.linspace(time, BUDGET, BUDGET - 1)
            losses[1:] = 0.5
        final: Status = "diverged" if time is None else "ok"
        curves = dict.fromkeys(("train_loss", "val_loss"), losses)
        curves |= {
            "test_quality": np.linspace(0.3, 0.9, BUDGET + 1),
            "passes": passes,
            "evaluations": passes * 4,
            "rows": passes * 100,
        }
        return RunResult(full, labels, final, curves=curves, seconds=tuple(0.01 * passes), digest="d")

    def _choice(self, optimizer: str, label: str) -> tuple[Choice, str]:
        if optimizer.partition("[")[0] not in self.registry.names("optimizer"):
            return Choice(optimizer), label or optimizer
        (instance,) = Catalogue(self.registry).select("optimizer", [optimizer])
        return instance.choice, label or instance.label

    def _source(self, spec: RunSpec) -> str:
        return installed_source(self.registry, spec) or "gone"

    def plan(self, seeds: Iterable[int], runs: Iterable[RunResult] | None = None) -> None:
        groups = {group_of(run.spec): run.labels.optimizer for run in runs or self.runs}
        self.plans.append(Plan("default", tuple(seeds), groups))

    def freeze(self, loss: float = 0.5) -> None:
        self.targets = {workload_of(run.spec): Target(loss) for run in self.runs}

    def compare(self, a: str = "adam", b: str = "sgd", on: Selections | None = None, **more: Any) -> PairComparison:
        """Compare, and check what holds of every comparison: valid JSON, no NaN, at most 80 columns, antisymmetry."""
        sources = Sources(self.runs, self.targets, self.plans, defaults.STORE, self.registry)
        pair = compare(sources, a, b, on, **more)
        text = str(pair)
        assert "nan" not in text.replace("nesterov", "")
        assert "nan" not in pair._repr_html_()
        assert json.loads(json.dumps(pair.as_json(), allow_nan=False)) == pair.as_json()
        labels = {one.label for one in pair.workloads}
        for line in text.splitlines():
            assert len(line) <= 80 or line.strip().startswith("optbench run") or line.strip() in labels, line
        assert_antisymmetric(pair, compare(sources, b, a, on, **more))
        return pair


def assert_antisymmetric(one: PairComparison, other: PairComparison) -> None:
    assert (one.a, one.b, one.family) == (other.b, other.a, other.family)
    places = [*zip(one.workloads, other.workloads, strict=True)]
    if not isinstance(one.overall, NotAvailable) and not isinstance(other.overall, NotAvailable):
        places.append((one.overall, other.overall))  # type: ignore[arg-type]  # both have a comparison and a verdict
    for mine, theirs in places:
        assert mine.verdict.word == SWAPPED[theirs.verdict.word]
        assert (mine.seeds, mine.planned, mine.comparison.e) == (theirs.seeds, theirs.planned, theirs.comparison.e)
        assert mine.comparison.wins.wins == theirs.comparison.wins.losses
        median, back = mine.comparison.effect.median, theirs.comparison.effect.median
        assert median in {back, NotAvailable("") if isinstance(back, NotAvailable) else -back}
    assert one.further == other.further


@pytest.fixture(scope="module", autouse=True)
def _digests(registry: Registry) -> None:
    for name in ("wine", "digits", "breast-cancer"):
        DIGESTS[name] = find_dataset(registry, name).digest


@pytest.fixture
def stored(registry: Registry) -> Stored:
    return Stored(registry)


def verdicts(pair: PairComparison) -> list[str]:
    return [one.verdict.text for one in pair.workloads]


# Verdicts


TWENTY = np.linspace(4, 12, 20)


@pytest.mark.parametrize(
    ("factors", "verdict"),
    [
        (np.linspace(1.7, 2.6, 20), "better"),
        (1 / np.linspace(1.7, 2.6, 20), "worse"),
        (np.linspace(1.02, 1.06, 20), "better, by less than the margin"),
        (np.exp(0.02 * np.tile([1, -1], 10)), "equivalent"),
        (np.exp(np.tile([0.4, -0.4], 10)), "undecided"),
    ],
)
def test_each_verdict(stored: Stored, factors: np.ndarray[Any, Any], verdict: str) -> None:
    stored.add("adam", list(TWENTY))
    stored.add("sgd", list(TWENTY * factors))
    stored.plan(range(20))
    stored.freeze()
    assert verdicts(stored.compare()) == [verdict]


def test_the_text_has_effect_interval_evidence_verdict_seeds_and_target(stored: Stored) -> None:
    stored.add("adam", [*TWENTY[:18], *(TWENTY[18:] * 3)])
    stored.add("sgd", list(TWENTY * np.linspace(1.9, 2.3, 20)))
    stored.plan(range(20))
    stored.freeze()
    text = " ".join(str(stored.compare()).split())
    assert "Planned seeds 0-19, none added." in text
    assert "adam reached the target 2.06 times sooner than sgd (95.86 % interval 1.96 to 2.15; won 18" in text
    assert "of 20 seeds; E = 263): better." in text
    assert "P(adam beats sgd) = 0.9; p = " in text
    assert "target 0.5, frozen" in text
    assert "diverged: adam 0 of 20, sgd 0 of 20" in text
    assert "Family: m = 1 comparison, one for each workload." in text
    assert "Exploratory" in text
    assert "the workload named above, and no other" in text


def test_the_verdict_over_all_workloads_is_a_family_of_its_own(stored: Stored) -> None:
    for dataset in ("wine", "breast-cancer", "digits"):
        stored.add("adam", list(TWENTY), dataset=dataset)
        stored.add("sgd", list(TWENTY * 1.5 if dataset != "digits" else TWENTY / 1.5), dataset=dataset)
    stored.plan(range(20))
    stored.freeze()
    pair = stored.compare()
    assert sorted(verdicts(pair)) == ["better", "better", "worse"]
    assert not isinstance(pair.overall, NotAvailable)
    assert pair.family == 3
    assert pair.overall.verdict.needed_e == pytest.approx(40)
    assert pair.workloads[0].verdict.needed_e == pytest.approx(120)
    assert pair.overall.verdict.word == "better"
    plain = pair.as_json()["overall"]
    assert (plain["net_share"], plain["wins"], plain["family"]) == (pytest.approx(1 / 3), 20, 3)
    assert "the 3 workloads named above, and no others" in str(pair)


def test_a_time_beyond_the_smaller_budget_is_a_miss_for_both(stored: Stored) -> None:
    stored.add("adam", [10.0] * 5)
    longer = stored.add("sgd", [20.0] * 5)
    for run in stored.runs[:5]:
        run.curves["passes"][2:] = np.linspace(10, 15, BUDGET - 1)  # type: ignore[index]
    assert longer[0].curves["passes"][-1] == BUDGET
    stored.freeze()
    assert (stored.compare().workloads[0].comparison.reached_a, stored.compare().workloads[0].comparison.reached_b) == (5, 0)


# Bad input: what can be said, and what cannot


def test_five_seeds_cannot_show_a_difference_and_fifteen_more_are_proposed(stored: Stored) -> None:
    stored.add("adam", [2.0, 3, 4, 5, 6])
    stored.add("sgd", [4.0, 7, 8, 10, 12])
    stored.plan(range(5))
    stored.freeze()
    pair = stored.compare()
    assert verdicts(pair) == ["undecided"]
    assert "5 decided seeds cannot show a difference (smallest possible p 0.062" in pair.workloads[0].verdict.reason
    command = "optbench run -o adam -o sgd -m single-layer -e standardized -d wine --epochs 30 --seeds 5-19"
    assert pair.continuing == (command,)
    assert f"Continue with\n  {command}\nLooking again is safe, the e-value allows it." in str(pair)
    assert "there is one workload only" in str(pair)


def test_one_seed(stored: Stored) -> None:
    stored.add("adam", [2.0])
    stored.add("sgd", [4.0])
    stored.plan([0])
    pair = stored.compare()
    assert verdicts(pair) == ["undecided"]
    assert "one seed gives no interval" in " ".join(str(pair).split())
    assert pair.continuing[0].endswith("--seeds 1-19")


def test_all_diverged(stored: Stored) -> None:
    for optimizer in ("adam", "sgd"):
        stored.add(optimizer, [None] * 20)
    stored.plan(range(20))
    pair = stored.compare()
    assert verdicts(pair) == ["undecided"]
    assert pair.workloads[0].verdict.reason == "both missed the target on every seed"
    assert pair.workloads[0].diverged == (20, 20)
    assert "diverged: adam 20 of 20, sgd 20 of 20" in " ".join(str(pair).split())
    assert pair.continuing == ()


def test_one_always_diverged(stored: Stored) -> None:
    stored.add("adam", list(TWENTY))
    stored.add("sgd", [None] * 20)
    stored.plan(range(20))
    pair = stored.compare()
    assert verdicts(pair) == ["better"]
    assert "adam reached the target 1.0" not in str(pair)
    assert "sgd reached the target on 0 of 20 seeds, adam on 20" in str(pair)
    plain = pair.as_json()["workloads"][0]
    assert (plain["log_ratio"], plain["ratio"], plain["reached"]) == (None, 0.0, [20, 0])


def test_identical_results(stored: Stored) -> None:
    for optimizer in ("adam", "sgd"):
        stored.add(optimizer, [*TWENTY[:-1], math.inf])
    stored.plan(range(20))
    stored.freeze()
    pair = stored.compare()
    assert pair.workloads[0].verdict.reason == "the results are identical"
    assert pair.continuing == ()


@pytest.mark.parametrize(("a", "b"), [("adam", "adam"), ("adam", "adam[lr=0.001]"), ("nothing", "nothing")])
def test_an_optimizer_is_not_compared_with_itself(stored: Stored, a: str, b: str) -> None:
    stored.add("adam", [1.0])
    stored.add("nothing", [1.0])
    with pytest.raises(UsageError, match="A and B are both"):
        stored.compare(a, b)


def test_unequal_seeds_are_named_with_the_command_that_adds_them(stored: Stored) -> None:
    stored.plan(range(5), [*stored.add("adam", [2.0] * 12), *stored.add("sgd", [4.0] * 5)])
    stored.freeze()
    pair = stored.compare()
    assert pair.workloads[0].seeds == tuple(range(5))
    assert [(one.optimizer, one.seeds) for one in pair.missing] == [("sgd", tuple(range(5, 12)))]
    assert pair.completing == ("optbench run -o sgd -m single-layer -e standardized -d wine --epochs 30 --seeds 5-11",)
    assert "sgd, seeds 5-11: single-layer on standardized, wine" in str(pair)


def test_no_seed_in_common(stored: Stored) -> None:
    stored.add("adam", [2.0] * 2)
    stored.add("sgd", {7: 2.0, 8: 3.0})
    pair = stored.compare()
    assert pair.workloads[0].verdict.reason == "no seed in common"
    assert {one.optimizer: one.seeds for one in pair.missing} == {"adam": (7, 8), "sgd": (0, 1)}


def test_failed_planned_runs_are_named(stored: Stored) -> None:
    stored.add("adam", [2.0] * 5)
    stored.add("sgd", [3.0] * 3)
    stored.add("sgd", {3: None}, status="crashed")
    stored.add("sgd", {4: None}, status="failed")
    stored.plan(range(5))
    pair = stored.compare()
    assert pair.workloads[0].comparison.test == NotAvailable("2 of the 5 planned seeds are missing, the first is 3")
    text = " ".join(str(pair).split())
    assert "sgd, seeds 3-4 (3 crashed, 4 failed): single-layer on standardized, wine" in text
    assert "Planned seeds 0-4, 3-4 of them missing" in text
    assert pair.continuing == ()
    assert pair.completing[0].endswith("--seeds 3-4")


def test_no_run_has_a_result(stored: Stored) -> None:
    for optimizer in ("adam", "sgd"):
        stored.add(optimizer, [None] * 2, status="failed")
    pair = stored.compare()
    assert pair.workloads[0].target is None
    assert "no target, since no run has a result" in str(pair)
    assert pair.completing == ("optbench run -o adam -o sgd -m single-layer -e standardized -d wine --epochs 30 --seeds 0-1",)


def test_a_provisional_target_is_called_so(stored: Stored) -> None:
    stored.add("adam", [2.0] * 5)
    stored.add("sgd", [3.0] * 5)
    stored.add("momentum", [3.0] * 5)
    text = " ".join(str(stored.compare()).split())
    assert "provisional target 0.525, depends on the pool" in text
    assert "with it p and E are approximate" in text


def test_a_variant_on_some_workloads_only(stored: Stored) -> None:
    for dataset in ("wine", "digits"):
        stored.add("adam", list(TWENTY), dataset=dataset)
    stored.add("sgd", list(TWENTY))
    pair = stored.compare()
    assert (len(pair.workloads), pair.family) == (1, 1)
    assert [(one.optimizer, one.label) for one in pair.missing] == [("sgd", "single-layer on standardized, digits")]
    assert pair.completing == ("optbench run -o sgd -m single-layer -e standardized -d digits --epochs 30 --seeds 0-19",)


def test_no_workload_in_common(stored: Stored) -> None:
    stored.add("adam", [1.0])
    stored.add("sgd", [1.0], dataset="digits")
    with pytest.raises(NothingSelected, match="no workload in common; add them with: optbench run -o adam -o sgd -m single-"):
        stored.compare()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"track": "tuned"}, "tracks 'default' and 'tuned'"),
        ({"protocol": 1}, "protocol 1 and of protocol 2"),
        ({"dataset_digest": "f" * 64}, "'wine' with digest .* and with digest ffffffffffff"),
    ],
)
def test_what_was_measured_differently_is_refused(stored: Stored, change: dict[str, Any], words: str) -> None:
    for optimizer in ("adam", "sgd"):
        stored.add(optimizer, [1.0])
        stored.add(optimizer, {1: 1.0}, **change)
    with pytest.raises(UsageError, match=words):
        stored.compare()
    only = {"protocol": 2} if "protocol" in change else {}
    if "track" not in change:
        assert stored.compare(on=Selections(datasets=["wine"]), **only).family == 1


# Which optimizers and runs are meant


def test_a_plugin_that_is_gone_is_matched_by_its_label(stored: Stored) -> None:
    stored.add("mine", list(TWENTY / 2), label="mine[lr=0.1]|clip")
    stored.add("adam", list(TWENTY))
    stored.plan(range(20))
    stored.freeze()
    pair = stored.compare("mine[lr=0.1]|clip", "adam")
    assert verdicts(pair) == ["better"]
    assert pair.completing == ()
    with pytest.raises(UsageError, match="the stored runs are of adam, mine"):
        stored.compare("mine", "adam")


def test_commands_cannot_name_what_is_not_installed(stored: Stored) -> None:
    stored.add("mine", [1.0] * 3)
    stored.add("adam", [2.0] * 5)
    pair = stored.compare("mine", "adam")
    assert pair.completing == ()
    assert "runs cannot be added here: no optimizer named 'mine'" in " ".join(str(pair).split())


def test_what_is_missing_beside_a_plugin_that_is_gone_can_be_added(stored: Stored) -> None:
    stored.add("mine", [1.0] * 3)
    with pytest.raises(NothingSelected, match="of sgd; add them with: optbench run -o sgd -m single-layer"):
        stored.compare("mine", "sgd")
    stored.add("sgd", [1.0], dataset="digits")
    with pytest.raises(NothingSelected, match="none can be added here: no optimizer named 'mine'"):
        stored.compare("mine", "sgd")


def test_a_default_that_has_changed_is_named(stored: Stored) -> None:
    stored.add("adam[lr=0.5]", [1.0] * 3, label="adam")
    stored.add("sgd", [2.0] * 3)
    pair = stored.compare()
    assert "adam is written adam[lr=0.5] now: defaults have changed" in " ".join(str(pair).split())
    assert pair.continuing[0].startswith("optbench run -o 'adam[lr=0.5]' -o sgd")


def test_hyper_parameters_are_those_that_were_asked_for(stored: Stored) -> None:
    stored.add("adam", [2.0] * 5)
    stored.add("adam[lr=0.01]", [1.0] * 5)
    pair = stored.compare("adam[lr=1e-2]", "adam")
    assert (pair.a, pair.b, pair.workloads[0].comparison.wins.wins) == ("adam[lr=0.01]", "adam", 5)
    assert shlex.split(pair.continuing[0])[2:6] == ["-o", "adam[lr=0.01]", "-o", "adam"]


@pytest.mark.parametrize(
    ("a", "error", "words"),
    [
        ("adm", UsageError, "did you mean 'adam'"),
        ("adam[lr=1,2]", UsageError, "stands for 2 optimizers"),
        ("nadam", NothingSelected, "no stored runs of nadam; add them with: optbench run -o nadam -o sgd -m single-layer"),
    ],
)
def test_names_without_runs(stored: Stored, a: str, error: type[Exception], words: str) -> None:
    stored.add("adam", [1.0])
    stored.add("sgd", [1.0])
    with pytest.raises(error, match=words):
        stored.compare(a)


def test_an_empty_store_is_answered_with_a_command(stored: Stored, tmp_path: Path) -> None:
    suite = suite_file(tmp_path, "wine")
    with pytest.raises(NothingSelected, match=f"add them with: optbench run -o adam -o sgd --suite {suite}"):
        stored.compare(on=Selections(suite=suite))


def test_several_sources_are_never_mixed(stored: Stored) -> None:
    stored.add("adam", [1.0], source="1" * 64)
    stored.add("adam", [1.0], source="2" * 64)
    stored.add("sgd", [1.0])
    with pytest.raises(UsageError, match=r"2 optimizers, 'adam \(source 11111111\)'"):
        stored.compare()


def test_runs_of_another_source_are_repeated(stored: Stored) -> None:
    stored.add("adam", [1.0] * 3, source="1" * 64)
    stored.add("sgd", [2.0] * 3)
    pair = stored.compare()
    assert "adam was computed by another version of its source" in " ".join(str(pair).split())
    assert pair.continuing[0].endswith("--seeds 0-19")


def test_a_tuned_optimizer_is_the_same_on_workloads_with_different_settings(stored: Stored) -> None:
    for dataset, lr in (("wine", 0.01), ("digits", 0.1)):
        stored.add(f"adam[lr={lr}]", list(TWENTY), dataset=dataset, track="tuned", label="adam (32 draws)")
        stored.add(f"sgd[lr={lr}]", list(TWENTY * 2), dataset=dataset, track="tuned", label="sgd")
    stored.plan(range(20))
    stored.freeze()
    stored.runs.pop()
    pair = stored.compare("adam (32 draws)", "sgd")
    assert (pair.track, len(pair.workloads)) == ("tuned", 2)
    assert "the luck of its draws is not covered" in " ".join(str(pair).split())
    (command,) = pair.completing
    assert command.endswith("-d digits --epochs 30 --seeds 19 --track tuned")
    with pytest.raises(NothingSelected, match="-o rmsprop -o momentum -e raw --track tuned"):
        stored.compare("rmsprop", "momentum", Selections(embedders=["raw"], track="tuned"))


def test_planned_and_added_seeds(stored: Stored) -> None:
    stored.add("adam", [2.0] * 12)
    stored.add("sgd", list(np.linspace(4, 8, 12)))
    stored.plan(range(5))
    stored.plan(range(12))
    stored.freeze()
    pair = stored.compare()
    assert "Planned seeds 0-4, added 5-11." in " ".join(str(pair).split())
    assert verdicts(pair) == ["better"]  # E = 315 is above 40; p = .0625 on the planned ones
    assert pair.as_json()["workloads"][0]["added_seeds"] == list(range(5, 12))
    assert pair.as_json()["workloads"][0]["p"] == 0.0625


def test_seeds_that_are_left_out_are_named(stored: Stored) -> None:
    stored.add("adam", [2.0] * 12)
    stored.add("sgd", [3.0] * 12)
    stored.plan(range(12))
    pair = stored.compare(on=Selections(seeds=range(5)))
    assert pair.workloads[0].seeds == tuple(range(5))
    assert pair.completing == ()
    assert "valid only if that was decided before they were seen" in " ".join(str(pair).split())
    with pytest.raises(NothingSelected, match="--seeds 77"):
        stored.compare(on=Selections(seeds=[77]))


def test_runs_that_recorded_no_passes_are_left_out(stored: Stored) -> None:
    stored.add("adam", [2.0] * 5)
    stored.add("sgd", [3.0] * 5)
    del stored.runs[0].curves["passes"]  # type: ignore[attr-defined]
    pair = stored.compare()
    assert pair.workloads[0].seeds == (1, 2, 3, 4)
    assert "stored by an earlier version" in str(pair)


# Workloads and commands


def test_options_restrict_the_workloads(stored: Stored) -> None:
    for optimizer in ("adam", "sgd"):
        for dataset in ("wine", "digits"):
            stored.add(optimizer, [2.0], dataset=dataset)
        stored.add(optimizer, [2.0], epochs=60, dtype="float64", architecture=Choice("two-layer-mlp", {"hidden": 7}))
    selections = {
        3: Selections(),
        2: Selections(epochs=BUDGET),
        1: Selections(datasets=["digits"]),
    }
    for count, on in selections.items():
        assert stored.compare(on=on).family == count
    for on in (Selections(dtype="float64"), Selections(expression="two-layer"), Selections(batch_size=32, epochs=60)):
        assert [one.workload.epochs for one in stored.compare(on=on).workloads] == [60]
    with pytest.raises(UsageError, match="did you mean 'single-layer'"):
        stored.compare(on=Selections(architectures=["single-layr"]))
    with pytest.raises(NothingSelected, match=r"on such a workload; add them with: optbench run -o adam -o sgd -e raw$"):
        stored.compare(on=Selections(embedders=["raw"]))


def test_one_command_runs_what_it_can_and_no_more(stored: Stored) -> None:
    for optimizer in ("adam", "sgd"):
        time = [2.0 if optimizer == "adam" else 3.0]
        for dataset in ("wine", "digits"):
            for embedder in ("raw", "standardized"):
                stored.add(optimizer, time, dataset=dataset, embedder=Choice(embedder))
        stored.add(optimizer, time, dtype="float64", loss=Choice("squared", {}))
    start = "optbench run -o adam -o sgd -m single-layer"
    assert stored.compare().continuing == (
        f"{start} -e raw -e standardized -d digits -d wine --epochs 30 --seeds 1-19",
        f"{start} -e standardized -d wine --loss squared --epochs 30 --dtype float64 --seeds 1-19",
    )


def suite_file(folder: Path, *datasets: str) -> str:
    workload = """
[[workload]]
name = "{0}-linear"
dataset = "{0}"
digest = "{1}"
embedder = "standardized"
architecture = "single-layer"
loss = "cross-entropy"
epochs = 30
why = "small"
"""
    path = folder / "mine.toml"
    listed = "".join(workload.format(name, DIGESTS[name]) for name in datasets)
    path.write_text(f'name = "mine"\nversion = 1\ntitle = "Mine"\n{listed}', encoding="utf-8")
    return str(path)


def test_the_workloads_of_a_suite_are_the_family_whether_they_have_runs_or_not(stored: Stored, tmp_path: Path) -> None:
    suite = suite_file(tmp_path, "wine", "digits", "breast-cancer")
    for optimizer, time in (("adam", 2.0), ("sgd", 3.0)):
        stored.add(optimizer, [time] * 2)
        stored.add(optimizer, [time] * 2, epochs=31)  # another workload, which the suite leaves out
    stored.add("adam", [2.0] * 2, dataset="digits")
    pair = stored.compare(on=Selections(suite=suite))
    assert (len(pair.workloads), pair.family) == (1, 3)
    assert "3 comparisons, one for each workload, 2 of them without runs of both" in " ".join(str(pair).split())
    assert {(one.optimizer, one.label.partition(":")[0]) for one in pair.missing} == {
        ("adam", "breast-cancer-linear"),
        ("sgd", "breast-cancer-linear"),
        ("sgd", "single-layer on standardized, digits"),
    }
    assert pair.completing == (
        f"optbench run -o adam -o sgd --suite {suite} -k breast-cancer-linear --seeds 0-1",
        f"optbench run -o sgd --suite {suite} -k digits-linear --seeds 0-1",
    )
    assert pair.continuing == (f"optbench run -o adam -o sgd --suite {suite} -k wine-linear --seeds 2-19",)
    with pytest.raises(UsageError, match="a suite fixes its workloads: leave out epochs"):
        stored.compare(on=Selections(suite=suite, epochs=30))


def test_an_installed_suite_is_found_by_its_workloads(stored: Stored, registry: Registry) -> None:
    suite = find_suite(registry, "quick")
    for one in suite.workload:
        for optimizer, time in (("adam", 2.0), ("sgd", 3.0)):
            (run,) = stored.add(
                optimizer, [time], dataset=one.dataset, dataset_digest=one.digest, epochs=one.epochs, batch_size=one.batch_size
            )
            architecture = one.architecture.replace("hidden=16", "hidden=16.0")
            labels = Labels(optimizer, architecture, one.embedder, one.dataset, one.loss, one.name)
            stored.runs[-1] = replace(run, labels=labels)
    # One label has a number that is written in another way than in the suite's file.
    assert {"teacher-ill", "spirals"} <= {one.name for one in suite.workload}
    assert stored.compare().continuing == ("optbench run -o adam -o sgd --suite quick --seeds 1-19",)
    stored.runs = stored.runs[:4]
    names = " or ".join(sorted(one.name for one in suite.workload[:2]))
    assert stored.compare().continuing == (f"optbench run -o adam -o sgd --suite quick -k '{names}' --seeds 1-19",)


# The whole way


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"))


def test_from_runs_to_a_comparison(bench: Bench) -> None:
    adam, where = "adam[lr=0.05]", ("-m", "single-layer", "-e", "letters", "-d", "tiny", "--epochs", "10")
    run = ("run", "-o", adam, "-o", "sgd", *where, "--no-report", "-q")
    assert bench.run(*run, "--seeds", "0-1").code == 0
    first = bench.run("compare", adam, "sgd")
    assert (first.code, first.err) == (0, "")
    command = next(line.strip() for line in first.out.splitlines() if line.startswith("  optbench run"))
    assert command == "optbench run -o 'adam[lr=0.05]' -o sgd -m single-layer -e letters -d tiny --epochs 10 --seeds 2-19"
    assert bench.run(*run, "--seeds", "2-3").code == 0
    ended = bench.run("compare", adam, "sgd", "--json", "-d", "tiny")
    assert ended.code == 0
    workload, overall = ended.rows
    assert (workload["planned_seeds"], workload["added_seeds"]) == ([0, 1], [2, 3])
    assert (workload["verdict"], workload["provisional"], overall["verdict"]) == ("undecided", True, None)
    for words, code in ((("sgd", "nadam"), 5), (("sgd", "nothing"), 2)):
        assert bench.run("compare", *words).code == code


def test_results_compare_and_show_a_table(stored: Stored, tmp_path: Path, registry: Registry) -> None:
    stored.add("<b>mine</b>", [2.0] * 3)
    stored.add("sgd", [3.0] * 3)
    pair = Results(stored.runs, tmp_path / "none.sqlite", registry).compare("<b>mine</b>", "sgd")
    html = pair._repr_html_()
    assert "&lt;b&gt;mine&lt;/b&gt;" in html
    assert "<b>" not in html
    assert "1.5 times sooner" in html
