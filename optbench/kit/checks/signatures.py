"""The rule that methods are there and can be called as the contract says, before anything is called."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from optbench.core.contracts import OPTBENCH_CONTRACT, Schedule
from optbench.kit.rules import Subject, Violations, rule
from optbench.registry import KINDS

_Arguments = tuple[str, ...]
_STEPS: Mapping[str, _Arguments] = {
    "init": ("w", "layout"),
    "update": ("w", "g", "s", "t"),
    "step": ("w", "s", "t", "at"),
    "eval_weights": ("w", "s"),
    "scaled": ("factor",),
}
METHODS: Mapping[str, Mapping[str, _Arguments]] = {
    "optimizer": _STEPS,
    "wrapper": {**_STEPS, "factor": ("t", "steps"), "incompatibility": ()},
    "architecture": {
        "layout": ("inputs", "outputs"),
        "initial": ("layout", "rng"),
        "bind": ("layout", "loss", "dtype"),
    },
    "embedder": {
        "fit": ("texts",),
        "encode": ("texts", "role", "fitted"),
        "fit_table": ("features",),
        "encode_table": ("features", "fitted"),
    },
    "loss": {
        "incompatibility": ("task",),
        "outputs": ("task",),
        "targets": ("y", "task"),
        "value": ("z", "y"),
        "value_and_gradient": ("z", "y", "dz"),
        "second": ("z", "y", "rz", "out"),
        "predict": ("z", "out"),
        "quality": ("z", "y"),
        "worst": ("y",),
        "sample_labels": ("z", "rng"),
    },
    "dataset": {"generate": ()},
}
"""For each kind, the methods that optbench calls and their arguments, which are passed by position."""
_EITHER: Mapping[str, tuple[_Arguments, ...]] = {
    "optimizer": (("update", "step"),),
    "architecture": tuple((name,) for name in METHODS["architecture"]),
    "loss": tuple((name,) for name in METHODS["loss"] if name != "incompatibility"),
    "embedder": (("encode", "encode_table"),),
    "dataset": (("generate",), ("task",)),
}
"""For each kind, the methods that the base class leaves open; of each group at least one has to be defined."""


@rule(
    "signatures",
    f"define the methods with the arguments of contract {OPTBENCH_CONTRACT}; docs/contract-2.md says what has changed since "
    "contract 1, and 'optbench plugin new' writes an example",
    basic=True,
)
def signatures(subject: Subject) -> Violations:
    """The methods of the contract are defined and accept its arguments."""
    base = KINDS[subject.kind][1]
    groups = (("factor",),) if issubclass(subject.cls, Schedule) else _EITHER.get(subject.kind, ())
    for group in groups:
        if not any(_defined(subject.cls, name, base) for name in group):
            yield f"{subject.cls.__qualname__} defines no {' or '.join(group)}"
    for name, arguments in METHODS[subject.kind].items():
        method = getattr(subject.instance, name, None)
        if method is not None:
            yield from mismatch(name, method, arguments)


def mismatch(name: str, method: Any, arguments: _Arguments) -> Violations:
    """Say so if a method cannot be called with these arguments by position."""
    if not callable(method):
        yield f"{name} is {method!r}, not a method"
        return
    try:
        signature = inspect.signature(method)
    except (TypeError, ValueError):  # of a function in another language
        return
    try:
        signature.bind(*arguments)
    except TypeError:
        names = ", ".join(signature.parameters)
        yield f"{name}({names}) is called as {name}({', '.join(arguments)})"


def _defined(cls: type[Any], name: str, base: type) -> bool:
    """Whether a class defines what its base class leaves open."""
    return all(getattr(cls, name, None) is not getattr(one, name, None) for one in (base, Schedule))
