"""The command line. Its modules import nothing heavy at the top, so that `optbench --help` answers at once."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import rich_click as click
from click.exceptions import Exit

import optbench
from optbench.cli import (
    compare,
    completion,
    doctor,
    importance,
    listing,
    plugin,
    rank,
    report,
    run,
    sensitivity,
    show,
    targets,
    tune,
    verify,
)
from optbench.cli.console import say
from optbench.cli.data import data
from optbench.cli.options import plugin_option
from optbench.core.errors import OptbenchError

INTERRUPTED = 130
OUR_ERROR = 3


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(optbench.__version__, prog_name="optbench")
@plugin_option
def cli() -> None:
    """Is this optimizer really better than Adam, and why?

    'optbench run --all' runs every optimizer on every architecture and embedder, keeps the results in .optbench/runs.sqlite
    and writes reports/index.html. What is stored is not run again.
    """


for command in (
    run.run,
    tune.tune,
    targets.targets,
    rank.rank,
    sensitivity.sensitivity,
    importance.importance,
    listing.list_methods,
    listing.plugins,
    show.show,
    report.report,
    compare.compare,
    verify.verify,
    doctor.doctor,
    data,
    plugin.plugin,
    completion.completion,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line and exit with its code."""
    warnings.showwarning = _warn
    try:
        code = cli.main(standalone_mode=False)
    except OptbenchError as error:
        say(f"error: {error}")
        code = error.exit_code
    except Exit as error:
        code = error.exit_code
    except click.Abort as error:
        # click turns an EOFError into Abort too. No command prompts, so that one is an error of ours and not Ctrl-C.
        code = INTERRUPTED
        if isinstance(error.__context__, EOFError):
            code = OUR_ERROR
            _fault(error.__context__)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except Exception as error:  # noqa: BLE001  # reported in one line, with the traceback on request
        code = OUR_ERROR
        _fault(error)
    sys.exit(code if isinstance(code, int) else 0)


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    say(f"warning: {' '.join(str(message).split())}")


def _fault(error: Exception) -> None:
    import os
    import traceback

    if os.environ.get("OPTBENCH_TRACEBACK"):
        traceback.print_exception(error)
    say(f"error: an error in optbench, {type(error).__name__}: {error}; OPTBENCH_TRACEBACK=1 shows where")
