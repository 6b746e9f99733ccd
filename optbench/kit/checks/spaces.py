"""The rules of what is declared beside a hyper-parameter's range: where a search draws it, and the value that switches it off.

A space that is empty, lacks the default or reaches beyond the range is refused already where the class is defined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from optbench.core.errors import UsageError
from optbench.core.spaces import Neutral, Space, neutrals_of, spaces_of
from optbench.kit.problems import DTYPES, SMALL, LeastSquares, start, walk
from optbench.kit.rules import Subject, Violations, make, one_line, rule

_POINTS = (0.0, 0.1, 0.35, 0.5, 0.8, 1.0 - 1e-9)
_STEPS = 20


@rule(
    "search spaces",
    "declare spaces whose values are accepted together: scaled(1e-3, 1e3) for a rate, choices(5, 10, 20) for a whole number",
    after=("rebuilt from its spec",),
)
def search_spaces(subject: Subject) -> Violations:
    """The values that a search draws are accepted, each alone and all together."""
    spaces = spaces_of(subject.cls)
    refusals = {name: _refusal(subject, _draws({name: space})) for name, space in spaces.items()}
    if any(refusals.values()):
        yield from (f"of the space {spaces[name]}, {refusal}" for name, refusal in refusals.items() if refusal)
    elif refusal := _refusal(subject, _draws(spaces)):
        yield f"of a draw from all spaces, {refusal}"


@rule(
    "neutral values",
    'declare neutral=Neutral(0.0, "no momentum"): a value at which the method works, and what it is then without',
    after=("rebuilt from its spec",),
)
def neutral_values(subject: Subject) -> Violations:
    """With a neutral value it takes finite steps, and words say what it is then without."""
    for name, neutral in neutrals_of(subject.cls).items():
        if not (isinstance(neutral, Neutral) and isinstance(neutral.words, str) and neutral.words.strip()):
            yield f"that of {name}, {neutral!r}, has no words"
        elif refusal := _refusal(subject, [{name: neutral.value}]):
            yield refusal
        elif (failure := _failure(make(subject.cls, {name: neutral.value}))) and not _failure(subject.instance):
            yield f"with {name} = {neutral.value!r} {failure}"


RULES = (search_spaces, neutral_values)


def _draws(spaces: Mapping[str, Space]) -> list[dict[str, Any]]:
    return [{name: space.at(u) for name, space in spaces.items()} for u in _POINTS]


def _refusal(subject: Subject, settings: Sequence[Mapping[str, Any]]) -> str:
    """Return why the first setting that is not accepted is refused; empty where all are."""
    for params in settings:
        try:
            make(subject.cls, params)
        except UsageError as error:
            return str(error)
    return ""


def _failure(opt: Any) -> str:
    """Return what is wrong after some steps on least squares, in either dtype; empty where nothing is."""
    for dtype in DTYPES:
        w = start(SMALL, dtype)
        try:
            s = opt.init(w, SMALL)
            walk(opt, w, s, LeastSquares(w), range(1, _STEPS + 1))
        except Exception as error:  # noqa: BLE001  # third-party code may raise anything
            return f"it raises {one_line(error)}"
        if not np.isfinite(opt.eval_weights(w, s)).all():
            return f"weights are not finite after {_STEPS} steps"
    return ""
