"""Options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from optbench.cli.console import say
from optbench.planning import defaults

if TYPE_CHECKING:
    from optbench.registry import Registry

F = TypeVar("F", bound=Callable[..., Any])
_BLOCKED = "optbench.blocked"


class Number(click.FloatRange):
    """A number in a range, without NaN, which click's range check accepts."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number; fail for NaN."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


def _block(context: click.Context, _: click.Parameter, values: tuple[str, ...]) -> None:
    names = context.meta.setdefault(_BLOCKED, set())
    for value in values:
        if not value.startswith("no:") or value == "no:":
            raise click.BadParameter(f"{value!r} is not of the form no:NAME")
        names.add(value.removeprefix("no:"))


def plugin_option(command: F) -> F:
    """Add `-p no:NAME`."""
    return click.option(
        "-p",
        "plugins",
        metavar="no:NAME",
        multiple=True,
        expose_value=False,
        callback=_block,
        help="Leave out a plugin, named by itself or by its distribution.",
    )(command)


def blocked() -> frozenset[str]:
    """Return the names used with `-p no:NAME`, before and after the command."""
    context = click.get_current_context(silent=True)
    return frozenset(context.meta.get(_BLOCKED, ()) if context else ())


def store_option(command: F) -> F:
    """Add `--store FILE`."""
    return click.option(
        "--store",
        type=click.Path(dir_okay=False, path_type=Path),
        default=defaults.STORE,
        show_default=True,
        help="The file that keeps the runs.",
    )(command)


def all_sources_option(command: F) -> F:
    """Add `--all-sources`."""
    return click.option(
        "--all-sources",
        is_flag=True,
        help="Include runs computed by a version of the source code other than the installed one.",
    )(command)


def baseline_option(command: F) -> F:
    """Add `--baseline OPT`."""
    return click.option(
        "--baseline",
        metavar="OPT",
        help="The optimizer that the others are compared with, as the table names it. [default: adam, where it was run]",
    )(command)


def json_option(command: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Write JSON Lines to standard output.")(command)


def jobs_option(command: F) -> F:
    """Add `-j N`."""
    return click.option("-j", "--jobs", type=click.IntRange(1), help="Worker processes. [default: one per processor]")(command)


def load_registry(*, with_clashes: bool = False) -> Registry:
    """Return the plugins of this environment, with a line of warning for each that could not be used."""
    from optbench.registry import Registry  # NumPy

    registry = Registry(blocked())
    for plugin in registry.broken():
        say(f"warning: plugin {plugin.name!r} ({plugin.distribution} {plugin.version}) is {plugin.status}: {plugin.error}")
    if not with_clashes:
        registry.refuse_clashes()
    return registry
