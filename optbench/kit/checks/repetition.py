"""The same inputs give the same bits: in one process, in another, and whatever the global random state."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pkgutil import resolve_name
from typing import Any

import numpy as np

from optbench.core.contracts import GeneratedDataset
from optbench.kit.checks import architectures, embedders, generated, losses, optimizers, table_embedders
from optbench.kit.rules import Subject, Violations, make, rule
from optbench.training.environment import THREAD_VARIABLES

DIGESTS: Mapping[str, Callable[[Any], str]] = {
    "optimizer": optimizers.digest,
    "wrapper": optimizers.digest,
    "architecture": architectures.digest,
    "embedder": lambda one: (table_embedders if one.takes == "table" else embedders).digest(one),
    "loss": losses.digest,
    "dataset": generated.digest,
}
"""For each kind, a function that returns the SHA-256 of all that a component computes on a small problem."""
_UNUSUAL = 846_930_886  # a seed
_TIMEOUT = 600.0  # seconds after which the second process is given up


@rule(
    "deterministic",
    "draw only from the generator of the argument (rng in initial, at.noise in step), and keep nothing in self or in a global",
    basic=True,
)
def deterministic(subject: Subject) -> Violations:
    """Two computations in one process give the same bits."""
    digest = DIGESTS[subject.kind]
    if digest(subject.instance) != digest(subject.instance):
        yield "two runs with the same inputs differ"


@rule(
    "same in two processes",
    "do not depend on the order of a set, on hash() of a text, an address, a clock or an environment variable; sort sets",
    after=("picklable",),
)
def same_in_two_processes(subject: Subject) -> Violations:
    """Another process, with another hash seed, gives the same bits."""
    here = DIGESTS[subject.kind](subject.instance)
    other = _digests_elsewhere(subject.siblings)[_path(subject.cls)]
    if "error" in other:
        yield f"in another process: {other['error']}"
    elif other["digest"] != here:
        yield "another process computes different bits"


@rule("global random state", "never call np.random.* or random.*: draw from the generator of the argument", basic=True)
def global_random_state(subject: Subject) -> Violations:
    """NumPy's and Python's global generators are neither used nor seeded."""
    numpy_before, python_before = np.random.get_state(), random.getstate()  # noqa: NPY002  # the state that is checked
    try:
        # A state that no component sets: one that was seeded by an earlier check would be seeded again without a difference.
        np.random.seed(_UNUSUAL)  # noqa: NPY002  # as above
        random.seed(_UNUSUAL)
        numpy_state, python_state = pickle.dumps(np.random.get_state()), random.getstate()  # noqa: NPY002  # as above
        DIGESTS[subject.kind](subject.instance)
        if pickle.dumps(np.random.get_state()) != numpy_state:  # noqa: NPY002  # as above
            yield "np.random was used or seeded"
        if random.getstate() != python_state:
            yield "random was used or seeded"
    finally:
        np.random.set_state(numpy_before)  # noqa: NPY002  # as above
        random.setstate(python_before)


@rule("quiet", "remove print, and the cause of the warning; a run's output belongs to the user, and a worker's is discarded")
def quiet(subject: Subject) -> Violations:
    """Nothing is printed, and no warning is issued."""
    with (
        redirect_stdout(io.StringIO()) as printed,
        redirect_stderr(printed),
        warnings.catch_warnings(record=True) as issued,
    ):
        warnings.simplefilter("always")
        DIGESTS[subject.kind](subject.instance)
    if text := printed.getvalue().strip():
        yield f"it prints {text.splitlines()[0][:80]!r}"
    for one in issued[:1]:
        yield f"it warns: {one.category.__name__}: {' '.join(str(one.message).split())}"


STABLE = (global_random_state, deterministic)
"""Basic: where two computations differ, nothing that compares two holds."""
RULES = (same_in_two_processes, quiet)


def answer(request: str) -> str:
    """Return, as JSON, the digest of each component that the request names, or its error; called in the second process."""
    asked = json.loads(request)
    sys.path[:] = asked["path"]
    answers = {}
    for path, kind in asked["components"].items():
        try:
            answers[path] = {"digest": DIGESTS[kind](make(resolve_name(path)))}
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # third-party code may raise SystemExit; the other components go on
            answers[path] = {"error": f"{type(error).__name__}: {error}"}
    return json.dumps(answers)


@cache
def _digests_elsewhere(components: tuple[tuple[str, type[Any]], ...]) -> dict[str, dict[str, str]]:
    """Compute the digests of all components in one other process; where it is ended by one of them, in a process for each."""
    paths = {_path(cls): kind for kind, cls in components if has_digest(kind, cls)}
    done = subprocess.run(
        [sys.executable, "-m", "optbench.kit.digest_process"],
        input=json.dumps({"path": sys.path, "components": paths}),
        env={
            **os.environ,
            **dict.fromkeys(THREAD_VARIABLES, "1"),
            "PYTHONHASHSEED": "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1",
        },
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_TIMEOUT,
        check=False,
    )
    if done.returncode == 0:
        answers: dict[str, dict[str, str]] = json.loads(done.stdout)
        return answers
    if len(components) == 1:
        ending = f"it ended with exit code {done.returncode}: {done.stderr[-1000:].strip()}"
        return {path: {"error": ending} for path in paths}
    return {path: answer for one in components for path, answer in _digests_elsewhere((one,)).items()}


def has_digest(kind: str, cls: type[Any]) -> bool:
    """Whether components of this class compute something: a dataset may be a folder of files."""
    return kind in DIGESTS and (kind != "dataset" or issubclass(cls, GeneratedDataset))


def _path(cls: type[Any]) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"
