"""Datasets, versions and machines: what is needed to repeat the runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import optbench
from optbench.core.specs import RunResult, canonical, digest_of
from optbench.report.contents import Contents, Part
from optbench.report.sections import Section, Table


def part(contents: Contents) -> Part:
    """Return the section."""
    results = contents.results
    digest = digest_of(sorted([result.spec.key, result.status, result.digest or ""] for result in results))
    rows = [
        *((f"Dataset {name}", f"SHA-256 {sha256}") for name, sha256 in _datasets(results)),
        ("Runs", f"SHA-256 of all keys, statuses and digests: {digest}. 'optbench verify FILE', this page, runs them again."),
        ("optbench", optbench.__version__),
        *((f"{count} run{'s' if count != 1 else ''}", _written(found)) for found, count in _fingerprints(results)),
    ]
    return Part("plain.html.j2", Section("Data and environment", [Table(("Item", "Value"), rows)]), "environment")


def _datasets(results: Iterable[RunResult]) -> list[tuple[str, str]]:
    return sorted({(result.spec.dataset, result.spec.dataset_digest) for result in results})


def _fingerprints(results: Iterable[RunResult]) -> list[tuple[Mapping[str, Any], int]]:
    """Return each environment in which runs were computed, and their number."""
    found: dict[str, tuple[Mapping[str, Any], int]] = {}
    for result in results:
        if result.fingerprint:
            text = canonical(dict(result.fingerprint))
            found[text] = (result.fingerprint, found.get(text, ({}, 0))[1] + 1)
    return [found[text] for text in sorted(found)]


def _written(fingerprint: Mapping[str, Any]) -> str:
    return "; ".join(f"{name} {_value(value)}" for name, value in sorted(fingerprint.items()))


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{name} {_value(one)}" for name, one in sorted(value.items()))
    return ", ".join(map(_value, value)) if isinstance(value, list | tuple) else str(value)
