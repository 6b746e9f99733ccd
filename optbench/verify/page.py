"""Finding the manifest in the HTML of a report."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from optbench.core.errors import UsageError
from optbench.core.files import read_bytes
from optbench.core.specs import RunResult
from optbench.verify.manifest import ELEMENT
from optbench.verify.recorded import recorded_runs

LARGEST = 2**29
"""The size of the largest file that is read, 512 MiB: a report of 1,320 runs has 10 MB."""

# A browser that saves a page may reorder attributes. Text on the page cannot contain such a tag: the report escapes all of it.
_START = re.compile(rb"<script\b[^<>]{0,200}\bid=[\"']?" + ELEMENT.encode() + rb"[\"']?[^<>]{0,200}>", re.IGNORECASE)
_END = re.compile(rb"</script\s*>", re.IGNORECASE)
_REPORTS = "reports that this version of optbench writes have one; 'optbench report' writes that of a store again"
_STORE = b"SQLite format 3\0"


def runs_of_page(path: Path) -> list[RunResult]:
    """Return the runs of a report, without seconds, sketches and measurements.

    Nothing of the page is executed, and its names select among the installed components only.

    Raises:
        UsageError: the file is no report, or its manifest is missing, incomplete, changed, or of a newer version.
        DataError: the file cannot be read.
    """
    content = _content(path)
    if content.startswith(_STORE):
        raise UsageError(f"{path} is an SQLite file, not a report; 'optbench verify --store {path}' verifies a store")
    starts = list(_START.finditer(content))
    if not starts:
        raise UsageError(f"{path} has no manifest of runs; {_REPORTS}")
    if len(starts) > 1:
        raise UsageError(f"{path} has {len(starts)} manifests of runs, and a report has one; verify the original file")
    end = _END.search(content, starts[0].end())
    if end is None:
        raise UsageError(f"the manifest of {path} has no end: the file is incomplete; get it again from where it came from")
    try:
        text = content[starts[0].end() : end.start()].decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"the manifest of {path} is not UTF-8 (byte {error.start}); get the file again, unchanged") from error
    return recorded_runs(text, str(path))


def _content(path: Path) -> bytes:
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"{path} is not a regular file; a report is one HTML file")
    if found.st_size > LARGEST:
        raise UsageError(
            f"{path} has {found.st_size} bytes, and a report at most {LARGEST}; --store verifies the store instead"
        )
    return read_bytes(path)
