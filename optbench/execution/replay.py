"""Repetition of a run that measures every step, in worker processes.

A replay is a run with a wrapper around the optimizer that measures and changes nothing. Ordinary runs know nothing of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Generator, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass, replace

from optbench.core.specs import FINAL, RunResult, Status
from optbench.execution.local import RUN_MODULES
from optbench.execution.outcome import Failure, outcome
from optbench.execution.pool import default_workers, worker_pool
from optbench.execution.step_recorder import EpochSteps, Recorder, Recording
from optbench.training.job import Job
from optbench.training.loop import steps_per_epoch
from optbench.training.run_job import run_job

VERSION = 1
"""Raised when another quantity is measured, or in another way: cached replays are then not used any more."""


@dataclass(frozen=True)
class Replay:
    """What a replay measured.

    Attributes:
        status: of the replayed run.
        reason: why it is not `ok`; empty otherwise.
        digest: of the replayed run. It equals that of the run itself in the same environment.
        steps_per_epoch: the number of steps in each epoch.
        epochs: one entry for each completed epoch, the first one first.
    """

    status: Status
    reason: str
    digest: str | None
    steps_per_epoch: int
    epochs: tuple[EpochSteps, ...]

    @property
    def final(self) -> bool:
        """Whether a repetition would not change it."""
        return self.status in FINAL

    def content(self) -> bytes:
        """Return the replay as JSON, for the store's cache; a number that is not finite is written as null."""
        plain = asdict(self)
        plain["epochs"] = [
            {name: value if math.isfinite(value) else None for name, value in epoch.items()} for epoch in plain["epochs"]
        ]
        return json.dumps(plain, allow_nan=False).encode()

    @classmethod
    def from_content(cls, content: bytes) -> Replay:
        """Return the replay that `content` was called on, with NaN for a number that is not finite."""
        plain = json.loads(content)
        epochs = (
            EpochSteps(**{name: math.nan if value is None else value for name, value in epoch.items()})
            for epoch in plain.pop("epochs")
        )
        return cls(**plain, epochs=tuple(epochs))


def replay(job: Job) -> Replay:
    """Repeat a run and measure its steps; where a component raises an exception, the status is "failed"."""
    steps = steps_per_epoch(job.optimizer, job.dataset.sizes["train"], job.spec.batch_size)
    recording = Recording(steps, job.spec.epochs * steps)
    result: RunResult = run_job(replace(job, optimizer=Recorder(inner=job.optimizer, recording=recording)))
    return Replay(result.status, result.reason, result.digest, steps, tuple(recording.epochs))


def replays(jobs: Sequence[Job], workers: int | None = None) -> Generator[tuple[Job, Replay]]:
    """Yield each job with its replay, in order of completion, from worker processes of this machine.

    Args:
        jobs: what is repeated.
        workers: the number of processes; None for one per processor.
    """
    if not jobs:
        return
    with worker_pool(min(workers or default_workers(), len(jobs)), preload=(*RUN_MODULES, __name__)) as pool:
        futures = {pool.schedule(replay, [job], group=job.distributions): job for job in jobs}
        for future in as_completed(futures):
            job, found = futures.pop(future), outcome(future, None)
            yield job, Replay(found.status, found.reason, None, 0, ()) if isinstance(found, Failure) else found
