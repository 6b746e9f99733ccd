from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from optbench.analysis.curves import curves
from optbench.analysis.frames import frame, row
from optbench.analysis.grouping import by_workload
from optbench.analysis.scores import best_loss, final_accuracy, spread, target, time_to_target
from optbench.analysis.tables import table
from optbench.core.specs import Choice, Labels, Measurements, RunResult, RunSpec, Status


def made(
    variant: str,
    seed: int,
    losses: list[float],
    status: Status = "ok",
    accuracies: list[float] | None = None,
    architecture: str = "net",
) -> RunResult:
    spec = RunSpec(Choice(variant), Choice(architecture), Choice("emb"), "data", "0", seed, 3, 32, "float32", "source")
    labels = Labels(variant, architecture, "emb", "data")
    if status in ("failed", "timeout", "crashed"):
        return RunResult(spec, labels, status, reason="why\nit\nwas")
    n = len(losses)
    curve = {name: np.array(losses) for name in ("train_loss", "val_loss")}
    accuracy = np.array(accuracies or [0.5 + 0.1 * i for i in range(n)])
    counts = {name: np.arange(n) * 10.0 for name in ("evaluations", "rows")}
    return RunResult(
        spec,
        labels,
        status,
        curves={**curve, "val_accuracy": accuracy, "test_accuracy": accuracy, **counts},
        seconds=tuple(0.5 * i for i in range(n)),
        digest="d",
    )


RESULTS = [
    made("good", 0, [1.0, 0.5, 0.4, 0.45]),
    made("good", 1, [1.0, 0.7, 0.42, 0.41]),
    made("good", 2, [1.0, 0.9, 0.8, 0.43]),
    made("bad", 0, [1.0, 0.99, 0.98, 0.97]),
    made("bad", 1, [1.0, 3.0], status="diverged"),
    made("bad", 2, [], status="crashed"),
]


def test_divergence_counts_and_is_not_dropped() -> None:
    diverged = RESULTS[4]
    assert best_loss(diverged) == 1.0
    assert final_accuracy(diverged) == 0.5
    assert math.isinf(time_to_target(diverged, 100.0).epochs)


def test_time_to_target_is_the_first_arrival() -> None:
    assert time_to_target(RESULTS[0], 0.45).epochs == 2
    assert time_to_target(RESULTS[0], 0.45).seconds == 1.0
    assert time_to_target(RESULTS[0], 0.45).evaluations == 20
    assert math.isinf(time_to_target(RESULTS[3], 0.45).epochs)


def test_the_target_is_that_of_the_best_median() -> None:
    (variants,) = by_workload(RESULTS).values()
    assert target(variants) == pytest.approx(1.05 * 0.41)
    assert math.isnan(target({"x": [RESULTS[5]]}))


def test_the_table_shows_every_ending() -> None:
    good, bad = table(RESULTS)
    assert (good.variant, bad.variant) == ("good", "bad")
    assert good.statuses == {"ok": 3}
    assert bad.statuses == {"crashed": 1, "diverged": 1, "ok": 1}
    assert (good.runs, bad.runs) == (3, 3)
    assert good.reached == 3
    assert (bad.reached, bad.epochs_to_target.median) == (0, math.inf)
    assert good.best_val_loss.median == 0.41


def test_a_variant_of_which_no_run_ended_stands_last_with_no_numbers() -> None:
    rows = table([*RESULTS, made("none", 0, [], status="failed")])
    assert [found.variant for found in rows] == ["good", "bad", "none"]
    assert math.isnan(rows[-1].test_accuracy.median)


def test_tasks_are_never_mixed() -> None:
    rows = table([*RESULTS, made("good", 0, [1.0, 0.1, 0.1, 0.1], architecture="other")])
    assert [(found.task.architecture, found.variant) for found in rows] == [("net", "good"), ("net", "bad"), ("other", "good")]
    assert rows[0].target == pytest.approx(1.05 * 0.41)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0], (1, 1, 1)),
        ([1.0, 2.0, 3.0, 4.0, 5.0], (3, 2, 4)),
        ([1.0, math.inf, math.inf], (math.inf, 1, math.inf)),
        ([math.inf] * 4, (math.inf, math.inf, math.inf)),
    ],
)
def test_spreads_take_infinity(values: list[float], expected: tuple[float, float, float]) -> None:
    found = spread(values)
    assert (found.median, found.low, found.high) == expected


def test_curves_show_divergence_as_a_gap_and_not_the_survivors() -> None:
    found = curves(
        [
            made("x", 0, [1.0, 0.5, 0.4, 0.3]),
            made("x", 1, [1.0, 2.0], status="diverged"),
            made("x", 2, [1.0], status="diverged"),
        ]
    )
    assert found is not None
    assert found.bands["val_loss"].median.tolist() == [1.0, 2.0, math.inf, math.inf]
    assert found.bands["val_accuracy"].median.tolist() == [0.5, 0.6, 0.5, 0.5]
    assert curves([RESULTS[5]]) is None


def test_diagnostics_that_older_runs_lack_are_a_gap() -> None:
    new = made("x", 0, [1.0, 0.5, 0.4, 0.3])
    new = replace(new, curves={**new.curves, "distance": np.array([0.0, 1.0, 2.0, 3.0])})
    found = curves([new])
    assert found is not None
    assert found.bands["distance"].median.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert np.isinf(found.bands["gradient_norm"].median).all()


def test_the_table_has_cost_and_state_where_they_were_measured() -> None:
    measured = [Measurements(state_bytes=80, update=6.0, update_90=9.0, sgd=3.0), Measurements(state_bytes=80), Measurements()]
    (row,) = table([replace(made("x", i, [1.0, 0.5, 0.4, 0.3]), measured=m) for i, m in enumerate(measured)])
    assert (row.cost.median, row.cost_90.median, row.state_bytes) == (2.0, 3.0, 80)
    (none,) = table([made("x", 0, [1.0, 0.5])])
    assert math.isnan(none.cost.median)
    assert none.state_bytes is None


def test_frames_have_a_row_a_run() -> None:
    found = frame(RESULTS)
    assert len(found) == 6
    assert {"key", "optimizer", "optimizer_params", "architecture", "embedder", "dataset", "seed", "status", "epochs"} <= set(
        found
    )
    assert {"train_loss", "val_loss", "val_accuracy", "test_accuracy", "seconds", "digest"} <= set(found)
    crashed = row(RESULTS[5])
    assert crashed["train_loss"] is None
    assert crashed["reason"] == "was"
