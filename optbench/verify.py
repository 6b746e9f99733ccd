"""Comparison of stored runs with their repetition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from optbench.core.metrics import DIGESTED, RECORDED, Direction
from optbench.core.specs import FINAL, RunResult

Verdict = Literal["equal", "close", "differs", "not available", "other source"]
TOLERANCE = 0.05
"""The most that a metric may differ, at any epoch, for runs of two environments to count as close.

A loss is divided by the run's first one, because losses have no common scale, and a quality by 1; either by its own size where
that is larger, as that of a loss that grows or of an R² far below 0.
"""
COMPARED = tuple(name for name in DIGESTED if RECORDED[name].direction)
"""The metrics that the tolerance applies to: losses and qualities, not counts."""


@dataclass(frozen=True)
class Verified:
    """A stored run and whether its repetition gave the same result.

    Attributes:
        stored: the stored run.
        verdict: "equal" if the digests are equal; "close" if the runs belong to two environments and differ by no more than the
            tolerance; "differs" otherwise. "not available" if a component or the dataset is not installed, "other source" if
            another version of the source computed the run: these two are not repeated.
        explanation: the reason of the verdict, in words.
    """

    stored: RunResult
    verdict: Verdict
    explanation: str


def verifiable(results: Sequence[RunResult], sample: int | None = None) -> list[RunResult]:
    """Return the runs with a final status.

    Args:
        results: stored runs.
        sample: return only this many, those with the lowest keys. Keys are hashes, so the choice favours no component.
    """
    final = [result for result in results if result.status in FINAL]
    return final if sample is None else sorted(final, key=lambda result: result.spec.key)[:sample]


def compare(stored: RunResult, fresh: RunResult) -> Verified:
    """Compare a stored run, whose status is final, with its repetition by the same source."""
    if stored.digest == fresh.digest:
        return Verified(stored, "equal", "bit for bit")
    if fresh.status != stored.status:
        reason = fresh.reason.strip().rpartition("\n")[2]
        explanation = f"its status was {stored.status} and is {fresh.status} now"
        return Verified(stored, "differs", f"{explanation}: {reason}" if reason else explanation)
    difference = _difference(stored, fresh)
    if stored.fingerprint == fresh.fingerprint:
        return Verified(stored, "differs", f"in the same environment; metrics differ by up to {difference:.3g}")
    verdict: Verdict = "close" if difference <= TOLERANCE else "differs"
    return Verified(
        stored, verdict, f"in another environment; metrics differ by up to {difference:.3g}, the tolerance is {TOLERANCE}"
    )


def _difference(one: RunResult, two: RunResult) -> float:
    """Return the greatest difference of any compared metric at any epoch; infinity where one run is longer."""
    if one.epochs != two.epochs:
        return np.inf
    return max(_greatest(one.curves[name], two.curves[name], RECORDED[name].direction) for name in COMPARED)


def _greatest(one: npt.NDArray[np.float64], two: npt.NDArray[np.float64], direction: Direction) -> float:
    """Return the greatest relative difference; infinity where one value is not finite and the other is not the same."""
    equal = (one == two) | (np.isnan(one) & np.isnan(two))
    unit = abs(float(one[0])) if direction == "lower" else 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        differences = np.where(equal, 0.0, np.abs(one - two) / np.fmax(np.abs(one), unit))
    return float(np.max(np.nan_to_num(differences, nan=np.inf, posinf=np.inf)))
