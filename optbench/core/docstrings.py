"""The docstrings of a component's class, taken apart.

The first line of the class's docstring is "What it is. Source."; a sentence that begins with "Deviation" states, to the end of
its paragraph, where it deviates from the source. The equation is the docstring of `update`, or of the methods that it calls.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import Any

from optbench.core.contracts import Optimizer, Schedule, Wrapper

_DEVIATION = re.compile(r"\b(?:No deviations?\b|Deviations?\b)")
_NOT_EQUATIONS = {"init", "eval_weights", "scaled"}


@dataclass(frozen=True)
class Description:
    """What a class's docstring says; a part that it does not have is empty."""

    title: str
    source: str
    notes: str
    deviations: str


def described(cls: type[Any]) -> Description:
    """Return the parts of the docstring of a class."""
    first, *rest = _paragraphs(cls) or [""]
    title, _, source = first.partition(". ")
    notes, deviations = [], []
    for paragraph in (source, *rest):
        match = _DEVIATION.search(paragraph)
        notes.append(paragraph[: match.start()].strip() if match else paragraph)
        deviations.append(_without_label(paragraph[match.start() :]) if match else "")
    source, *notes = notes
    return Description(title.rstrip("."), source.rstrip("."), _joined(notes), _joined(deviations))


def equations(cls: type[Any]) -> list[str]:
    """Return the docstrings of an optimizer's methods that contain an equation; if none does, that of `update` or of `step`."""
    docstrings = {
        name: " ".join(_paragraphs(function))
        for base in reversed(cls.__mro__)
        if base not in (Optimizer, Wrapper, Schedule, object)
        for name, function in vars(base).items()
        if inspect.isfunction(function) and name not in _NOT_EQUATIONS
    }
    with_equations = [text for text in docstrings.values() if " = " in text]
    return with_equations or [text for name in ("update", "step") if (text := docstrings.get(name, ""))][:1]


def _paragraphs(documented: Any) -> list[str]:
    """The paragraphs of a docstring, each on one line; none if there is no docstring."""
    text = getattr(documented, "__doc__", None)
    if not isinstance(text, str):
        return []
    return [" ".join(paragraph.split()) for paragraph in inspect.cleandoc(text).split("\n\n") if paragraph.strip()]


def _without_label(deviation: str) -> str:
    return "none" if deviation.startswith("No deviation") else re.sub(r"^Deviations?[:,]?\s*", "", deviation)


def _joined(texts: list[str]) -> str:
    return " ".join(filter(None, texts))
