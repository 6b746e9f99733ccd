"""What verification says of two results that are not the same: the first epoch, the environments, the twin, the other store."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from optbench import Optimizer
from optbench.core.metrics import DIGESTED
from optbench.core.specs import RunResult
from optbench.registry import Registry
from optbench.training.job import Job
from optbench.training.run_job import run_job
from optbench.training.twin import BESIDE, beside
from optbench.verify import TOLERANCE, compare
from optbench.verify.differences import first_difference
from optbench.verify.environments import changes
from optbench.verify.repeating import Repetition, repeat
from optbench.verify.stores import compare_stores
from optbench.verify.twins import judge

OTHER = "f" * 64
ELSEWHERE = {"python": "2.7"}


class Here:
    """An executor that runs jobs in this process."""

    workers = 1

    def __init__(self) -> None:
        self.executed: list[Job] = []

    def run(self, jobs: Sequence[Job]) -> Generator[RunResult]:
        self.executed += jobs
        yield from map(run_job, jobs)


@pytest.fixture
def result(plan: list[Job]) -> RunResult:
    return run_job(plan[0])


def changed(result: RunResult, *changes: tuple[str, int, float], digest: str = OTHER) -> RunResult:
    """The result with other values of some metrics at some epochs."""
    curves = {name: values.copy() for name, values in result.curves.items()}
    for metric, epoch, value in changes:
        curves[metric][epoch] = value
    return replace(result, curves=curves, digest=digest)


# The first epoch


@pytest.mark.parametrize("metric", DIGESTED)
@pytest.mark.parametrize("epoch", [0, 1, 3])
def test_one_bit_is_the_first_difference(result: RunResult, metric: str, epoch: int) -> None:
    before = float(result.curves[metric][epoch])
    after = float(np.nextafter(before, np.inf))
    fresh = changed(result, (metric, epoch, after), ("val_loss", 3, 0.0))
    found = first_difference(result, fresh)
    assert found is not None
    if epoch < 3:
        assert (found.metric, found.epoch, found.then, found.now) == (metric, epoch, before, after)
    said = re.search(rf"first at epoch {epoch}: \w+ (\S+) then, (\S+) now", compare(result, fresh).explanation)
    assert said is not None
    assert said[1] != said[2]


def test_of_several_metrics_the_one_that_differs_most_is_named(result: RunResult) -> None:
    fresh = changed(result, ("train_loss", 2, result.curves["train_loss"][2] + 1e-3), ("test_quality", 2, -1.0))
    found = first_difference(result, fresh)
    assert found is not None
    assert (found.metric, found.epoch, found.now) == ("test_quality", 2, -1.0)


def test_nan_and_infinity_are_values(result: RunResult) -> None:
    one = changed(result, ("val_loss", 1, np.nan), ("val_loss", 2, np.inf))
    two = changed(one, ("val_loss", 3, 9.0))
    found = first_difference(one, two)
    assert found is not None
    assert found.epoch == 3
    verified = compare(result, replace(one, digest=OTHER))
    assert "first at epoch 1: val_loss" in verified.explanation
    assert json.loads(json.dumps(verified.as_json(), allow_nan=False))["first"]["now"] is None


def test_equal_curves_leave_the_weights(result: RunResult) -> None:
    said = compare(result, replace(result, digest=OTHER)).explanation
    assert "equal at every epoch: the final weights differ, or the digest was changed" in said


def test_a_longer_run_is_said_to_be_longer(result: RunResult) -> None:
    shorter = {name: values[:-1] for name, values in result.curves.items()}
    verified = compare(result, replace(result, curves=shorter, digest=OTHER, fingerprint=ELSEWHERE))
    assert verified.verdict == "differs"
    assert "equal up to the last epoch of the shorter: 3 epochs then, 2 now" in verified.explanation


# The environments


def test_each_key_of_the_fingerprint_is_named_then_and_now() -> None:
    blas = {"prefix": "libscipy_openblas", "version": "0.3.27", "architecture": "SkylakeX"}
    then = {"python": "3.11.4", "numpy": "2.1.0", "blas": [blas, blas], "simd": ["AVX2", "AVX512F"], "old": 1, "same": [1]}
    now = {
        "python": "3.11.4",
        "numpy": "2.2.0",
        "blas": [blas, blas | {"architecture": "Haswell"}],
        "simd": ["AVX2", "AVX3"],
        "new": {"a": "b"},
        "same": [1],
    }
    assert [change.words(("then", "now")) for change in changes(then, now)] == [
        "numpy: 2.1.0 then, 2.2.0 now",
        "blas 2 architecture: SkylakeX then, Haswell now",
        "simd: AVX512F then, AVX3 now",
        "old: 1 then, none now",
        'new: none then, {"a":"b"} now',
    ]
    assert changes(then, then) == ()


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        ({}, {"python": "3"}, ["environment: not recorded then, recorded now"]),
        ({"simd": ["a", "b"]}, {"simd": ["b", "a"]}, ["simd: a, b then, b, a now"]),
        ({"simd": ["a"]}, {"simd": []}, ["simd: a then, none now"]),
        ({"blas": [{"x": "1"}]}, {"blas": [{"x": "1"}, {"x": "2"}]}, ['blas 2: none then, {"x":"2"} now']),
        (
            {"a": {"b": {"c": {"d": {"e": 1}}}}},
            {"a": {"b": {"c": {"d": {"e": 2}}}}},
            ['a b c: {"d":{"e":1}} then, {"d":{"e":2}} now'],
        ),
    ],
)
def test_fingerprints_of_any_form_are_compared(then: dict[str, Any], now: dict[str, Any], said: list[str]) -> None:
    assert [change.words(("then", "now")) for change in changes(then, now)] == said


def test_a_long_value_is_shortened_in_words_only() -> None:
    (change,) = changes({"x": "a" * 500}, {"x": "b"})
    assert len(change.words(("then", "now"))) < 100
    assert change.then == "a" * 500


def test_an_equal_run_of_another_environment_says_what_differs(result: RunResult) -> None:
    verified = compare(result, replace(result, fingerprint={**result.fingerprint, "numpy": "9"}))
    assert (verified.verdict, verified.explanation) == ("equal", "bit for bit, in another environment")
    assert [(change.name, change.now) for change in verified.environment] == [("numpy", "9")]


def test_another_source_is_named_and_may_be_close(result: RunResult) -> None:
    other = replace(result, spec=replace(result.spec, source="0" * 64))
    assert compare(result, other).explanation.startswith("bit for bit, source ")
    for by, verdict in ((1e-4, "close"), (2 * TOLERANCE, "differs")):
        verified = compare(result, changed(other, ("val_quality", 2, result.curves["val_quality"][2] + by)))
        assert verified.verdict == verdict
        assert f"source {result.spec.source[:12]} then, 000000000000 now, in the same environment" in verified.explanation


# Twins


@dataclass(frozen=True, kw_only=True)
class Logistic(Optimizer):
    """Iterates a chaotic map of the weights: a distance of 1e-7 becomes one of 1 in some 25 steps."""

    name: ClassVar[str] = "logistic"
    rates: ClassVar[tuple[str, ...]] = ()

    def update(self, w: Any, g: Any, s: Any, t: int) -> None:
        w[:] = 1.0 - 1.99 * np.clip(w, -1.0, 1.0) ** 2


def longer(job: Job, **changes: Any) -> Job:
    return replace(job, spec=replace(job.spec, epochs=40), **changes)


def test_a_twin_starts_beside_its_run_and_changes_nothing_of_it(plan: list[Job]) -> None:
    for dtype in (np.float32, np.float64):
        weights = np.linspace(-3.0, 3.0, 1001).astype(dtype)
        moved = beside(weights, 7).astype(dtype)
        relative = np.abs(moved - weights)[weights != 0] / np.abs(weights[weights != 0])
        assert np.all(relative > 0.3 * BESIDE)
        assert np.all(relative < 2.5 * BESIDE)
        assert np.array_equal(moved == weights, weights == 0)
        assert np.any(moved > weights)
        assert np.any(moved < weights)
    run, twin = run_job(plan[0]), run_job(replace(plan[0], twin=True))
    assert twin.digest != run.digest
    assert twin.spec == run.spec
    assert run_job(plan[0]).digest == run.digest
    assert run_job(replace(plan[0], twin=True)).digest == twin.digest


def test_a_chaotic_run_is_told_from_a_calm_one(plan: list[Job]) -> None:
    for job, chaotic, said in (
        (longer(plan[0]), False, "not chaotic: a twin started 1e-7 beside it stays beside it (metrics differ by up to "),
        (longer(plan[0], optimizer=Logistic()), True, "chaotic: a twin started 1e-7 beside it ends elsewhere ("),
    ):
        found = judge(run_job(job), run_job(replace(job, twin=True)))
        assert found.chaotic is chaotic
        assert found.explanation.startswith(said)


def test_what_a_twin_does_is_said(result: RunResult) -> None:
    unit = max(result.curves["val_loss"][0], result.curves["val_loss"][-1])
    end = changed(result, ("val_loss", 3, result.curves["val_loss"][3] + 2 * TOLERANCE * unit))
    assert judge(result, end).explanation == "chaotic: a twin started 1e-7 beside it ends elsewhere (val_loss differs by 0.1)"
    between = changed(result, ("val_quality", 1, result.curves["val_quality"][1] + 0.5))
    assert judge(result, between).chaotic is False
    assert (
        "leaves the tolerance (val_quality differs by 0.5 at epoch 1) but ends beside it" in judge(result, between).explanation
    )
    assert judge(result, replace(result, status="diverged")).explanation.endswith("ends elsewhere (its status is diverged)")
    earlier = replace(result, curves={name: values[:2] for name, values in result.curves.items()})
    assert "diverges at epoch 1, not 3" in judge(result, earlier).explanation
    failed = judge(result, RunResult(result.spec, result.labels, "failed", reason="Traceback\nValueError: why"))
    assert (failed.chaotic, failed.explanation) == (None, "its twin failed: ValueError: why")


@pytest.mark.parametrize(
    ("change", "how", "twins"),
    [
        ({}, Repetition(), False),
        ({}, Repetition(twins=True), True),
        ({"digest": OTHER}, Repetition(), True),
        ({"digest": OTHER, "fingerprint": ELSEWHERE}, Repetition(), True),
        ({"status": "diverged", "digest": OTHER}, Repetition(), True),
    ],
)
def test_runs_that_are_not_equal_have_a_twin(
    registry: Registry, result: RunResult, change: dict[str, Any], how: Repetition, twins: bool
) -> None:
    executor = Here()
    (verified,) = repeat([replace(result, **change)], registry, executor, how)
    assert [job.twin for job in executor.executed] == [False, *[True] * twins]
    assert (verified.twin is not None) == twins
    assert verified.as_json()["chaotic"] is (False if twins else None)


def test_a_run_of_another_source_is_repeated_on_request(registry: Registry, result: RunResult) -> None:
    other = replace(result, spec=replace(result.spec, source="0" * 64))
    (verified,) = repeat([other], registry, Here(), Repetition())
    assert verified.verdict == "other source"
    (verified,) = repeat([other], registry, Here(), Repetition(any_source=True))
    assert (verified.verdict, verified.stored) == ("equal", other)
    assert verified.explanation.startswith("bit for bit, source 000000000000 then, ")


# Two stores


def test_runs_of_two_stores_are_paired_by_what_they_are(plan: list[Job], result: RunResult) -> None:
    def run(place: int, source: str = "", **changes: Any) -> RunResult:
        spec = plan[place].spec
        return replace(result, spec=replace(spec, source=source or spec.source), **changes)

    ours = [run(0), run(1, digest=OTHER), run(2, "a" * 64), run(2, "b" * 64), run(3), run(4, "d" * 64)]
    theirs = [run(5), run(0), run(1), run(2, "a" * 64), run(4, "c" * 64), run(4, "e" * 64)]
    found = compare_stores(ours, theirs)
    verdicts = sorted((one.stored.spec.identity, one.verdict) for one in found)
    places = ((0, "equal"), (1, "differs"), (2, "equal"), (3, "only here"), (4, "equal"), (5, "only there"))
    assert verdicts == sorted((plan[place].spec.identity, verdict) for place, verdict in places)
    (paired,) = [one for one in found if one.stored.spec.source == "d" * 64]
    assert paired.explanation == "bit for bit, source dddddddddddd here, eeeeeeeeeeee there, in the same environment"


def test_two_stores_are_here_and_there(result: RunResult) -> None:
    theirs = replace(changed(result, ("val_loss", 2, 0.0)), fingerprint={**result.fingerprint, "numpy": "9"})
    (one,) = compare_stores([result], [theirs])
    assert "first at epoch 2: val_loss" in one.explanation
    assert " here, 0 there" in one.explanation
    assert [change.words(one.sides) for change in one.environment] == [f"numpy: {np.__version__} here, 9 there"]
