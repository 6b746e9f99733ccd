"""Medians over seeds of what replays measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median

from optbench.core.specs import RunResult
from optbench.execution.replay import Replay
from optbench.execution.step_recorder import EpochSteps
from optbench.why.explanation import Steps
from optbench.why.members import Member


def steps_of(member: Member, place: str, runs: Iterable[RunResult], replays: Mapping[int, Replay]) -> Steps:
    """Return what the steps of an optimizer on a workload were like.

    Args:
        member: the optimizer.
        place: the workload.
        runs: the runs that were replayed, and others.
        replays: by seed.
    """
    digests = {run.spec.seed: run.digest for run in runs}
    measured = {seed: replay for seed, replay in replays.items() if replay.final}
    epochs = max((len(replay.epochs) for replay in measured.values()), default=0)
    rows = [[r.epochs[epoch] for r in measured.values() if epoch < len(r.epochs)] for epoch in range(epochs)]

    def column(value: Callable[[EpochSteps], float]) -> tuple[float, ...]:
        return tuple(_median([value(one) for one in row]) for row in rows)

    return Steps(
        member,
        place,
        tuple(measured),
        max((replay.steps_per_epoch for replay in measured.values()), default=0),
        column(lambda one: one.update_norm),
        column(lambda one: one.cosine),
        column(lambda one: one.noise_ratio),
        tuple(map(len, rows)),
        _remark({seed for seed, replay in measured.items() if replay.digest != digests.get(seed)}, replays),
    )


def _median(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return median(known) if known else math.nan


def _remark(other: Iterable[int], replays: Mapping[int, Replay]) -> str:
    failed = [f"seed {seed}: {_last_line(replay.reason)}" for seed, replay in replays.items() if not replay.final]
    different = ", ".join(map(str, sorted(other)))
    parts = [f"not replayed, {'; '.join(failed)}"] if failed else []
    if different:
        parts.append(f"the replay of seed {different} ended otherwise than the stored run, which another environment computed")
    if not replays:
        parts.append("no run to replay")
    return "; ".join(parts)


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]
