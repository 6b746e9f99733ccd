"""The data card of a dataset, in Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from optbench.curation.croissant import COLUMNS, citation
from optbench.data.manifest import SPLITS, Manifest
from optbench.data.rows import Row, columns

NAME = "README.md"
LARGE = 1000
"""From here on, numbers have four digits instead of three places."""


def tally(splits: Mapping[str, list[Row]]) -> dict[str, Any]:
    """Return the numbers of questions, rows, labels, topics and kinds, the columns, and the mean lengths of answers."""
    rows = [row for name in SPLITS for row in splits[name]]
    return {
        "questions": len({row.question for row in rows}),
        "columns": columns(rows),
        "rows": {name: len(splits[name]) for name in SPLITS},
        "labels": {str(label): sum(row.label == label for row in rows) for label in (1, -1)},
        "topics": dict(sorted(Counter(row.topic for row in rows if row.topic).items())),
        "kinds": dict(sorted(Counter(row.kind for row in rows if row.kind).items())),
        "lengths": {str(label): _mean(len(row.answer) for row in rows if row.label == label) for label in (1, -1)},
    }


def data_card(manifest: Manifest, counts: Mapping[str, Any]) -> str:
    """Return the card of a dataset.

    Args:
        manifest: its manifest.
        counts: the result of `tally`.
    """
    return "\n\n".join(section.strip() for section in _sections(manifest, counts, manifest.figures)) + "\n"


def _sections(manifest: Manifest, counts: Mapping[str, Any], figures: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {manifest.title or manifest.name}"
    facts = {
        "name": f"{manifest.name}, version {manifest.version}",
        "language": manifest.language,
        "licence": manifest.licence,
        "published": manifest.published,
        "address": manifest.url,
        "questions": counts["questions"],
        "rows": f"{sum(counts['rows'].values())}: {counts['labels']['1']} right, {counts['labels']['-1']} wrong",
        "mean length of an answer": f"{counts['lengths']['1']} characters if right, {counts['lengths']['-1']} if wrong",
        "digest": f"`{manifest.digest}`",
    }
    yield table(("", ""), ((key, value) for key, value in facts.items() if value))
    if manifest.made:
        yield f"## How it was made\n\n{manifest.made}"
    if manifest.generated:
        yield "## Generation\n\n" + table(("", ""), manifest.generated.facts.items())
    yield "## Splits\n\n" + table(
        ("split", "rows", "file", "SHA-256"),
        ((name, split.rows, split.file, f"`{split.sha256}`") for name, split in sorted(manifest.splits.items(), key=_in_order)),
    )
    yield "## Columns\n\n" + table(("column", "meaning"), ((name, COLUMNS[name]) for name in counts["columns"]))
    for title, key in (("Topics", "topics"), ("Kinds", "kinds")):
        if counts[key]:
            yield f"## {title}\n\n" + table((key.removesuffix("s"), "rows"), counts[key].items())
    if manifest.vectors:
        yield "## Vectors\n\n" + table(
            ("name", "dimension", "file", "description", "SHA-256"),
            ((name, v.dimension, v.file, v.description, f"`{v.sha256}`") for name, v in sorted(manifest.vectors.items())),
        )
    if manifest.tried:
        head = tuple(dict.fromkeys(name for row in manifest.tried for name in row))
        yield "## What was tried\n\n" + table(head, ([row.get(name, "") for name in head] for row in manifest.tried))
    if figures:
        yield "## Figures\n\n" + table(("measurement", "value"), flat(figures))
    yield f"## Use\n\n```bash\noptbench data verify {manifest.name}\noptbench run --all -d {manifest.name}\n```"
    yield f"## Citation\n\n```bibtex\n{citation(manifest)}\n```"


def _in_order(item: tuple[str, Any]) -> int:
    return SPLITS.index(item[0])


def table(head: tuple[str, ...], rows: Iterable[Iterable[Any]]) -> str:
    """Return a table in Markdown."""
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in (head, ("---",) * len(head), *rows))


def _cell(value: Any) -> str:
    text = _number(value) if isinstance(value, float) else " ".join(str(value).split())
    return text.replace("|", "\\|")


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < LARGE else f"{value:.4g}"


def flat(figures: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the name and value of each measurement."""
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}, ")
        else:
            yield f"{prefix}{name}", value


def _mean(lengths: Iterable[int]) -> int:
    values = list(lengths)
    return round(sum(values) / len(values)) if values else 0
