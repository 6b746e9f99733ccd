"""The rule that an optimizer follows the textbook form that its class names."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import Any

import numpy as np

from optbench.kit.problems import SMALL, STEPS, LeastSquares, start
from optbench.kit.rules import Subject, Violations, one_line, rule

_CLOSE = 1e-8  # relative to the largest weight: where eps is added may differ, a bias correction not


@rule("reference", "compare the rule line by line with its source: swapped averages, a missing bias correction, a wrong sign")
def reference(subject: Subject) -> Violations:
    """If the class names a `reference`: its weights are the same over 60 steps."""
    named = subject.cls.reference
    if named is None:
        return
    if isinstance(named, str):
        try:
            named = resolve_name(named)
        except (ImportError, AttributeError, ValueError) as error:
            yield f"{subject.cls.reference!r} cannot be imported: {one_line(error)}"
            return
    opt, w, theirs = subject.instance, start(SMALL), start(SMALL)
    s, at, other = opt.init(w, SMALL), LeastSquares(w), LeastSquares(theirs)
    memory: dict[str, dict[str, Any]] = {name: {} for name in SMALL.shapes}
    for t in range(1, STEPS + 1):
        opt.step(w, s, t, at.take(t))
        try:
            gradients = SMALL.views(other.take(t).gradient())
            for name, layer in SMALL.views(theirs).items():
                layer[...] = named(layer.copy(), gradients[name].copy(), t, memory[name], opt)
        except Exception as error:  # noqa: BLE001  # third-party code may raise anything
            yield f"the reference raises {one_line(error)} in step {t}"
            return
        distance = float(np.abs(w - theirs).max() / np.abs(theirs).max())
        if not distance <= _CLOSE:
            yield f"in step {t} weights differ from the reference's by {distance:.2g} of the largest weight"
            return
