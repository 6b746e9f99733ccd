"""The errors that optbench raises, each with the exit code of the command line.

0: all runs ok or diverged; 1: some failed, crashed or timed out; 2: usage, rejected input, or a server or model of the user's
that is not there; 3: an error in optbench or a missing part of the environment; 4: store locked or corrupt; 5: nothing
selected; 130: interrupted.
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


LONGEST_SHOWN = 60
"""The largest number of characters of a value that a message shows."""


def shown(value: object) -> str:
    """Return a value as messages show it: quoted if it is a text, at most 60 characters of it, the unprintable ones escaped."""
    if isinstance(value, str):
        return repr(value[:LONGEST_SHOWN]) + ("…" if len(value) > LONGEST_SHOWN else "")
    text = repr(value)
    return printable(text[:LONGEST_SHOWN]) + ("…" if len(text) > LONGEST_SHOWN else "")


def printable(text: str) -> str:
    """Return `text` with escapes in place of characters that cannot be printed: a file's name may contain a line feed."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
