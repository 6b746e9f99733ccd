"""The rules, one module for each kind of method."""

from __future__ import annotations

from collections.abc import Mapping

from optbench.kit.checks import architectures, common, datasets, embedders, optimizers, repetition, wrappers
from optbench.kit.rules import Rule

RULES: Mapping[str, tuple[Rule, ...]] = {
    "optimizer": (*common.DECLARED, *common.CITED, *common.BUILT, *optimizers.RULES, *repetition.RULES),
    "wrapper": (*common.DECLARED, *common.CITED, *common.BUILT, *wrappers.RULES, *repetition.RULES),
    "architecture": (*common.DECLARED, *common.CITED, *common.BUILT, *architectures.RULES, *repetition.RULES),
    "embedder": (*common.DECLARED, *common.CITED, *common.BUILT, *embedders.RULES, *repetition.RULES),
    "dataset": (*common.DECLARED, *datasets.RULES),
}
"""What each kind of method is held against."""
