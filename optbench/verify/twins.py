"""Twins: repetitions that start a little beside a run, which tell whether its outcome is chaotic."""

from __future__ import annotations

from dataclasses import dataclass

from optbench.core.specs import FINAL, RunResult
from optbench.training.twin import BESIDE
from optbench.verify.differences import TOLERANCE, epochs_of, greatest_difference, last_difference

_TWIN = f"a twin started {BESIDE:.0e} beside it".replace("e-0", "e-")


@dataclass(frozen=True)
class Twin:
    """What a run's twin says of it.

    Attributes:
        chaotic: whether the twin ends elsewhere: with another status, after another number of epochs, or with a loss or quality
            beyond the tolerance. None where the twin could not be run.
        explanation: the same in words.
    """

    chaotic: bool | None
    explanation: str


def judge(run: RunResult, twin: RunResult) -> Twin:
    """Compare a run, whose status is final, with its twin of the same environment and source."""
    if twin.status not in FINAL:
        return Twin(None, f"its twin {twin.status}: {twin.reason.strip().rpartition(chr(10))[2]}")
    if twin.status != run.status:
        return _chaotic(f"its status is {twin.status}")
    if epochs_of(run) != epochs_of(twin):
        return _chaotic(f"it diverges at epoch {epochs_of(twin) - 1}, not {epochs_of(run) - 1}")
    last, greatest = last_difference(run, twin), greatest_difference(run, twin)
    if last is not None and last.size > TOLERANCE:
        return _chaotic(f"{last.metric} differs by {last.size:.3g}")
    if greatest is not None and greatest.size > TOLERANCE:
        where = f"{greatest.metric} differs by {greatest.size:.3g} at epoch {greatest.epoch}"
        return Twin(False, f"not chaotic: {_TWIN} leaves the tolerance ({where}) but ends beside it")
    size = greatest.size if greatest is not None else 0.0
    return Twin(False, f"not chaotic: {_TWIN} stays beside it (metrics differ by up to {size:.3g})")


def _chaotic(how: str) -> Twin:
    return Twin(True, f"chaotic: {_TWIN} ends elsewhere ({how})")
