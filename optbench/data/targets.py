"""Files of frozen targets: JSON, beside the file of a suite or in the folder of a dataset."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optbench.core.errors import DataError
from optbench.core.files import write_atomically
from optbench.core.targets import Target
from optbench.core.workload import Workload

NAME = "targets.json"
"""The file in the folder of a dataset."""


def beside(suite: Path) -> Path:
    """Return the file of the targets of a suite: `core.targets.json` for `core.toml`."""
    return suite.with_suffix(f".{NAME}")


def read_targets(path: Path) -> dict[Workload, Target]:
    """Return the targets in a file; none where there is no such file.

    Raises:
        DataError: the file breaks a rule.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["targets"]
        return {Workload.from_json(entry["workload"]): Target.from_json(entry["target"]) for entry in entries}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{path} is no file of targets ({error}); 'optbench targets --export {path}' writes one") from error


def targets_text(targets: Mapping[Workload, Target]) -> str:
    """Return the content of a file of targets."""
    entries: list[dict[str, Any]] = [
        {"workload": workload.as_json(), "target": target.as_json()} for workload, target in sorted(targets.items())
    ]
    return json.dumps({"targets": entries}, indent=1, ensure_ascii=False) + "\n"


def write_targets(path: Path, targets: Mapping[Workload, Target]) -> None:
    """Write a file of targets, atomically."""
    write_atomically(path, targets_text(targets).encode())
