from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from optbench.core.specs import RunResult, Status
from optbench.execution.local import LocalExecutor
from optbench.experiment import Experiment
from optbench.registry import Registry
from optbench.training.job import Job
from optbench.training.run_job import run_job
from optbench.verify import COMPARED, TOLERANCE, Verdict, compare, verifiable

ELSEWHERE = {"python": "2.7"}


@pytest.fixture
def result(plan: list[Job]) -> RunResult:
    return run_job(plan[0])


def changed(result: RunResult, metric: str, by: float, epoch: int = 2) -> RunResult:
    """The result with another digest and another value of one metric at one epoch."""
    values = result.curves[metric].copy()
    values[epoch] += by
    return replace(result, curves={**result.curves, metric: values}, digest="f" * 64)


def test_losses_and_qualities_are_compared() -> None:
    assert COMPARED == ("train_loss", "val_loss", "val_quality", "test_quality")


def test_equal_digests_are_equal_in_any_environment(result: RunResult) -> None:
    for fresh in (result, replace(result, fingerprint=ELSEWHERE)):
        assert compare(result, fresh).verdict == "equal"


def unit_of(result: RunResult, metric: str) -> float:
    """What a difference at epoch 2 is divided by."""
    values = np.abs(result.curves[metric])
    return float(max(values[2], values[0] if metric.endswith("loss") else 1.0))


@pytest.mark.parametrize("metric", COMPARED)
@pytest.mark.parametrize(
    ("by", "elsewhere", "verdict"),
    [
        (0.9 * TOLERANCE, True, "close"),
        (-0.9 * TOLERANCE, True, "close"),
        (1.1 * TOLERANCE, True, "differs"),
        (-1.1 * TOLERANCE, True, "differs"),
        (np.nan, True, "differs"),
        (np.inf, True, "differs"),
        (1e-9, False, "differs"),
    ],
)
def test_metrics_may_differ_by_the_tolerance_between_environments(
    result: RunResult, metric: str, by: float, elsewhere: bool, verdict: Verdict
) -> None:
    fresh = changed(result, metric, by * unit_of(result, metric))
    verified = compare(result, replace(fresh, fingerprint=ELSEWHERE) if elsewhere else fresh)
    assert verified.verdict == verdict
    assert ("in another environment" if elsewhere else "in the same environment") in verified.explanation
    assert f"{abs(by) if np.isfinite(by) else np.inf:.3g}" in verified.explanation
    assert verified.stored is result


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_losses_of_any_scale_are_compared_alike(result: RunResult, scale: float) -> None:
    def scaled(one: RunResult) -> RunResult:
        losses = {name: scale * values for name, values in one.curves.items() if name.endswith("loss")}
        return replace(one, curves={**one.curves, **losses})

    for by, verdict in ((0.9, "close"), (1.1, "differs")):
        fresh = changed(result, "val_loss", by * TOLERANCE * unit_of(result, "val_loss"))
        assert compare(scaled(result), replace(scaled(fresh), fingerprint=ELSEWHERE)).verdict == verdict


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_equally_not_finite_do_not_differ(result: RunResult, value: float) -> None:
    diverged = replace(changed(result, "train_loss", value), status="diverged")
    fresh = replace(changed(diverged, "val_loss", 0.01 * unit_of(result, "val_loss")), digest="e" * 64, fingerprint=ELSEWHERE)
    verified = compare(diverged, fresh)
    assert verified.verdict == "close"
    assert "0.01" in verified.explanation


def test_metrics_that_are_not_finite_throughout_can_be_compared(result: RunResult) -> None:
    curves = {name: np.full_like(values, np.nan) for name, values in result.curves.items()}
    diverged = replace(result, curves=curves, status="diverged")
    assert compare(diverged, replace(diverged, digest="f" * 64, fingerprint=ELSEWHERE)).verdict == "close"


def test_a_shorter_run_differs(result: RunResult) -> None:
    curves = {name: values[:-1] for name, values in result.curves.items()}
    fresh = replace(result, curves=curves, seconds=result.seconds[:-1], digest="f" * 64, fingerprint=ELSEWHERE)
    assert compare(result, fresh).verdict == "differs"


@pytest.mark.parametrize("status", ["diverged", "failed", "timeout", "crashed"])
def test_another_status_differs_and_is_explained(result: RunResult, status: Status) -> None:
    fresh = RunResult(result.spec, result.labels, status, reason="Traceback\nValueError: why", fingerprint=result.fingerprint)
    verified = compare(result, fresh)
    assert verified.verdict == "differs"
    assert verified.explanation == f"status ok then, {status} now: ValueError: why"


def test_final_runs_are_verifiable_and_a_sample_has_the_lowest_keys(result: RunResult, plan: list[Job]) -> None:
    results = [replace(result, spec=job.spec) for job in plan]
    failed = RunResult(replace(result.spec, seed=9), result.labels, "failed")
    assert verifiable([failed, *results]) == results
    keys = [found.spec.key for found in verifiable([failed, *results], sample=2)]
    assert keys == sorted(found.spec.key for found in results)[:2]


def test_only_runs_of_the_installed_source_are_repeated(registry: Registry, result: RunResult, tmp_path: Path) -> None:
    other = replace(result, spec=replace(result.spec, source="0" * 64), digest="0" * 64)
    missing = replace(result, spec=replace(result.spec, optimizer=replace(result.spec.optimizer, name="missing")))
    heard = []
    with Experiment(registry, tmp_path / "runs.sqlite", LocalExecutor(workers=1)) as experiment:
        verdicts = experiment.verify([result, other, missing], on_verdict=heard.append)
    assert not list(tmp_path.glob("runs*")), "nothing is stored"
    by_key = {verified.stored.spec.key: verified for verified in verdicts}
    assert by_key[result.spec.key].verdict == "equal"
    assert by_key[other.spec.key].verdict == "other source"
    assert "source 000000000000 computed it, and" in by_key[other.spec.key].explanation
    assert by_key[missing.spec.key].verdict == "not available"
    assert "no optimizer named 'missing'" in by_key[missing.spec.key].explanation
    assert [verified.stored.spec.key for verified in verdicts] == sorted(by_key)
    assert len(heard) == 3
