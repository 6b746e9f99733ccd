"""`optbench completion`."""

from __future__ import annotations

import rich_click as click
from click.shell_completion import get_completion_class

from optbench.cli.console import out


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the shell completion script.

    For bash: eval "$(optbench completion bash)"
    """
    from optbench.cli import cli  # not at the top, because that module imports this one

    made = get_completion_class(shell)
    if made is not None:
        out(made(cli, {}, "optbench", "_OPTBENCH_COMPLETE").source())
