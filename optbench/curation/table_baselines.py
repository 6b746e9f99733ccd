"""What simple models reach on a table of numbers, and how badly conditioned its inputs are.

Each model is fitted to the training rows and measured on the test rows, as a network is, with scikit-learn, its defaults where
nothing else is said, fixed seeds and one thread.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from optbench.core.contracts import Split, TableRows
from optbench.core.numerics import Array
from optbench.data.columns import Columns
from optbench.data.loader import FrozenDataset
from optbench.data.manifest import Manifest
from optbench.embedders.raw import Raw
from optbench.embedders.standardized import Standardized

Predict = Callable[[TableRows, TableRows], Array]
"""From training and test rows, their features standardized, to the predicted targets of the test rows."""
BALANCED = "balanced-accuracy"
"""What the name of a loss contains where the balanced accuracy is the quality."""
COMPONENTS = (8, 32)
"""The numbers of principal components with which the inputs of an autoencoder are reconstructed."""


def table_baselines(dataset: FrozenDataset) -> dict[str, float]:
    """Return the quality that each simple model reaches on the test rows of a table, frozen or generated, by the model's name.

    `measure_name` says what the quality is.

    Raises:
        DataError: a file is not the one that was frozen, or breaks a rule; or the dataset is not a table.
    """
    return baselines_of_rows(dataset.tables, dataset.manifest.table_columns, dataset.manifest.loss)


def baselines_of_rows(tables: Mapping[Split, TableRows], columns: Columns, loss: str) -> dict[str, float]:
    """Return the same for rows that have no folder yet."""
    from threadpoolctl import threadpool_limits

    train, test = tables["train"], tables["test"]
    embedder = Standardized()
    fitted = embedder.fit_table(train.features)
    ready = [TableRows(embedder.encode_table(rows.features, fitted), rows.targets) for rows in (train, test)]
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a linear model that has not converged is a baseline too
        predicted = {name: predict(*ready) for name, predict in _models(columns).items()}
    quality = _quality(columns, loss)
    return {name: quality(values.reshape(test.targets.shape), test.targets) for name, values in predicted.items()}


def measure_name(manifest: Manifest) -> str:
    """Return what the simple models of a dataset are measured by: what its loss reports."""
    if not manifest.task.classes:
        return "R²"
    return "balanced accuracy" if BALANCED in manifest.loss else "accuracy"


def condition_numbers(dataset: FrozenDataset) -> dict[str, float]:
    """Return the condition number of the training inputs of a table as a network sees them, by embedder: raw, standardized."""
    return condition_numbers_of_rows(dataset.tables["train"])


def condition_numbers_of_rows(train: TableRows) -> dict[str, float]:
    """Return the same for training rows that have no folder yet."""
    ones = np.ones((len(train), 1))
    return {
        embedder.name: condition_number(
            np.hstack([embedder.encode_table(train.features, embedder.fit_table(train.features)), ones])
        )
        for embedder in (Raw(), Standardized())
    }


def condition_number(x: Array) -> float:
    """Return the largest singular value of `x` divided by the smallest that is not 0 up to rounding.

    Singular values of 0, which columns that are constant or sums of others have, are left out: along these directions no
    gradient has a component. For the matrix of the embedded training rows, the column of ones included, the square of the
    result is the condition number of the Hessian of a linear model with squared error.
    """
    values = np.linalg.svd(np.asarray(x, np.float64), compute_uv=False)
    smallest = values[values > values[0] * max(x.shape) * np.finfo(np.float64).eps]
    return float(values[0] / smallest[-1]) if smallest.size else 1.0


def _models(columns: Columns) -> Mapping[str, Predict]:
    if columns.classes:
        return {
            "majority class": _majority,
            "logistic regression": _fitted("linear_model", "LogisticRegression", max_iter=1000),
            "nearest neighbour": _fitted("neighbors", "KNeighborsClassifier", n_neighbors=1),
            "random forest": _fitted("ensemble", "RandomForestClassifier", random_state=0),
        }
    models = {"mean": _mean, "nearest neighbour": _fitted("neighbors", "KNeighborsRegressor", n_neighbors=1)}
    if columns.targets == columns.features:  # a linear model or a forest would copy the inputs
        counts = [count for count in COMPONENTS if count < len(columns.features)] or [1]
        return models | {f"{count} principal component{'s' * (count > 1)}": _principal(count) for count in counts}
    return models | {
        "ridge regression": _fitted("linear_model", "Ridge"),
        "random forest": _fitted("ensemble", "RandomForestRegressor", random_state=0),
    }


def _fitted(module: str, name: str, **options: Any) -> Predict:
    def predict(train: TableRows, test: TableRows) -> Array:
        model = getattr(import_module(f"sklearn.{module}"), name)(**options)
        y = train.targets.ravel() if train.targets.shape[1] == 1 else train.targets
        return np.asarray(model.fit(train.features, y).predict(test.features), np.float64)

    return predict


def _majority(train: TableRows, test: TableRows) -> Array:
    values, counts = np.unique(train.targets, return_counts=True)
    return np.full(test.targets.shape, values[counts.argmax()])


def _mean(train: TableRows, test: TableRows) -> Array:
    return np.tile(train.targets.mean(axis=0), (len(test), 1))


def _principal(count: int) -> Predict:
    """Reconstruction from the first principal components, the best that a linear autoencoder with so many units can reach."""

    def predict(train: TableRows, test: TableRows) -> Array:
        mean = train.targets.mean(axis=0)
        axes = np.linalg.svd(train.targets - mean, full_matrices=False)[2][:count]
        reconstructed: Array = mean + (test.targets - mean) @ axes.T @ axes  # the targets are the inputs
        return reconstructed

    return predict


def _quality(columns: Columns, loss: str) -> Callable[[Array, Array], float]:
    if not columns.classes:
        return _explained
    return _balanced if BALANCED in loss else _accuracy


def _accuracy(predicted: Array, y: Array) -> float:
    return float(np.mean(predicted == y))


def _balanced(predicted: Array, y: Array) -> float:
    return float(np.mean([np.mean(predicted[y == one] == one) for one in np.unique(y)]))


def _explained(predicted: Array, y: Array) -> float:
    """R² over all columns together, as the loss `squared` reports it."""
    spread = np.square(y - y.mean(axis=0)).sum()
    return float(1.0 - np.square(predicted - y).sum() / spread) if spread else 0.0
