"""What simple models reach on each dataset, beside the best network of the page."""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import suppress

from optbench.core.errors import OptbenchError
from optbench.core.specs import RunResult
from optbench.curation.table_baselines import measure_name
from optbench.planning.datasets import find_dataset
from optbench.registry import Registry
from optbench.report.contents import Contents, Part
from optbench.report.sections import Section, Table, Text, paragraph


def published_baselines(registry: Registry, results: Iterable[RunResult]) -> dict[tuple[str, str], dict[str, float]]:
    """Return the quality of each simple model that a dataset publishes, by the digest of the dataset and what the quality is.

    A dataset that is not here any more, has other rows now or another division of its rows has no entry.
    """
    found: dict[tuple[str, str], dict[str, float]] = {}
    for digest, label in sorted({(result.spec.dataset_digest, result.labels.dataset) for result in results}):
        with suppress(OptbenchError):
            dataset = find_dataset(registry, label)
            measured = dataset.manifest.baselines
            if measured and dataset.digest == digest and not dataset.split:
                found[digest, measure_name(dataset.manifest)] = measured
    return found


def part(contents: Contents) -> Part:
    """Return the section."""
    best = _best(contents)
    rows = []
    above: list[str] = []
    for (name, digest, measure), (quality, network) in sorted(best.items()):
        for model, value in sorted(contents.baselines.get((digest, measure), {}).items(), key=lambda item: -item[1]):
            rows.append((name, measure, model, value, quality))
            if value > quality:
                above.append(f"{model} on {name} ({value:.3f}; {network} {quality:.3f})")
    blocks: list[Text | Table] = [
        Table(
            ("Dataset", "Quality", "Simple model", "On the test rows", "Best network on this page"),
            rows,
            "Each simple model is fitted to the training rows and measured on the test rows; networks: median over seeds.",
        )
    ]
    if above:
        blocks.append(paragraph(f"Simple models above the best network of this page: {'; '.join(above)}."))
    blocks.append(
        paragraph(
            """All results on a dataset depend on one division of its rows into training, validation and test. The division is
            among the largest sources of variance, and one division does not show it; [split=1] after the name is another."""
        )
    )
    return Part("plain.html.j2", Section("What simple models reach", blocks), "simple-models")


def _best(contents: Contents) -> dict[tuple[str, str, str], tuple[float, str]]:
    """Return for each dataset, by name, digest and quality, the highest median, and which network and optimizer have it."""
    best: dict[tuple[str, str, str], tuple[float, str]] = {}
    for table in contents.tables:
        for row in table.rows:
            spec = row.runs[0].spec
            key = (spec.dataset, spec.dataset_digest, table.quality)
            quality = row.scores["test_quality"].median
            if quality > best.get(key, (-math.inf, ""))[0]:
                best[key] = (quality, f"{table.architecture} on {table.embedder} with {row.label}")
    return best
