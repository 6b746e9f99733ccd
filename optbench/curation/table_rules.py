"""The rules of quality for a table of numbers, and its measurements, which `optbench data verify` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from optbench.core.contracts import Split, TableRows
from optbench.core.errors import shown
from optbench.core.numerics import Array
from optbench.curation.quality_rules import Finding
from optbench.curation.row_rules import FEW
from optbench.curation.table_baselines import condition_numbers
from optbench.curation.table_reading import LARGEST, SIZES, SMALLEST, is_small
from optbench.data.columns import Columns
from optbench.data.generated import GeneratedTable
from optbench.data.loader import FrozenDataset
from optbench.data.manifest import SPLITS
from optbench.data.table import digest_of_rows

OF_SIZE = f"numbers are at most {LARGEST:g} in size, and some number of each column at least {SMALLEST:g}, unless all are 0"
"""The rule without which nothing else can be computed."""
SHIFT = 0.1
"""The largest difference between the share of a class in a split and in the training rows."""
_SHOWN = 5  # names of columns in a message


@np.errstate(over="ignore")  # a difference of numbers that are too large may be infinite
def table_findings(dataset: FrozenDataset) -> list[Finding]:
    """Check a table, frozen or generated, by its rows; one finding per rule.

    Raises:
        DataError: a file is not the one that was frozen, or breaks a rule of form.
    """
    columns, tables = dataset.manifest.table_columns, dataset.tables
    return [
        *([_same_again(dataset)] if isinstance(dataset, GeneratedTable) else []),
        _sizes(tables, columns),
        _rows(tables),
        _disjoint(tables),
        *([_every_class(tables, columns), _shares(tables, columns)] if columns.classes else [_targets_vary(tables)]),
    ]


def table_measurements(dataset: FrozenDataset) -> dict[str, str]:
    """Return what is worth knowing of a table and breaks no rule, in words, by name."""
    columns, train = dataset.manifest.table_columns, dataset.tables["train"]
    conditions = condition_numbers(dataset)
    constant = [name for name, one in zip(columns.features, train.features.T, strict=True) if np.ptp(one) == 0.0]
    return {
        "features": str(len(columns.features)),
        "features that are constant in the training rows": _listed(constant),
        "features that equal an earlier one in the training rows": _listed(equal_features(train.features, columns.features)),
        "condition number of the training inputs": ", ".join(f"{value:.4g} {name}" for name, value in conditions.items()),
        **({} if columns.classes else {"targets in the training rows": _range(train.targets)}),
    }


def finite(qualities: Mapping[str, float]) -> Finding:
    """Check that the quality of each simple model, by its name, is a number."""
    wrong = [model for model, value in qualities.items() if not np.isfinite(value)]
    return Finding("the qualities of simple models are finite", not wrong, _listed(wrong) if wrong else "all are")


def equal_features(features: Array, names: list[str]) -> list[str]:
    """Return the names of the columns whose numbers are those of an earlier column, constant ones left out."""
    seen: dict[bytes, str] = {}
    varying = [(name, column) for name, column in zip(names, features.T, strict=True) if np.ptp(column) > 0.0]
    return [name for name, column in varying if seen.setdefault(column.tobytes(), name) != name]


def places(tables: Mapping[Split, TableRows]) -> dict[bytes, list[tuple[Split, int]]]:
    """Return for the features of each row, as bytes, the rows that have them: split and index."""
    found: dict[bytes, list[tuple[Split, int]]] = {}
    for split in SPLITS:
        for index, features in enumerate(tables[split].features):
            found.setdefault(features.tobytes(), []).append((split, index))
    return found


def crossing(tables: Mapping[Split, TableRows]) -> Iterator[tuple[tuple[Split, int], tuple[Split, int]]]:
    """Yield each pair of a row and the first row of an earlier split that has the same features."""
    for rows in places(tables).values():
        first = rows[0]
        yield from ((first, other) for other in rows[1:] if other[0] != first[0])


def _same_again(dataset: GeneratedTable) -> Finding:
    generated = dataset.component.generate()
    changed = [name for name in SPLITS if digest_of_rows(generated[name]) != dataset.manifest.splits[name].numbers]
    measured = f"{', '.join(changed)}: other numbers" if changed else f"digest {dataset.manifest.digest[:16]}"
    return Finding("rows that are generated again are the same", not changed, measured)


def unfit(tables: Mapping[Split, TableRows], columns: Columns) -> str:
    """Return which column has numbers that 32-bit networks cannot compute with, and why; empty where none has."""
    for split, rows in tables.items():
        parts = [(columns.features, rows.features), *([] if columns.classes else [(columns.targets, rows.targets)])]
        for names, numbers in parts:
            for name, values in zip(names, numbers.T, strict=True):
                row = int(np.abs(values).argmax())
                found = f"column {shown(name)}: row {row + 1} of the {split} rows has the largest number, {values[row]:g}"
                if abs(values[row]) > LARGEST:
                    return f"{found}; numbers are at most {LARGEST:g} in size, since {SIZES}"
                if split == "train" and is_small(values):  # what is standardized is divided by the deviation of these
                    return f"{found}; one of them is at least {SMALLEST:g} in size, since {SIZES}"
    return ""


def _sizes(tables: Mapping[Split, TableRows], columns: Columns) -> Finding:
    found = unfit(tables, columns)
    return Finding(OF_SIZE, not found, found or "all do")


def _rows(tables: Mapping[Split, TableRows]) -> Finding:
    total = sum(map(len, tables.values()))
    shares = ", ".join(f"{name} {len(rows)} ({len(rows) / total:.1%})" for name, rows in tables.items())
    return Finding(f"each split has at least {FEW} rows", min(map(len, tables.values())) >= FEW, shares)


def _disjoint(tables: Mapping[Split, TableRows]) -> Finding:
    """Rows of equal features and other targets, such as those of noisy labels, do not give an answer away."""
    equal, contradicting = [], 0
    for first, other in crossing(tables):
        same = np.array_equal(*(tables[split].targets[index] for split, index in (first, other)))
        if same:
            equal.append((first, other))
        else:
            contradicting += 1
    if equal:
        (split, index), (later, place) = equal[0]
        measured = f"{len(equal)} rows are; the first is row {place + 1} of {later}, which is row {index + 1} of {split}"
    else:
        measured = f"{sum(map(len, tables.values()))} rows"
    if contradicting:
        measured += f"; the features of {contradicting} rows are in an earlier split too, with another target"
    return Finding("no row is in two splits", not equal, measured)


def _counts(rows: TableRows, columns: Columns) -> Array:
    return np.bincount(rows.targets[:, 0].astype(np.intp), minlength=len(columns.classes)).astype(np.float64)


def _every_class(tables: Mapping[Split, TableRows], columns: Columns) -> Finding:
    absent = [
        f"{columns.classes[number]} in {name}"
        for name in SPLITS
        for number in np.flatnonzero(_counts(tables[name], columns) == 0.0)
    ]
    return Finding(
        "each class is in each split", not absent, f"no {absent[0]}" if absent else f"{len(columns.classes)} classes"
    )


def _shares(tables: Mapping[Split, TableRows], columns: Columns) -> Finding:
    shares = {name: _counts(rows, columns) / len(rows) for name, rows in tables.items()}
    largest = max(float(np.abs(one - shares["train"]).max()) for one in shares.values())
    written = "; ".join(f"{name} {', '.join(f'{share:.1%}' for share in one)}" for name, one in shares.items())
    rule = f"the share of a class differs by at most {SHIFT} from that of the training rows"
    return Finding(rule, largest <= SHIFT, f"{largest:.3f}: {written}")


def _targets_vary(tables: Mapping[Split, TableRows]) -> Finding:
    constant = [name for name in SPLITS if not np.ptp(tables[name].targets, axis=0).any()]
    return Finding("targets vary in each split", not constant, f"constant in {constant[0]}" if constant else "all do")


def _listed(names: list[str]) -> str:
    if not names:
        return "none"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{len(names)}: {', '.join(names[:_SHOWN])}{more}"


def _range(targets: Array) -> str:
    return f"from {targets.min():.4g} to {targets.max():.4g}"
