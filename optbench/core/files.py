"""Reading files with explained errors, and writing them so that an unfinished file is never seen."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optbench.core.errors import DataError


def read_bytes(path: Path, description: str = "") -> bytes:
    """Return the content of a file.

    Args:
        path: the file.
        description: what it is, for the message, such as "listed in the manifest".

    Raises:
        DataError: it cannot be read; the message names the file and the reason.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}{f' ({description})' if description else ''} cannot be read: {error.strerror}") from error


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to a temporary file in the same folder, flush it to the disk, and rename it to `path`.

    Raises:
        OSError: it cannot be written; the temporary file is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:64]}-", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes `folder` when the context ends, in place of one that is there.

    Raises:
        OSError: it cannot be created or renamed. After any exception the temporary folder is removed, and `folder` unchanged.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name[:64]}-", dir=folder.parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        if folder.is_dir():
            shutil.rmtree(folder)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
