"""Running stored runs again: is the result the same, bit for bit?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from optbench.core.errors import OptbenchError
from optbench.core.specs import FINAL, RunResult
from optbench.execution.local import LocalExecutor
from optbench.planning.plan import rebuild
from optbench.registry import Registry
from optbench.training.job import Job

Verdict = Literal["equal", "close", "differs", "gone"]
TOLERANCE = 0.05
"""The most that a loss or an accuracy may differ, at any epoch, between two environments for the runs to count as close."""
_COMPARED = ("train_loss", "val_loss", "val_accuracy", "test_accuracy")


@dataclass(frozen=True)
class Verified:
    """What became of one stored run when it was run again."""

    stored: RunResult
    verdict: Verdict
    explanation: str


def verifiable(results: Sequence[RunResult], sample: int | None = None) -> list[RunResult]:
    """Return the runs that have a digest; as a sample, those with the lowest keys: these are hashes and so favour none."""
    final = [result for result in results if result.status in FINAL]
    return final if sample is None else sorted(final, key=lambda r: r.spec.key)[:sample]


def verify(
    registry: Registry,
    results: Sequence[RunResult],
    *,
    workers: int,
    on_verdict: Callable[[Verified], None] = lambda _: None,
) -> list[Verified]:
    """Run `results` again and say of each whether it came out the same."""
    tasks: list[Job] = []
    stored = {result.spec.key: result for result in results}
    found: list[Verified] = []

    def note(verified: Verified) -> None:
        found.append(verified)
        on_verdict(verified)

    for result in results:
        try:
            tasks.append(rebuild(registry, result.spec, result.labels))
        except OptbenchError as error:
            note(Verified(result, "gone", f"cannot be run here any more: {error}"))
    for fresh in LocalExecutor(workers).run(tasks):
        note(_compare(stored[fresh.spec.key], fresh))
    return sorted(found, key=lambda verified: verified.stored.spec.key)


def _compare(stored: RunResult, fresh: RunResult) -> Verified:
    if stored.digest == fresh.digest:
        return Verified(stored, "equal", "bit for bit")
    if fresh.status != stored.status:
        return Verified(stored, "differs", f"it ended {stored.status} then and {fresh.status} now")
    gap = _gap(stored, fresh)
    if stored.fingerprint == fresh.fingerprint:
        return Verified(stored, "differs", f"in the same environment; curves are apart by up to {gap:.3g}")
    verdict: Verdict = "close" if gap <= TOLERANCE else "differs"
    return Verified(stored, verdict, f"in another environment; curves are apart by up to {gap:.3g}, tolerance {TOLERANCE}")


def _gap(one: RunResult, two: RunResult) -> float:
    """The greatest difference of any loss or accuracy at any epoch; infinite where the runs have not the same length."""
    if one.epochs != two.epochs:
        return np.inf
    return max(float(np.nanmax(np.abs(one.curves[name] - two.curves[name]))) for name in _COMPARED)
