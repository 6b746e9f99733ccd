"""Files of studies: JSON, beside the file of a suite whose tuned settings come with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from optbench.core.errors import DataError
from optbench.core.files import write_atomically
from optbench.core.specs import canonical
from optbench.core.studies import Study


def beside(suite: Path) -> Path:
    """Return the file of the studies of a suite: `core.studies.json` for `core.toml`."""
    return suite.with_suffix(".studies.json")


def read_studies(path: Path) -> dict[str, Study]:
    """Return the studies in a file by key; none where there is no such file.

    Raises:
        DataError: the file breaks a rule.
    """
    try:
        return studies_in(json.loads(path.read_text(encoding="utf-8"))["studies"])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{path} is no file of studies ({error}); 'optbench tune --export {path}' writes one") from error


def studies_in(entries: Iterable[Mapping[str, Any]]) -> dict[str, Study]:
    """Return the studies in their JSON form by key."""
    return {study.key: study for study in map(Study.from_json, entries)}


def write_studies(path: Path, studies: Iterable[Study], made: Mapping[str, Any]) -> None:
    """Write a file of studies, atomically: one line per study, sorted.

    Args:
        path: the file.
        studies: what was tuned.
        made: when, with what and where, as plain values.
    """
    lines = ",\n".join(canonical(study.as_json()) for study in sorted(studies, key=_order))
    write_atomically(path, f'{{"made": {canonical(made)},\n"studies": [\n{lines}\n]}}\n'.encode())


def _order(study: Study) -> tuple[Any, ...]:
    return study.workload, study.label, study.number, study.key
