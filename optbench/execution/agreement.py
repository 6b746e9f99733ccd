"""Whether a worker on another machine would compute what was planned on this one: versions, source and data."""

from __future__ import annotations

import pickle
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version

import optbench
from optbench.core.errors import OptbenchError
from optbench.core.specs import RunResult, canonical
from optbench.data.loader import FrozenDataset
from optbench.data.manifest import checked_bytes
from optbench.data.vectors import FrozenVectors
from optbench.execution.outcome import Failure, not_sent
from optbench.planning import source_digest
from optbench.planning.catalogue import layers
from optbench.training.job import Job
from optbench.training.run_job import run_job

_DISTRIBUTIONS = ("numpy", "scipy", "scikit-learn", "distributed")
_SHOWN = 12  # digits of a digest in a message


@dataclass(frozen=True)
class Difference:
    """What a worker has otherwise than the process that planned the runs, and both values."""

    what: str
    here: str
    there: str

    def __str__(self) -> str:
        return f"{self.what} is {self.here} here and {self.there} there"


@dataclass(frozen=True)
class SentJob:
    """A job that travels to another machine, with what the worker there must have."""

    content: bytes
    """The pickled job."""
    source: str
    """The digest of the source that computes it."""
    group: frozenset[str]
    """The third-party distributions that it imports."""


@cache
def versions() -> dict[str, str]:
    """Return the versions on which the bits of a result depend, and that of what carries them."""
    return {
        "python": platform.python_version(),
        "optbench": optbench.__version__,
        **{name: _version(name) for name in _DISTRIBUTIONS},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def pack(job: Job) -> SentJob | Failure:
    """Return the job as it is sent, with an absolute path to its dataset; or why it cannot be pickled."""
    dataset = replace(job.dataset, folder=job.dataset.folder.resolve())
    try:
        content = pickle.dumps(replace(job, dataset=dataset))
    except Exception as error:  # noqa: BLE001  # a class that a plugin defines within a function, for example
        return not_sent(f"{type(error).__name__}: {error}")
    return SentJob(content, source_digest.digest(_classes(job)), job.distributions)


def sample(jobs: Iterable[Job]) -> list[Job]:
    """Return few of the jobs that together have all classes, datasets and embedders."""
    chosen, seen = [], set[object]()
    for job in jobs:
        parts = {*_classes(job), (job.dataset, canonical(job.spec.embedder.as_json()))}
        if not parts <= seen:
            seen |= parts
            chosen.append(job)
    return chosen


def first_difference(sent: Sequence[SentJob], expected: Mapping[str, str]) -> Difference | None:
    """Return what keeps this process from computing the jobs as planned, or None; called in a worker."""
    return next((difference for one in sent if isinstance(difference := _unpack(one, expected), Difference)), None)


def run_if_equal(sent: SentJob, expected: Mapping[str, str]) -> RunResult | Difference:
    """Run a job, unless this process differs from the one that planned it; called in a worker."""
    job = _unpack(sent, expected)
    return job if isinstance(job, Difference) else run_job(job)


def _unpack(sent: SentJob, expected: Mapping[str, str]) -> Job | Difference:
    for name, here in expected.items():
        if (there := versions().get(name, "unknown")) != here:
            return Difference(name, here, there)
    try:
        job: Job = pickle.loads(sent.content)  # noqa: S301  # pickled by the process that planned it
    except Exception as error:  # noqa: BLE001  # a plugin that is not installed, or raises when it is imported
        return Difference("a component", "installed", f"not importable ({type(error).__name__}: {error})")
    if (source := source_digest.digest(_classes(job))) != sent.source:
        run = f"{job.labels.optimizer} {job.labels.architecture} {job.labels.embedder}"
        return Difference(f"the source of {run!r}", sent.source[:_SHOWN], source[:_SHOWN])
    vectors = job.embedder if isinstance(job.embedder, FrozenVectors) else None
    return _data_difference(job.dataset, vectors) or job


@lru_cache(maxsize=64)
def _data_difference(dataset: FrozenDataset, vectors: FrozenVectors | None) -> Difference | None:
    try:
        there = dataset.digest_here()[:_SHOWN]
        if there == dataset.digest[:_SHOWN]:
            if vectors is not None:
                checked_bytes(vectors.folder, vectors.file, vectors.sha256)
            return None
    except (OptbenchError, OSError) as error:
        there = f"not available ({error})"
    return Difference(f"dataset {dataset.name!r}", dataset.digest[:_SHOWN], there)


def _classes(job: Job) -> Iterator[type]:
    return map(type, (*layers(job.optimizer), job.architecture, job.embedder, job.loss))
