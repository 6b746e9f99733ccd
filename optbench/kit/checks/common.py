"""What every method must say of itself, and be."""

from __future__ import annotations

import dataclasses
import inspect
import json
import pickle
import re
import typing
from pkgutil import resolve_name
from typing import Any

from optbench.core.contracts import OPTBENCH_CONTRACT
from optbench.core.hyperparameters import fields_of, types_of, values
from optbench.core.specs import canonical
from optbench.kit.rules import Subject, Violations, made, rule

_YEAR = re.compile(r"\b(1[89]\d\d|20[0-3]\d)\b")
_SOURCE = re.compile(r"\bSource: *\S")


@rule("contract version", f"set OPTBENCH_CONTRACT = {OPTBENCH_CONTRACT} in the module of the entry point")
def contract_version(subject: Subject) -> Violations:
    """The plugin says for which version of the contract it was built, and it is this one."""
    if subject.plugin.distribution == "optbench":  # the built-in methods change together with the contract
        return
    entry = subject.plugin.entry_point.partition("=")[2].strip()
    if not hasattr(resolve_name(entry), "OPTBENCH_CONTRACT"):  # another number has been refused by the registry
        yield f"{entry} does not say for which version it was built"


@rule("docstring", 'write a docstring whose first line says what it is: """NAME. Authors year, venue or arXiv number."""')
def docstring(subject: Subject) -> Violations:
    """The class has a docstring."""
    if not subject.docstring:
        yield f"{subject.cls.__qualname__} has none"


@rule(
    "hyper-parameters documented",
    "declare a range (positive, fraction, count ...), name the field in the class's docstring, or comment on its line",
)
def documented(subject: Subject) -> Violations:
    """Each hyper-parameter declares its range or its choices, is named in the docstring, or has a comment on its line."""
    hints = types_of(subject.cls)
    commented = _commented(subject.cls)
    for name, field in fields_of(subject.cls).items():
        chosen = typing.get_origin(hints.get(name)) is typing.Literal
        if not ("range" in field.metadata or chosen or name in commented or subject.says(name)):
            yield f"nothing says what {name} is"


@rule("citation", 'cite authors and year in the docstring of the class, or write "Source: ..." there, be it "Source: own work"')
def citation(subject: Subject) -> Violations:
    """The class's docstring has the year of a publication, or a statement that begins "Source:"."""
    if not (_YEAR.search(subject.docstring) or _SOURCE.search(subject.docstring)):
        yield "the docstring cites nothing"


@rule("frozen", "decorate the class with @dataclass(frozen=True, kw_only=True)")
def frozen(subject: Subject) -> Violations:
    """The class is a frozen dataclass whose fields, the hyper-parameters, are given by name."""
    parameters = vars(subject.cls).get("__dataclass_params__")
    if parameters is None:
        yield f"{subject.cls.__qualname__} is not decorated as a dataclass"
    elif not parameters.frozen:
        yield "its fields can be changed"
    by_position = [f.name for f in dataclasses.fields(subject.cls) if not f.kw_only] if parameters is not None else []
    if by_position:
        yield f"{', '.join(by_position)} can be given by position"


@rule("picklable", "define the class at the top of its module, keep fields plain and let eq and hash be those of the dataclass")
def picklable(subject: Subject) -> Violations:
    """It travels to another process, and is equal there."""
    other = pickle.loads(pickle.dumps(subject.thing))  # noqa: S301  # what was pickled a word before
    if other != subject.thing or hash(other) != hash(subject.thing):
        yield "what comes back is not equal to what was sent"


@rule("rebuilt from its spec", "keep hyper-parameters to plain numbers, texts, bools, None and tuples of them, and change none")
def rebuilt(subject: Subject) -> Violations:
    """Its hyper-parameters, written as JSON and read again, make an equal one."""
    text = canonical(values(subject.thing))
    other = made(subject.cls, json.loads(text))
    if other != subject.thing or canonical(values(other)) != text:
        yield f"{text} makes {other!r}"


DECLARED = (contract_version, docstring)
CITED = (documented, citation)
BUILT = (frozen, picklable, rebuilt)


def _commented(cls: type[Any]) -> set[str]:
    """The fields of a class and of its bases with a comment at the end of their line."""
    found = set()
    for base in cls.__mro__:
        try:
            lines = inspect.getsource(base).splitlines()
        except (OSError, TypeError):  # built in, or without a file
            continue
        found |= {match[1] for line in lines if (match := re.match(r"\s+(\w+)\s*:[^#]*#(?!\s*(?:noqa|type:))\s*\S", line))}
    return found
