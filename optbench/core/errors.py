"""What can go wrong, each with the exit code of the command line.

0 all runs ended ok or diverged; 1 some failed, crashed or timed out; 2 usage or refused input; 3 our own error or a missing
part of the environment; 4 store locked or corrupt; 5 nothing selected; 130 interrupted.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class OptbenchError(Exception):
    """An error that optbench explains: the rule, the value, the remedy. Exit code 3."""

    exit_code = 3


class UsageError(OptbenchError):
    """A name, value or option that cannot be accepted."""

    exit_code = 2


class DataError(OptbenchError):
    """A dataset that breaks a rule; the message names the file and, where there is one, the row."""

    exit_code = 2


class PluginError(OptbenchError):
    """Plugins that cannot live together, or one that breaks the contract."""

    exit_code = 2


class StoreError(OptbenchError):
    """A store that is locked, corrupt or of another version."""

    exit_code = 4


class NothingSelected(OptbenchError):
    """The selection names no run."""

    exit_code = 5


class MissingExtra(OptbenchError):
    """Something optional that is not here, a library or a model; the message says how to get it."""


def nearest(name: str, known: Iterable[str]) -> str:
    """`"; did you mean 'adam'?"`, or the empty string where nothing known is near."""
    close = difflib.get_close_matches(name.lower(), sorted(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
