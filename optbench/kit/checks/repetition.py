"""The same inputs give the same bits: in one process, in another, and whatever the global random state."""

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
from optbench.kit.rules import Subject, Violations, make, rule
from optbench.training.environment import THREAD_VARIABLES

DIGESTS: Mapping[str, Callable[[Any], str]] = {
    "optimizer": optimizers.digest,
    "wrapper": optimizers.digest,
    "architecture": architectures.digest,
    "embedder": embedders.digest,
}
"""For each kind, a function that returns the SHA-256 of all that a component computes on a small problem."""
_TIMEOUT = 600.0  # seconds after which the second process is given up


@rule("deterministic", "draw only from the generator of the argument (rng in initial, at.noise in step)")
def deterministic(subject: Subject) -> Violations:
    """Two computations in one process give the same bits."""
    digest = DIGESTS[subject.kind]
    if digest(subject.instance) != digest(subject.instance):
        yield "two runs with the same inputs differ"


@rule(
    "same in two processes",
    "do not depend on the order of a set, on hash() of a text, an address, a clock or an environment variable; sort sets",
)
def same_in_two_processes(subject: Subject) -> Violations:
    """Another process, with another hash seed, gives the same bits."""
    here = DIGESTS[subject.kind](subject.instance)
    other = _digests_elsewhere(subject.siblings)[_path(subject.cls)]
    if "error" in other:
        yield f"in another process: {other['error']}"
    elif other["digest"] != here:
        yield "another process computes different bits"


@rule("global random state", "never call np.random.* or random.*: draw from the generator of the argument")
def global_random_state(subject: Subject) -> Violations:
    """NumPy's and Python's global generators are not used."""
    numpy_before, python_before = np.random.get_state(), random.getstate()  # noqa: NPY002  # the state that is checked
    try:
        DIGESTS[subject.kind](subject.instance)
        if pickle.dumps(np.random.get_state()) != pickle.dumps(numpy_before):  # noqa: NPY002  # as above
            yield "np.random was used"
        if random.getstate() != python_before:
            yield "random was used"
    finally:
        np.random.set_state(numpy_before)  # noqa: NPY002  # as above
        random.setstate(python_before)


RULES = (deterministic, same_in_two_processes, global_random_state)


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
    """Compute the digests of all of a plugin's components in one other process."""
    paths = {_path(cls): kind for kind, cls in components if kind in DIGESTS}
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
    if done.returncode:
        raise OptbenchError(f"the second process ended with exit code {done.returncode}: {done.stderr[-1000:]}")
    answers: dict[str, dict[str, str]] = json.loads(done.stdout)
    return answers


def _path(cls: type[Any]) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"
