"""The same inputs give the same bits: here, in another process, and whatever the global random state."""

from __future__ import annotations

import json
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pkgutil import resolve_name
from typing import Any

import numpy as np

from optbench.core.errors import OptbenchError
from optbench.kit.checks import architectures, embedders, optimizers
from optbench.kit.rules import Subject, Violations, made, rule
from optbench.training.environment import THREAD_VARIABLES

DIGESTS: Mapping[str, Callable[[Any], str]] = {
    "optimizer": optimizers.digest,
    "wrapper": optimizers.digest,
    "architecture": architectures.digest,
    "embedder": embedders.digest,
}
"""For each kind, the SHA-256 of all that a method computes on a small problem."""
_PATIENCE = 600.0  # seconds until another process is given up


@rule("deterministic", "draw from the generator that is given (rng in initial, at.noise in step) and from nothing else")
def deterministic(subject: Subject) -> Violations:
    """Twice the same in one process."""
    digest = DIGESTS[subject.axis]
    if digest(subject.thing) != digest(subject.thing):
        yield "two runs of the same inputs differ"


@rule(
    "same in two processes",
    "depend on no order of a set, no hash() of a text, no address, no clock, no environment variable; sort sets",
)
def same_in_two_processes(subject: Subject) -> Violations:
    """The same bits in another process, which hashes texts in another way."""
    here = DIGESTS[subject.axis](subject.thing)
    answer = _elsewhere(subject.siblings)[_path(subject.cls)]
    if "error" in answer:
        yield f"in another process: {answer['error']}"
    elif answer["digest"] != here:
        yield "another process computes other bits"


@rule("global random state", "never call np.random.* or random.*: draw from the generator that is given")
def global_random_state(subject: Subject) -> Violations:
    """NumPy's global generator and Python's are left as they were."""
    numpy_before, python_before = np.random.get_state(), random.getstate()  # noqa: NPY002  # that is the point
    try:
        DIGESTS[subject.axis](subject.thing)
        if pickle.dumps(np.random.get_state()) != pickle.dumps(numpy_before):  # noqa: NPY002  # the same
            yield "np.random was used"
        if random.getstate() != python_before:
            yield "random was used"
    finally:
        np.random.set_state(numpy_before)  # noqa: NPY002  # the same
        random.setstate(python_before)


RULES = (deterministic, same_in_two_processes, global_random_state)


def answer(request: str) -> str:
    """What the other process does: the digest of each method that the request names, or what went wrong, as JSON."""
    asked = json.loads(request)
    sys.path[:] = asked["path"]
    answers = {}
    for path, axis in asked["methods"].items():
        try:
            answers[path] = {"digest": DIGESTS[axis](made(resolve_name(path)))}
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # a stranger's code may leave with SystemExit, and the others have a turn
            answers[path] = {"error": f"{type(error).__name__}: {error}"}
    return json.dumps(answers)


@cache
def _elsewhere(methods: tuple[tuple[str, type[Any]], ...]) -> dict[str, dict[str, str]]:
    """Ask another process for the digests of all of a plugin's methods at once."""
    here = os.environ.get("PYTHONHASHSEED")
    done = subprocess.run(
        [sys.executable, "-m", "optbench.kit.again"],
        input=json.dumps({"path": sys.path, "methods": {_path(cls): axis for axis, cls in methods if axis in DIGESTS}}),
        env={**os.environ, **dict.fromkeys(THREAD_VARIABLES, "1"), "PYTHONHASHSEED": "2" if here == "1" else "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_PATIENCE,
        check=False,
    )
    if done.returncode:
        raise OptbenchError(f"the other process ended with exit code {done.returncode}: {done.stderr[-1000:]}")
    answers: dict[str, dict[str, str]] = json.loads(done.stdout)
    return answers


def _path(cls: type[Any]) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"
