"""`optbench plugin`."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click
from click.exceptions import Exit

from optbench.cli.console import json_lines, say
from optbench.cli.options import Number, blocked, json_option, load_registry, plugin_option

if TYPE_CHECKING:
    from optbench.kit.finding import Finding

_TRIAL = {
    "optimizer": "-o {name} -o sgd",
    "architecture": "-m {name} -o adam",
    "wrapper": "-o sgd -o 'sgd|{name}'",
    "loss": "-d diabetes --loss {name} -o adam",
    "embedder": "-e {name} -o adam",
    "dataset": "-d {name} -o adam",
}
"""For each kind, the options of a first run with it."""


@click.group()
def plugin() -> None:
    """Create a plugin, and check one against the contract."""


@plugin.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(list(_TRIAL)), default="optimizer", show_default=True, help="The kind of component.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where to create its folder. [default: the current folder]",
)
@plugin_option
def new(name: str, kind: str, into: Path) -> None:
    """Create a distribution optbench-NAME that installs, runs and passes its tests as it is.

    NAME is the name of the component: lower-case letters, digits and hyphens.
    """
    from optbench.kit.template import new_plugin

    folder = new_plugin(name, kind, into, load_registry(with_clashes=True))
    path = str(folder) if folder.is_absolute() else f"./{folder}"
    say(
        f"{folder}: {kind} {name!r}, which works as it is. Next:\n"
        f"  pip install -e {shlex.quote(f'{path}[test]')}\n"
        f"  optbench plugin check {name}\n"
        f"  pytest {shlex.quote(path)}\n"
        f"  optbench run {_TRIAL[kind].format(name=name)}"
    )


@plugin.command()
@click.argument("package")
@click.option(
    "--timeout",
    type=Number(0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="The time that one check may take.",
)
@json_option
@plugin_option
def check(package: str, timeout: float, as_json: bool) -> None:
    """Check every component of a plugin against the contract; exits with 1 on a violation.

    The checks run in a process of their own: a component that crashes or does not end is reported, and the others are checked.

    PACKAGE is the name of an installed distribution or plugin, or a folder with a pyproject.toml or an __init__.py.
    """
    from optbench.kit.supervision import examined

    findings = examined(package, blocked(), timeout)
    if as_json:
        json_lines(asdict(finding) for finding in findings)
    else:
        _print(findings)
    violations = sum(finding.status == "violation" for finding in findings)
    skipped = sum(finding.status == "skipped" for finding in findings)
    say(f"{package}: {len(findings)} checks, {violations} violations" + (f", {skipped} skipped" if skipped else ""))
    if violations:
        raise Exit(1)


def _print(findings: list[Finding]) -> None:
    from optbench.cli.tables import print_table

    rows = [
        {"component": f"{f.kind} {f.name}", "check": f.check, "status": f.status, "detail": f.detail, "remedy": f.remedy}
        for f in findings
    ]
    all_hold = not any(finding.detail for finding in findings)
    print_table(rows, without=("detail", "remedy") if all_hold else ())
