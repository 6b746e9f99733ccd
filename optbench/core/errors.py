"""The errors that optbench raises, each with the exit code of the command line.

0: all runs ok or diverged; 1: some failed, crashed or timed out; 2: usage, rejected input, or a server or model of
the user's that is not there; 3: an error in optbench or a missing part of the environment; 4: store locked or corrupt; 5: nothing selected; 130: interrupted.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class OptbenchError(Exception):
    """An error whose message states the rule, the value and the remedy. Exit code 3."""

    exit_code = 3


class UsageError(OptbenchError):
    """An invalid name, value or option."""

    exit_code = 2


class DataError(OptbenchError):
    """An invalid dataset; the message names the file and, where there is one, the row."""

    exit_code = 2


class PluginError(OptbenchError):
    """A plugin that violates the contract, or plugins that conflict."""

    exit_code = 2


class StoreError(OptbenchError):
    """A store that is locked, corrupt or of another version."""

    exit_code = 4


class NothingSelected(OptbenchError):
    """The selection contains no run."""

    exit_code = 5


class MissingExtra(OptbenchError):
    """An optional library or model that is not installed; the message says how to install it."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `"; did you mean 'adam'?"` with the known name that is most similar; empty if none is similar."""
    close = difflib.get_close_matches(name.lower(), sorted(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
