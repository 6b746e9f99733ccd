"""The rules, one module per kind of component."""

from __future__ import annotations

from collections.abc import Mapping

from optbench.kit.checks import architectures, common, datasets, embedders, optimizers, repetition, wrappers
from optbench.kit.rules import Rule

_COMPUTING = (*common.DECLARED, *common.CITED, *common.BUILT)

RULES: Mapping[str, tuple[Rule, ...]] = {
    "optimizer": (*_COMPUTING, *optimizers.RULES, *repetition.RULES),
    "wrapper": (*_COMPUTING, *wrappers.RULES, *repetition.RULES),
    "architecture": (*_COMPUTING, *architectures.RULES, *repetition.RULES),
    "embedder": (*_COMPUTING, *embedders.RULES, *repetition.RULES),
    "dataset": (*common.DECLARED, *datasets.RULES),
}
"""The rules that each kind of component is checked against."""
