"""The description of a dataset in the format Croissant 1.1, so that other tools can find, validate and read it.

Akhtar et al. 2024, DEEM, arXiv:2403.19546; http://mlcommons.org/croissant/1.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from optbench.curation.croissant_context import CONTEXT
from optbench.data.columns import Columns
from optbench.data.manifest import SPLITS, Manifest, SplitFile, VectorFile

NAME = "croissant.json"
COLUMNS = {
    "question": "A question.",
    "answer": "An answer to the question, right or wrong.",
    "label": "1 if the answer is right, -1 if it is wrong.",
    "topic": "The topic of the question.",
    "kind": "Why the incorrect answer to the question is wrong.",
    "group": "The group of the question; all questions of a group are in one split.",
    "asks": "The type of the question, such as who or when.",
    "tells": "The type of the answer, with the same values.",
}
"""The meaning of each column of a split's file."""
KNOWN_LICENCES = frozenset({"Apache-2.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0", "MIT", "ODbL-1.0", "PDDL-1.0"})
"""Licences that are written as their SPDX address, as Croissant recommends; any other is written as it is."""
_WITHOUT_TITLE = {"texts": "Question-answer pairs.", "table": "A table of numbers."}
_ROLES = {"train": "TrainingSplit", "validation": "ValidationSplit", "test": "TestSplit"}


def croissant(manifest: Manifest, columns: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the JSON-LD of a dataset: each file with its SHA-256, each split as a set of records.

    Args:
        manifest: its manifest.
        columns: the columns of each split's file.
    """
    splits = {name: manifest.splits[name] for name in SPLITS}
    about = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": manifest.name,
        "description": " ".join(filter(None, (_sentence(manifest.title), manifest.made))) or _WITHOUT_TITLE[manifest.kind],
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "version": manifest.version,
        "url": manifest.url,
        "datePublished": manifest.published,
        "inLanguage": manifest.language,
        "license": _licence(manifest.licence),
        "citeAs": citation(manifest),
        "rai:dataCollection": _collection(manifest),
        "distribution": [
            *(_rows_file(name, split) for name, split in splits.items()),
            *(_vector_file(name, vectors) for name, vectors in sorted(manifest.vectors.items())),
        ],
        "recordSet": [_splits(manifest), *(_records(manifest, name, split, columns[name]) for name, split in splits.items())],
    }
    return {key: value for key, value in about.items() if value}


def citation(manifest: Manifest) -> str:
    """Return the citation in the manifest or, if it is empty, a BibTeX entry with the digest of the rows."""
    if manifest.citation:
        return manifest.citation
    entries = {
        "title": manifest.title or manifest.name,
        "version": manifest.version,
        "year": manifest.published[:4],
        "url": manifest.url,
        "note": f"SHA-256 {manifest.digest}",
    }
    fields = ", ".join(f"{key} = {{{value}}}" for key, value in entries.items() if value)
    return f"@misc{{{manifest.name}-{manifest.version}, {fields}}}"


def meaning(table: Columns | None, column: str) -> str:
    """Return the meaning of a column of a split's file.

    Args:
        table: the columns of a table; None for texts.
        column: the column's name.
    """
    if table is None:
        return COLUMNS[column]
    if table.classes and column in table.targets:
        return f"The number of the class: {', '.join(f'{number} {name}' for number, name in enumerate(table.classes))}."
    roles = ((table.features, "a feature"), (table.targets, "a target"))
    return f"A number: {' and '.join(role for names, role in roles if column in names)}."


def _identifiers(columns: Sequence[str]) -> list[str]:
    """Return an identifier for each column, all different: its name, with _ for what readers do not take, such as spaces.

    None is `split`, the field that names the split.
    """
    plain = [re.sub(r"[^\w.-]+", "_", column) for column in columns]
    used = {"split", *plain}
    found = []
    for place, one in enumerate(plain, start=1):
        own = one if plain.count(one) == 1 and one != "split" else f"{one}_{place}"
        while own != one and own in used:
            own += "_"
        used.add(own)
        found.append(own)
    return found


def _type(table: Columns | None, column: str) -> str:
    if table is None:
        return "sc:Integer" if column == "label" else "sc:Text"
    return "sc:Integer" if table.classes and column in table.targets else "sc:Float"


def _rows_file(name: str, split: SplitFile) -> dict[str, Any]:
    return _file(split, f"The rows of the split {name}: {split.rows}.", "text/csv")


def _vector_file(name: str, vectors: VectorFile) -> dict[str, Any]:
    text = f"The vectors {name} of all texts, {vectors.dimension} numbers each, as a NumPy npz file. {vectors.description}"
    return _file(vectors, text, "application/zip")


def _file(entry: SplitFile | VectorFile, description: str, encoding: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": entry.file,
        "name": entry.file,
        "description": description,
        "contentUrl": entry.file,
        "encodingFormat": encoding,
        "sha256": entry.sha256,
    }


def _splits(manifest: Manifest) -> dict[str, Any]:
    inseparable = "a question is" if manifest.columns is None else "rows of equal features are"
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": f"The splits; {inseparable} in one of them only.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            {"@type": "cr:Field", "@id": "splits/name", "name": "name", "dataType": "sc:Text"},
            {"@type": "cr:Field", "@id": "splits/url", "name": "url", "dataType": "sc:URL"},
        ],
        "data": [{"splits/name": name, "splits/url": f"{CONTEXT['cr']}{_ROLES[name]}"} for name in SPLITS],
    }


def _records(manifest: Manifest, name: str, split: SplitFile, columns: Sequence[str]) -> dict[str, Any]:
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{name}/{identifier}",
            "name": column,
            "description": meaning(manifest.columns, column),
            "dataType": _type(manifest.columns, column),
            "source": {"fileObject": {"@id": split.file}, "extract": {"column": column}},
        }
        for identifier, column in zip(_identifiers(columns), columns, strict=True)
    ]
    split_name = {
        "@type": "cr:Field",
        "@id": f"{name}/split",
        "name": "split",
        "description": "The name of the split, the same for all rows of a file.",
        "dataType": "sc:Text",
        "value": name,
    }
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"The rows of the split {name}.",
        "field": [*fields, split_name],
    }


def _collection(manifest: Manifest) -> str:
    """How the texts were generated, for Croissant's vocabulary of responsible AI; empty where no model wrote them."""
    facts = manifest.generated.facts if manifest.generated else {}
    return "; ".join(f"{name}: {value}" for name, value in facts.items())


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _licence(licence: str) -> str:
    return f"https://spdx.org/licenses/{licence}.html" if licence in KNOWN_LICENCES else licence
