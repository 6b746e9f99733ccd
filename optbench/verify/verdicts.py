"""The verdict on a run: whether two results of it are the same, and if not, what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from optbench.core.specs import FINAL, RunResult
from optbench.verify.differences import TOLERANCE, Difference, epochs_of, first_difference, greatest_difference
from optbench.verify.environments import Change, changes
from optbench.verify.twins import Twin

Verdict = Literal["equal", "close", "differs", "not available", "other source", "only here", "only there"]
THEN_NOW = ("then", "now")
"""What a stored result and its repetition are called."""
HERE_THERE = ("here", "there")
"""What the results of two stores are called."""


@dataclass(frozen=True)
class Verified:
    """A run and whether another result of it is the same.

    Attributes:
        stored: the stored run, or that of a report.
        verdict: "equal" if the digests are equal; "close" if the runs belong to two environments, or to two versions of their
            source, and differ by no more than the tolerance; "differs" otherwise. "not available" if a component or the dataset
            is not installed, "other source" if another version of the source computed the run: these two are not repeated.
            "only here" and "only there" if one of two stores has no such run.
        explanation: the reason of the verdict, in words.
        first: where the curves differ first; None where they do not.
        greatest: where a loss or a quality differs most.
        environment: what differs between the two environments.
        sides: what the two results are called.
        twin: what the run's twin says of it; None where no twin was run.
    """

    stored: RunResult
    verdict: Verdict
    explanation: str
    first: Difference | None = None
    greatest: Difference | None = None
    environment: tuple[Change, ...] = ()
    sides: tuple[str, str] = THEN_NOW
    twin: Twin | None = None

    def with_twin(self, twin: Twin) -> Verified:
        """Return the same with what the twin says."""
        return replace(self, twin=twin)

    def as_json(self) -> dict[str, Any]:
        """Return verdict and differences as plain values; a number that is not finite is None."""
        return {
            "verdict": self.verdict,
            "explanation": self.explanation,
            "first": _plain(self.first),
            "greatest": _plain(self.greatest),
            "environment": [{"name": one.name, "then": one.then, "now": one.now} for one in self.environment],
            "chaotic": self.twin and self.twin.chaotic,
            "twin": self.twin and self.twin.explanation,
        }


def verifiable(results: Sequence[RunResult], sample: int | None = None) -> list[RunResult]:
    """Return the runs with a final status.

    Args:
        results: stored runs.
        sample: return only this many, those with the lowest keys. Keys are hashes, so the choice favours no component.
    """
    final = [result for result in results if result.status in FINAL]
    return final if sample is None else sorted(final, key=lambda result: result.spec.key)[:sample]


def compare(stored: RunResult, fresh: RunResult, sides: tuple[str, str] = THEN_NOW) -> Verified:
    """Compare two results of one run.

    Args:
        stored: a result whose status is final.
        fresh: its repetition, or the result in another store. Its spec may differ in the source.
        sides: what the two are called.
    """
    same_source = stored.spec.source == fresh.spec.source
    environment = changes(stored.fingerprint, fresh.fingerprint)
    conditions = ", ".join(
        [
            *([] if same_source else [f"source {stored.spec.source[:12]} {sides[0]}, {fresh.spec.source[:12]} {sides[1]}"]),
            "in another environment" if environment else "in the same environment",
        ]
    )
    if stored.digest == fresh.digest:
        elsewhere = f", {conditions}" if environment or not same_source else ""
        return Verified(stored, "equal", f"bit for bit{elsewhere}", environment=environment, sides=sides)
    first, greatest = first_difference(stored, fresh), greatest_difference(stored, fresh)
    if fresh.status != stored.status:
        reason = fresh.reason.strip().rpartition("\n")[2]
        explanation = f"status {stored.status} {sides[0]}, {fresh.status} {sides[1]}" + f": {reason}" * bool(reason)
        return Verified(stored, "differs", explanation, first, greatest, environment, sides)
    longer = epochs_of(stored) != epochs_of(fresh)
    size = np.inf if longer else greatest.size if greatest is not None else 0.0
    allowed = bool(environment) or not same_source
    verdict: Verdict = "close" if allowed and size <= TOLERANCE else "differs"
    explanation = f"{conditions}; metrics differ by up to {size:.3g}"
    if not longer and greatest is not None:
        explanation += f" ({greatest.metric} at epoch {greatest.epoch})"
    if allowed:
        explanation += f", the tolerance is {TOLERANCE}"
    return Verified(
        stored, verdict, f"{explanation}; {_start(stored, fresh, first, sides)}", first, greatest, environment, sides
    )


def _start(stored: RunResult, fresh: RunResult, first: Difference | None, sides: tuple[str, str]) -> str:
    """Return where the difference begins, in words."""
    if first is not None:
        return f"first at epoch {first.epoch}: {first.words(sides)}"
    if (one := epochs_of(stored)) != (two := epochs_of(fresh)):
        return f"equal up to the last epoch of the shorter: {one - 1} epochs {sides[0]}, {two - 1} {sides[1]}"
    return "equal at every epoch: the final weights differ, or the digest was changed"


def _plain(difference: Difference | None) -> dict[str, Any] | None:
    if difference is None:
        return None
    values = {name: getattr(difference, name) for name in ("then", "now", "size")}
    finite = {name: value if np.isfinite(value) else None for name, value in values.items()}
    return {"metric": difference.metric, "epoch": difference.epoch, **finite}
