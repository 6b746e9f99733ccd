"""Descriptions of the optimizers in a report."""

from __future__ import annotations

from collections.abc import Iterable

from optbench.analysis.grouping import variant_of
from optbench.core.specs import RunResult
from optbench.method_docs import ComponentDoc, StateSize, component_doc
from optbench.registry import Registry


def method_docs(results: Iterable[RunResult], registry: Registry) -> dict[str, ComponentDoc]:
    """Return the description of each optimizer that is installed, with the size of its largest state.

    Returns:
        The descriptions, by the canonical JSON of the `Choice`; they mention its wrappers.
    """
    found: dict[str, ComponentDoc] = {}
    for result in sorted(results, key=lambda result: result.measured.weights or 0, reverse=True):
        optimizer, choice = variant_of(result).optimizer, result.spec.optimizer
        if optimizer in found or choice.name not in registry.names("optimizer"):
            continue
        size, weights = result.measured.state_bytes, result.measured.weights
        state = (
            None
            if size is None or weights is None
            else StateSize(size, weights, result.spec.dtype, result.measured.scratch_bytes or 0)
        )
        own = component_doc(registry.find("optimizer", choice.name), "optimizer", state)
        wrappers = [wrapper.name for wrapper in choice.wrappers if wrapper.name in registry.names("wrapper")]
        found[optimizer] = own.within([component_doc(registry.find("wrapper", name), "wrapper") for name in wrappers])
    return found
