"""The rules that all kinds of components share: what a class declares, documents and is."""

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
from optbench.core.spaces import neutrals_of
from optbench.core.specs import canonical
from optbench.kit.rules import Subject, Violations, make, rule

_YEAR = re.compile(r"\b(1[89]\d\d|20[0-3]\d)\b")
_SOURCE = re.compile(r"\bSource: *\S")


@rule("contract version", f"set OPTBENCH_CONTRACT = {OPTBENCH_CONTRACT} in the module of the entry point")
def contract_version(subject: Subject) -> Violations:
    """The plugin declares the version of the contract that it was built for."""
    if subject.plugin.distribution == "optbench":  # the built-in components change together with the contract
        return
    entry = subject.plugin.entry_point.partition("=")[2].strip()
    if not hasattr(resolve_name(entry), "OPTBENCH_CONTRACT"):  # the registry refuses other versions
        yield f"{entry} does not declare the version that it was built for"


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
    """Each hyper-parameter has a range, choices or a neutral value, is mentioned in the docstring, or commented on its line."""
    hints = types_of(subject.cls)
    described = {*_commented(subject.cls), *neutrals_of(subject.cls)}  # a neutral value says what it switches off
    for name, field in fields_of(subject.cls).items():
        choices = typing.get_origin(hints.get(name)) is typing.Literal
        if not ("range" in field.metadata or choices or name in described or subject.mentions(name)):
            yield f"{name} is not documented"


@rule(
    "citation",
    'cite authors and year in the docstring of the class, or write "Source: ...", such as "Source: own work"',
    after=("docstring",),
)
def citation(subject: Subject) -> Violations:
    """The class's docstring has the year of a publication, or a statement that begins with "Source:"."""
    if not (_YEAR.search(subject.docstring) or _SOURCE.search(subject.docstring)):
        yield "the docstring has no citation"


@rule("frozen", "decorate the class with @dataclass(frozen=True, kw_only=True)", basic=True)
def frozen(subject: Subject) -> Violations:
    """The class is a frozen dataclass whose fields, the hyper-parameters, are keyword-only."""
    parameters = vars(subject.cls).get("__dataclass_params__")
    if parameters is None:
        yield f"{subject.cls.__qualname__} is not decorated as a dataclass"
        return
    if not parameters.frozen:
        yield "its fields can be changed"
    by_position = [f.name for f in dataclasses.fields(subject.cls) if not f.kw_only]
    if by_position:
        yield f"{', '.join(by_position)} can be passed by position"


@rule("picklable", "define the class at the top of its module, use plain fields, and keep the dataclass's eq and hash")
def picklable(subject: Subject) -> Violations:
    """It can be pickled, and its copy is equal."""
    other = pickle.loads(pickle.dumps(subject.instance))  # noqa: S301  # pickled in the same expression
    if other != subject.instance or hash(other) != hash(subject.instance):
        yield "the copy is not equal to the original"


@rule(
    "rebuilt from its spec",
    "use only numbers, texts, bools, None and tuples of them as hyper-parameters, and change none",
    after=("picklable",),
)
def rebuilt(subject: Subject) -> Violations:
    """Its hyper-parameters, written as JSON and read again, give an equal instance."""
    text = canonical(values(subject.instance))
    other = make(subject.cls, json.loads(text))
    if other != subject.instance or canonical(values(other)) != text:
        yield f"{text} gives {other!r}"


DECLARED = (contract_version, docstring)
CITED = (documented, citation)
BUILT = (frozen, picklable, rebuilt)


def _commented(cls: type[Any]) -> set[str]:
    """The fields of a class and of its bases with a comment at the end of their line."""
    fields = set()
    for base in cls.__mro__:
        try:
            lines = inspect.getsource(base).splitlines()
        except (OSError, TypeError):  # built in, or without a file
            continue
        fields |= {match[1] for line in lines if (match := re.match(r"\s+(\w+)\s*:[^#]*#(?!\s*(?:noqa|type:))\s*\S", line))}
    return fields
