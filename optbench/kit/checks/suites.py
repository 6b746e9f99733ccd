"""The rules of suites."""

from __future__ import annotations

import tomllib
from pathlib import Path

from optbench.kit.rules import Subject, Violations, rule


@rule(
    "readable",
    "set file to the path of a TOML file that is part of the distribution, such as Path(__file__).parent / 'suite.toml'",
)
def readable(subject: Subject) -> Violations:
    """Its file exists and is TOML."""
    path = Path(subject.cls.file)
    try:
        tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        yield f"{path} cannot be read: {type(error).__name__}: {error}"


RULES = (readable,)
