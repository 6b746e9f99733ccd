"""The rules, one module per kind of component."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optbench.core.contracts import GeneratedDataset
from optbench.kit.checks import (
    architectures,
    common,
    datasets,
    effects,
    embedders,
    generated,
    losses,
    optimizers,
    reference,
    repetition,
    signatures,
    spaces,
    steps,
    suites,
    table_embedders,
    wrappers,
)
from optbench.kit.rules import Rule

_DECLARED = (*common.DECLARED, *common.CITED, *common.BUILT, signatures.signatures)
_TEXTS = (*_DECLARED, *embedders.RULES, *repetition.STABLE, *repetition.RULES)
_TABLES = (*_DECLARED, *table_embedders.RULES, *repetition.STABLE, *repetition.RULES)
_FILES = (*common.DECLARED, *datasets.RULES)
_GENERATED = (
    *common.DECLARED,
    common.documented,
    *common.BUILT,
    signatures.signatures,
    generated.generates,
    *repetition.STABLE,
    *generated.RULES,
    *repetition.RULES,
)

RULES: Mapping[str, tuple[Rule, ...]] = {
    "optimizer": (
        *_DECLARED,
        optimizers.declarations,
        *steps.RULES,
        *repetition.STABLE,
        *optimizers.RULES,
        reference.reference,
        *spaces.RULES,
        effects.effective,
        *repetition.RULES,
    ),
    "wrapper": (
        *_DECLARED,
        *wrappers.BASIC,
        *repetition.STABLE,
        *wrappers.RULES,
        *spaces.RULES,
        effects.effective,
        *repetition.RULES,
    ),
    "architecture": (
        *_DECLARED,
        *architectures.BASIC,
        *repetition.STABLE,
        *architectures.RULES,
        effects.effective,
        *repetition.RULES,
    ),
    "embedder": tuple(dict.fromkeys((*_TEXTS, *_TABLES))),
    "loss": (
        *_DECLARED,
        *losses.BASIC,
        *repetition.STABLE,
        *losses.RULES,
        effects.effective,
        *repetition.RULES,
    ),
    "dataset": tuple(dict.fromkeys((*_FILES, *_GENERATED))),
    "suite": (*common.DECLARED, *suites.RULES),
}
"""All rules that components of a kind are checked against; `rules_of` returns those of one class."""


def rules_of(kind: str, cls: type[Any]) -> tuple[Rule, ...]:
    """Return the rules that a class is checked against, those that others need first."""
    if kind == "embedder":
        return _TABLES if cls.takes == "table" else _TEXTS
    if kind == "dataset":
        return _GENERATED if issubclass(cls, GeneratedDataset) else _FILES
    return RULES[kind]
