from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from optbench.analysis.benchmark import benchmark
from optbench.analysis.curves import DRAWN, curves
from optbench.analysis.frames import frame, row, table_frame
from optbench.analysis.grouping import by_workload, seed_ranges
from optbench.analysis.labels import variant_labels, workload_labels
from optbench.analysis.score_table import score_table
from optbench.analysis.scores import score, scores, spread
from optbench.analysis.sources import select_sources, source_marks
from optbench.analysis.tables import table, tables
from optbench.analysis.time_to_target import provisional_target, time_to_target
from optbench.core.metrics import RECORDED, SCORES
from optbench.core.specs import Choice, Labels, Measurements, RunResult, RunSpec, Status
from optbench.planning.selectors import parse_seeds


def result(
    variant: str,
    seed: int,
    losses: list[float] | None = None,
    status: Status = "ok",
    params: Mapping[str, Any] | None = None,
    label: str = "",
    **spec: Any,
) -> RunResult:
    """A run with equal training and validation losses, accuracies from 0.5 upwards and 10 gradients per epoch."""
    fields = {"dataset": "data", "dataset_digest": "0", "epochs": 3, "batch_size": 32, "dtype": "float32", "source": "source"}
    fields |= {"architecture": Choice("net"), "embedder": Choice("emb")}
    full = RunSpec(optimizer=Choice(variant, params or {}), seed=seed, **(fields | spec))
    labels = Labels(label or variant, full.architecture.name, "emb", "data")
    if status in ("failed", "timeout", "crashed"):
        return RunResult(full, labels, status, reason="why\nit\nwas")
    losses = [1.0, 0.5, 0.4, 0.3] if losses is None else losses
    n = len(losses)
    curve = {name: np.array(losses) for name in ("train_loss", "val_loss")}
    curve |= {name: np.array([0.5 + 0.1 * i for i in range(n)]) for name in ("val_quality", "test_quality")}
    curve |= {"evaluations": np.arange(n) * 10.0, "rows": np.arange(n) * 40.0, "passes": np.arange(n) * 2.0}
    return RunResult(full, labels, status, curves=curve, seconds=tuple(0.5 * i for i in range(n)), digest="d")


RESULTS = [
    result("good", 0, [1.0, 0.5, 0.4, 0.45]),
    result("good", 1, [1.0, 0.7, 0.42, 0.41]),
    result("good", 2, [1.0, 0.9, 0.8, 0.43]),
    result("bad", 0, [1.0, 0.99, 0.98, 0.97]),
    result("bad", 1, [1.0, 3.0], status="diverged"),
    result("bad", 2, status="crashed"),
]


def labels_of(results: list[RunResult]) -> list[str]:
    return [row.label for row in table(results)]


# Scores


def test_every_declared_score_is_computed() -> None:
    assert scores(RESULTS[0], 0.45).keys() == SCORES.keys()


def test_accuracy_is_read_at_the_epoch_of_the_lowest_validation_loss() -> None:
    assert score("test_quality", RESULTS[0], 0.45) == pytest.approx(0.7)
    assert score("last_test_quality", RESULTS[0], 0.45) == pytest.approx(0.8)
    assert score("best_val_loss", RESULTS[0], 0.45) == 0.4
    assert score("last_train_loss", RESULTS[0], 0.45) == 0.45


@pytest.mark.parametrize("name", SCORES)
def test_a_diverged_run_counts_with_what_the_metric_declares(name: str) -> None:
    diverged = replace(RESULTS[4], worst=0.6)
    expected = {"worst": 0.6, "first": 1.0, "infinite": math.inf}.get(SCORES[name].after_divergence)
    assert expected is None or score(name, diverged, 100.0) == expected


def test_time_to_target_is_interpolated_between_the_evaluations_around_it() -> None:
    reached = time_to_target(RESULTS[0], 0.45)
    share = math.log(0.5 / 0.45) / math.log(0.5 / 0.4)  # linear in work, logarithmic in loss
    expected = [1 + share, 2 + 2 * share, 10 + 10 * share, 0.5 + 0.5 * share]
    assert [reached.epochs, reached.passes, reached.evaluations, reached.seconds] == pytest.approx(expected)
    assert time_to_target(RESULTS[0], 1.0).passes == 0
    assert math.isinf(time_to_target(RESULTS[3], 0.45).epochs)
    assert math.isinf(time_to_target(RESULTS[4], 100.0).epochs)


@pytest.mark.parametrize("losses", [[1.0, 0.1], [1.0, 0.9]])
def test_passes_of_runs_that_did_not_record_them_are_unknown(losses: list[float]) -> None:
    older = result("x", 0, losses)
    older = replace(older, curves={name: values for name, values in older.curves.items() if name != "passes"})
    assert math.isnan(score("passes_to_target", older, 0.5))
    assert math.isnan(score("passes_to_target", replace(older, status="diverged"), 0.5))


def test_a_provisional_target_is_that_of_the_best_median() -> None:
    assert provisional_target([[0.4, 0.41, 0.43], [0.97, 1.0]]) == pytest.approx(1.05 * 0.41)
    assert math.isnan(provisional_target([[]]))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0], (1, 1, 1)),
        ([5.0, 4.0, 3.0, 2.0, 1.0], (3, 2, 4)),
        ([1.0, 2.0, 3.0, 4.0], (2.5, 1, 4)),
        ([1.0, math.inf, math.inf], (math.inf, 1, math.inf)),
        ([math.inf] * 4, (math.inf, math.inf, math.inf)),
        ([math.nan, 1.0], (1, 1, 1)),
    ],
)
def test_spreads_take_infinity(values: list[float], expected: tuple[float, float, float]) -> None:
    found = spread(values)
    assert (found.median, found.low, found.high) == expected


def test_quartiles_are_those_of_numpy() -> None:
    for n in range(1, 30):
        values = np.random.default_rng(n).normal(size=n)
        expected = (np.quantile(values, 0.25, method="lower"), np.quantile(values, 0.75, method="higher"))
        found = spread(values.tolist())
        assert (found.low, found.high) == expected
        assert found.median == pytest.approx(np.median(values), rel=1e-15)


# Grouping by specification


def test_variants_with_equal_labels_are_shown_as_two() -> None:
    default_changed = [result("adam", seed, params={"lr": lr, "eps": 1}) for lr in (0.001, 0.002) for seed in (0, 1)]
    assert labels_of(default_changed) == ["adam[lr=0.001]", "adam[lr=0.002]"]
    assert [len(row.runs) for row in table(default_changed)] == [2, 2]


def test_a_variant_with_two_labels_is_one() -> None:
    """It was stored when its rate was the default, and again after the default had changed."""
    one = [result("adam", 0, params={"lr": 0.001}), result("adam", 1, params={"lr": 0.001}, label="adam[lr=0.001]")]
    assert labels_of(one) == ["adam"]


def test_wrappers_tell_variants_apart() -> None:
    def wrapped(norm: float) -> RunResult:
        plain = result("adam", 0, label="adam|clip")
        choice = Choice("adam", {}, (Choice("clip", {"norm": norm}),))
        return replace(plain, spec=replace(plain.spec, optimizer=choice))

    assert labels_of([wrapped(1.0), wrapped(2.0)]) == ["adam|clip (clip.norm=1.0)", "adam|clip (clip.norm=2.0)"]


def test_specs_that_no_hyper_parameter_tells_apart_have_different_labels() -> None:
    assert len(set(labels_of([result("x", 0, label="same"), result("y", 0, label="same")]))) == 2


def test_sources_are_never_mixed() -> None:
    runs = [result("adam", seed, source=source * 32) for source in ("1a2b", "3c4d") for seed in (0, 1)]
    assert labels_of([*runs, result("sgd", 0)]) == ["adam (source 1a2b1a2b)", "adam (source 3c4d3c4d)", "sgd"]


def test_an_optimizer_keeps_its_label_where_its_source_differs_between_workloads_alone() -> None:
    runs = [result("adam", 0, architecture=Choice(name), source=name) for name in ("one", "two")]
    assert labels_of(runs) == ["adam", "adam"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"protocol": 1}, ("protocol 1", "protocol 2")),
        ({"epochs": 7}, ("3 epochs", "7 epochs")),
        ({"batch_size": 8}, ("batch size 32", "batch size 8")),
        ({"dtype": "float64"}, ("float32", "float64")),
        ({"dataset_digest": "ffff"}, ("dataset 0", "dataset ffff")),
        ({"architecture": Choice("net", {"hidden": 4})}, ("net on emb", "net[hidden=4] on emb")),
    ],
)
def test_workloads_with_equal_labels_are_told_apart(change: dict[str, Any], words: tuple[str, str]) -> None:
    grouped = by_workload([result("adam", 0), result("adam", 0, **change)])
    labels = list(workload_labels(grouped).values())
    assert len(grouped) == 2
    assert sorted(labels) == sorted(label for label in labels if any(word in label for word in words))
    assert len(set(labels)) == 2


def test_labels_say_no_more_than_is_needed() -> None:
    grouped = by_workload(RESULTS)
    assert list(workload_labels(grouped).values()) == ["net on emb, data"]
    assert sorted(variant_labels(grouped).values()) == ["bad", "good"]


# Sources


def test_the_installed_source_is_selected_and_else_the_latest() -> None:
    old, new = ([result(name, 0, source=source) for name in ("edited", "gone")] for source in ("old", "new"))
    installed = {"edited": "old", "gone": None}
    stored = [*old, *new]
    shown, others = select_sources(stored, lambda spec: installed[spec.optimizer.name])
    assert [(run.spec.optimizer.name, run.spec.source) for run in shown] == [("edited", "old"), ("gone", "new")]
    assert [(run.spec.optimizer.name, run.spec.source) for run in others] == [("gone", "old"), ("edited", "new")]
    assert source_marks(shown, lambda spec: installed[spec.optimizer.name]) == {new[1].spec.key: "not installed"}
    assert source_marks(shown, lambda _: "third") == dict.fromkeys((run.spec.key for run in shown), "other source")


def test_sources_are_selected_for_each_workload() -> None:
    runs = [result("x", 0, source="old"), result("x", 0, source="new", epochs=5), result("x", 1, source="new")]
    shown, others = select_sources(runs, lambda _: "new")
    assert (shown, others) == (runs[1:], runs[:1])


# Tables


def test_the_table_shows_every_status() -> None:
    good, bad = table(RESULTS)
    assert (good.label, bad.label) == ("good", "bad")
    assert good.statuses == {"ok": 3}
    assert bad.statuses == {"crashed": 1, "diverged": 1, "ok": 1}
    assert good.reached == 3
    assert (bad.reached, bad.scores["epochs_to_target"].median) == (0, math.inf)
    assert good.scores["best_val_loss"].median == 0.41


def test_a_variant_without_a_final_status_comes_last_and_has_no_scores() -> None:
    rows = table([*RESULTS, result("none", 0, status="failed")])
    assert [found.label for found in rows] == ["good", "bad", "none"]
    assert all(math.isnan(spread.median) for spread in rows[-1].scores.values())


def test_workloads_are_never_mixed() -> None:
    found = tables([*RESULTS, result("good", 0, [1.0, 0.1, 0.1, 0.1], architecture=Choice("other"))])
    assert [(t.architecture, row.label) for t in found for row in t.rows] == [
        ("net", "good"),
        ("net", "bad"),
        ("other", "good"),
    ]
    assert found[0].target == pytest.approx(1.05 * 0.41)


def with_seeds(variant: str, seeds: range, best: float) -> list[RunResult]:
    return [result(variant, seed, [1.0, best + seed / 1000]) for seed in seeds]


def test_scores_are_computed_on_common_seeds() -> None:
    (found,) = tables([*with_seeds("a", range(5), 0.3), *with_seeds("b", range(2, 20), 0.2)])
    rows = {row.label: row for row in found.rows}
    assert found.common == (2, 3, 4)
    assert [seed_ranges(rows[name].seeds) for name in "ab"] == ["0-4", "2-19"]
    assert rows["a"].scores["best_val_loss"].median == pytest.approx(0.303)
    assert rows["b"].scores["best_val_loss"].median == pytest.approx(0.203)
    assert found.target == pytest.approx(1.05 * 0.203)
    assert found.seed_notes() == ["Scores are computed on seeds 2-4, which all optimizers have in common."]


def test_without_a_common_seed_each_is_scored_on_its_own() -> None:
    (found,) = tables([*with_seeds("a", range(2), 0.3), *with_seeds("b", range(5, 8), 0.2)])
    assert found.common == ()
    assert {row.label: row.scored for row in found.rows} == {"a": (0, 1), "b": (5, 6, 7)}
    assert "no seed in common" in found.seed_notes()[0]


def test_equal_seeds_need_no_note_but_a_failed_run_does() -> None:
    (found,) = tables([*with_seeds("a", range(3), 0.3), *with_seeds("b", range(3), 0.2)])
    assert found.seed_notes() == []
    (found,) = tables(RESULTS)
    assert found.seed_notes() == ["The scores of bad leave out seeds 2, which have no result."]


def test_a_score_table_is_indexed_by_workload_variant_and_seed() -> None:
    scored = score_table(RESULTS)
    for workload, variants in by_workload(RESULTS).items():
        for variant, runs in variants.items():
            for run in runs:
                if run.status != "crashed":
                    goal = scored.workloads[workload].target
                    assert scored[workload, variant, run.spec.seed] == pytest.approx(scores(run, goal), nan_ok=True)


@pytest.mark.parametrize(
    ("seeds", "text"), [((), ""), ((3,), "3"), ((0, 1), "0-1"), ((0, 1, 2, 3, 4, 7, 10, 11), "0-4, 7, 10-11")]
)
def test_seeds_are_written_as_ranges(seeds: tuple[int, ...], text: str) -> None:
    assert seed_ranges(seeds) == text
    assert not seeds or tuple(parse_seeds(text.replace(" ", ""))) == seeds


def test_the_table_has_cost_and_state_where_they_were_measured() -> None:
    measured = [
        Measurements(state_bytes=80, scratch_bytes=8, update=6.0, update_90=9.0, sgd=3.0),
        Measurements(state_bytes=80),
        Measurements(),
    ]
    (row,) = table([replace(result("x", i), measured=m) for i, m in enumerate(measured)])
    names = ("update_cost", "update_cost_90", "state_bytes", "scratch_bytes")
    assert [row.scores[name].median for name in names] == [2.0, 3.0, 80, 8]
    (none,) = table([result("x", 0)])
    assert all(math.isnan(none.scores[name].median) for name in names)


# Curves and frames


def test_curves_count_diverged_runs() -> None:
    found = curves(
        [
            result("x", 0),
            result("x", 1, [1.0, 2.0], status="diverged"),
            result("x", 2, [1.0], status="diverged"),
        ]
    )
    assert found is not None
    assert found.bands["val_loss"].median.tolist() == [1.0, 2.0, math.inf, math.inf]
    assert found.bands["val_quality"].median.tolist() == [0.5, 0.6, 0.5, 0.5]
    assert curves([RESULTS[5]]) is None


def test_diagnostics_that_older_runs_lack_are_a_gap() -> None:
    new = result("x", 0)
    new = replace(new, curves={**new.curves, "distance": np.array([0.0, 1.0, 2.0, 3.0])})
    found = curves([new])
    assert found is not None
    assert found.bands.keys() == set(DRAWN)
    assert found.bands["distance"].median.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert np.isinf(found.bands["gradient_norm"].median).all()


def test_axes_are_those_that_were_recorded() -> None:
    new = result("x", 0)
    old = replace(new, curves={name: values for name, values in new.curves.items() if name != "passes"})
    (with_passes, without) = (curves([run]) for run in (new, old))
    assert with_passes is not None
    assert without is not None
    assert with_passes.axes.keys() - without.axes.keys() == {"passes"}
    assert with_passes.axes["passes"].tolist() == [0, 2, 4, 6]


def test_frames_have_a_row_per_run() -> None:
    found = frame(RESULTS)
    assert len(found) == 6
    known = {
        "key",
        "optimizer",
        "optimizer_params",
        "architecture",
        "embedder",
        "dataset",
        "seed",
        "status",
        "epochs",
        "digest",
    }
    assert known <= set(found)
    assert {name for name in SCORES if not name.endswith("_to_target")} <= set(found)
    assert {name if name in ("evaluations", "rows", "passes") else f"last_{name}" for name in RECORDED} <= set(found)
    crashed, ok = row(RESULTS[5]), row(RESULTS[0])
    assert crashed["last_train_loss"] is None
    assert crashed["reason"] == "was"
    assert (ok["last_val_loss"], ok["best_val_loss"], ok["evaluations"]) == (0.45, 0.4, 30)


def test_a_table_frame_has_a_row_per_workload_and_variant() -> None:
    found = table_frame(benchmark(RESULTS))
    assert list(found["optimizer"]) == ["good", "bad"]
    assert set(SCORES) <= set(found)
    assert list(found["seeds"]) == [3, 2]
