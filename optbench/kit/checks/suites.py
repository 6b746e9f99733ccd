"""The rules of suites."""

from __future__ import annotations

import tomllib
from pathlib import Path

from optbench.core.errors import OptbenchError, UsageError
from optbench.kit.rules import Subject, Violations, rule
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.planning.suite_file import read
from optbench.registry import Registry


@rule(
    "readable",
    "set file to the path of a TOML file that is part of the distribution, such as Path(__file__).parent / 'suite.toml'",
    basic=True,
)
def readable(subject: Subject) -> Violations:
    """Its file exists and is TOML."""
    path = Path(subject.cls.file)
    try:
        tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        yield f"{path} cannot be read: {type(error).__name__}: {error}"


@rule("keys", "change the file as the detail says; docs/suites.md has an example", basic=True)
def keys(subject: Subject) -> Violations:
    """Its file has the keys of a suite, each with a value of its kind."""
    try:
        read(Path(subject.cls.file))
    except UsageError as error:
        yield str(error)


@rule("name", "give the class the name in the file", basic=True)
def name(subject: Subject) -> Violations:
    """Class and file have the same name: a suite is selected by one, and its workloads are listed under the other."""
    in_file = read(Path(subject.cls.file)).name
    if in_file != subject.name:
        yield f"the name of the class is {subject.name!r}, that in the file {in_file!r}"


@rule("workloads", "correct the workload as the detail says, or install what it names")
def workloads(subject: Subject) -> Violations:
    """Each workload can be run: what it names is installed, fits together, and the data have the digest in the file."""
    try:
        make_plan(Registry(autoload=True), Selections(suite=subject.name, optimizers=["sgd"], seeds=[0]))
    except OptbenchError as error:
        yield str(error)


RULES = (readable, keys, name, workloads)
