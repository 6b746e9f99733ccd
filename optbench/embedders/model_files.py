"""The files of a neural encoder: their folder and their digest."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from fnmatch import fnmatch
from functools import lru_cache
from importlib.metadata import packages_distributions, version
from pathlib import Path

from optbench import MissingExtra, OptbenchError

NOT_READ = ("*.md", "*.h5", "*.ot", "*.msgpack", "*.onnx", "onnx/*", "openvino/*", ".*")
"""Files of a model that torch does not read: documentation, and the same weights for other frameworks."""
WEIGHTS = "model.safetensors"
"""The file of the weights."""
PICKLED = "pytorch_model*.bin"
"""Weights as a pickle, which may run code: ignored if the model has weights as safetensors."""


def resolve(model: str, revision: str | None = None, *, local_files_only: bool = False) -> Path:
    """Return the folder of a model: `model` itself if it is one, else a snapshot from the Hub, downloaded if necessary.

    Raises:
        MissingExtra: sentence-transformers is not installed, or the model is not available; the message says what to do.
        OptbenchError: there is no such folder.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        if revision is not None:
            raise OptbenchError(f"{model} is a folder and has no revision {revision!r}; omit the revision")
        return folder.resolve()
    if model.startswith((".", "/", "~")) or model.count("/") > 1:
        raise OptbenchError(f"there is no folder {model}; give the folder of a model, or a name such as OWNER/MODEL")
    return _download(model, revision, local_files_only=local_files_only)


def model_digest(folder: Path) -> str:
    """Return the SHA-256 of a model: of the names and contents of its files, sorted, without files that torch does not read.

    Raises:
        OptbenchError: a file cannot be read.
    """
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    kept = [name for name in names if not _ignored(name, names)]
    try:
        return _digest(folder, tuple((name, *_stamp(folder / name)) for name in kept))
    except OSError as error:
        raise OptbenchError(f"{error.filename}, a file of the model, cannot be read: {error.strerror}") from error


def weights_digest(folder: Path) -> str | None:
    """Return the SHA-256 of the file of a model's weights; None if they are not in the usual one."""
    path = folder / WEIGHTS
    if not path.exists():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def model_name(model: str) -> str:
    """Return the name under which a model is recorded: that on the Hub, that of the package that contains it, or its folder's.

    A folder within a Python package is recorded as `DISTRIBUTION VERSION: FOLDER`, since folders in packages are called model.
    """
    folder = Path(model).expanduser()
    if not folder.is_dir():
        return model
    folder = folder.resolve()
    package = next((parent for parent in reversed(folder.parents) if (parent / "__init__.py").exists()), None)
    distributions = packages_distributions().get(package.name, []) if package else []
    if not package or not distributions:
        return folder.name
    return f"{distributions[0]} {version(distributions[0])}: {folder.relative_to(package.parent).as_posix()}"


def first_line(error: Exception) -> str:
    """Return an error's type and first line: the rest of a library's message repeats what ours says."""
    return f"{type(error).__name__}: {error}".strip().partition("\n")[0]


def missing_extra() -> MissingExtra:
    """Return the error that says which extra to install."""
    return MissingExtra("the embedder sentence-transformer needs its libraries: pip install 'optbench[embed]'")


@lru_cache(maxsize=8)
def _download(model: str, revision: str | None, *, local_files_only: bool) -> Path:
    """Return a snapshot from the Hub; weights as a pickle are downloaded only if there are no others."""
    try:
        from huggingface_hub import snapshot_download  # needs an extra
        from huggingface_hub.utils import disable_progress_bars
    except ImportError as error:
        raise missing_extra() from error
    if not sys.stderr.isatty():
        disable_progress_bars()
    where = {"repo_id": model, "revision": revision, "local_files_only": local_files_only}
    try:
        folder = Path(snapshot_download(**where, ignore_patterns=[*NOT_READ, PICKLED]))
        if not any(folder.glob("*.safetensors")):
            folder = Path(snapshot_download(**where, ignore_patterns=[*NOT_READ]))
    except Exception as error:  # its type depends on the versions of the library and of its transport
        what = f"{model!r} at revision {revision!r}" if revision else repr(model)
        raise MissingExtra(
            f"model {what} is not available ({first_line(error)}); check its name (OWNER/MODEL), the revision and the "
            "network, or give the folder of a downloaded model"
        ) from error
    return folder


@lru_cache(maxsize=8)
def _digest(folder: Path, files: tuple[tuple[str, int, int], ...]) -> str:
    """Hash the files; their sizes and times are part of the cache's key, so that unchanged files are read once per process."""
    total = hashlib.sha256()
    for name, _, _ in files:
        with (folder / name).open("rb") as file:
            total.update(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n".encode())
    return total.hexdigest()


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _ignored(name: str, names: Sequence[str]) -> bool:
    if fnmatch(name, PICKLED):
        return any(fnmatch(other, "*.safetensors") and "/" not in other for other in names)
    return any(fnmatch(name, pattern) for pattern in NOT_READ)
