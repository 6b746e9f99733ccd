"""The hooks: signatures and docstrings, no logic.

A plugin is a module with functions of these names, each marked `@optbench.hookimpl`. An entry point in the group `optbench`
names the module. The built-in components are registered in the same way. pluggy calls the hooks, so that a function marked
`@optbench.hookimpl(wrapper=True)` can change what the functions of other plugins return.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optbench.core.contracts import Architecture, Dataset, Embedder, Loss, Optimizer, Suite, Wrapper

PROJECT = "optbench"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def optbench_optimizers() -> Sequence[type[Optimizer]]:
    """Return optimizer classes."""


@hookspec
def optbench_wrappers() -> Sequence[type[Wrapper]]:
    """Return wrapper classes, which change the steps of an optimizer, such as a schedule of its learning rate."""


@hookspec
def optbench_architectures() -> Sequence[type[Architecture]]:
    """Return architecture classes."""


@hookspec
def optbench_embedders() -> Sequence[type[Embedder]]:
    """Return embedder classes."""


@hookspec
def optbench_losses() -> Sequence[type[Loss]]:
    """Return loss classes: each is the last activation of a network and its loss together."""


@hookspec
def optbench_datasets() -> Sequence[type[Dataset]]:
    """Return dataset classes, each with the folder of its files, or classes of generated datasets."""


@hookspec
def optbench_suites() -> Sequence[type[Suite]]:
    """Return suite classes, each with the TOML file of its workloads."""


@hookspec
def optbench_run_done(result: Any) -> None:
    """Receive the `RunResult` of a run that has just been stored."""


@hookspec
def optbench_report_sections(results: Any) -> Sequence[Any]:
    """Return a list of `Section` for the report, made of `Text`, `Table` and `Figure`.

    `results` is a sequence of `RunResult`. A pair of title and text stands for a section with one `Text`.
    """
