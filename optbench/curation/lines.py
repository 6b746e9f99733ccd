"""Lines of a text file that may be anything: no more than one line, of limited length, is in memory."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from optbench.core.errors import DataError, printable, shown
from optbench.data.records import LineError

LONGEST_LINE = 2**20
"""The largest number of bytes of a line: that of six texts of the largest length, in JSON's escapes, is smaller."""
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading.

    Raises:
        DataError: it cannot be read, or is not a regular file; also when it cannot be read on.
    """
    name = printable(str(path))
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for its writer.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise DataError(
                    f"{name} cannot be read: it is {_kind(mode)}, not a file; save the rows to a file, and name that"
                )
            yield file
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror}") from error


def byte_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file, each with its line feed.

    Raises:
        LineError: a line is longer than `LONGEST_LINE`.
    """
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise LineError(_why_so_long(line))
        yield line


def text_lines(file: BinaryIO) -> Iterator[str]:
    """Yield the lines of a text file in UTF-8, each with a line feed even where all end with CR LF.

    A byte-order mark at the start and empty lines at the end are skipped.

    Raises:
        LineError: a line is too long, is not UTF-8, or contains a NUL character or a carriage return.
    """
    crlf: bool | None = None
    empty = 0
    for number, raw in enumerate(byte_lines(file)):
        line = raw
        if number == 0:
            if raw.startswith(_UTF_16):
                raise LineError("the file is in UTF-16; save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')")
            line = raw.removeprefix(_BOM)
            crlf = line.endswith(b"\r\n")
        if crlf and line.endswith(b"\r\n"):
            line = line[:-2] + b"\n"
        elif crlf and line.endswith(b"\n"):
            raise LineError("it ends with LF, those before with a carriage return and LF; all lines must end alike")
        _check(line)
        if not line.strip():
            empty += 1
            continue
        while empty:
            empty -= 1
            yield "\n"
        yield _decoded(line)


def _kind(mode: int) -> str:
    return "a pipe" if stat.S_ISFIFO(mode) else "a device"  # opening a folder or a socket has failed before


def _check(line: bytes) -> None:
    if b"\0" in line:
        raise LineError("it contains a NUL character; remove it, or save the file as UTF-8 text")
    if b"\r" in line:
        raise LineError("it contains a carriage return (all lines must end with LF, or all with CR LF); remove it")


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        byte = line[error.start]
        raise LineError(
            f"byte {error.start + 1} of the line, 0x{byte:02x}, is not UTF-8; save the file as UTF-8 "
            "(in a spreadsheet: 'CSV UTF-8')"
        ) from error


def _why_so_long(line: bytes) -> str:
    _check(line)
    start = line[:400].decode(errors="replace").lstrip("\ufeff")
    return (
        f"the line is longer than {LONGEST_LINE:,} bytes and begins with {shown(start)}; each row must end with a line feed, "
        "and a text has at most 10,000 characters"
    )
