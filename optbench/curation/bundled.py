"""Tables that are distributed with scikit-learn, as they are frozen here: the same numbers with any of its versions.

`remake` writes such a table again from the scikit-learn that is installed; equal digests show that nothing was changed by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from optbench.core.contracts import TableRows
from optbench.core.errors import UsageError, nearest, shown
from optbench.curation.table_writing import write_table
from optbench.curation.writing import OF_FOLDER
from optbench.data.columns import Columns
from optbench.data.loader import FrozenDataset
from optbench.data.table import divide

PUBLISHED = "2026-12-01"
"""The day on which the tables were frozen."""
_DIGITS = (
    "The digits were written by 13 people. Each image of 32x32 bits was divided into blocks of 4x4, whose black pixels were "
    "counted: 64 whole numbers from 0 to 16, row by row. These are the 1,797 rows of the test set of 'Optical Recognition of "
    "Handwritten Digits' in the UCI Machine Learning Repository, as distributed with scikit-learn"
)
_DIVIDED = (
    "Divided 60/20/20 into training, validation and test{classes}, in the order of a hash of the rows, so that equal rows stay "
    "together. 'optbench data remake {name} FOLDER' makes the files again."
)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a table is made from one of scikit-learn's."""

    load: Callable[[], tuple[TableRows, Columns]]
    title: str
    made: str
    licence: str
    url: str
    citation: str
    loss: str


def remake(name: str, folder: Path, *, replace: bool = False) -> FrozenDataset:
    """Write one of the shipped tables into `folder`, made anew from scikit-learn, and return it.

    Raises:
        UsageError: the table does not come from scikit-learn, or the folder already exists.
    """
    if name not in RECIPES:
        known = ", ".join(RECIPES)
        raise UsageError(
            f"{shown(name)} is not made from a table of scikit-learn{nearest(name, RECIPES)} (those are: {known}); "
            "'optbench data export' writes any other dataset to a folder"
        )
    recipe = RECIPES[name]
    rows, columns = recipe.load()
    tables = divide(rows, name, classes=bool(columns.classes))
    by_class = ", class by class" if columns.classes else ""
    about: dict[str, Any] = {
        "name": name,
        "version": "1",
        "title": recipe.title,
        "made": f"{recipe.made} {_DIVIDED.format(classes=by_class, name=name)}",
        "licence": recipe.licence,
        "url": recipe.url,
        "published": PUBLISHED,
        "citation": recipe.citation,
        "loss": recipe.loss,
    }
    return write_table(folder, tables, columns, about, replace=replace, remedy=OF_FOLDER)


def _digits() -> tuple[TableRows, Columns]:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    classes = [str(digit) for digit in bunch.target_names]
    return _rows(bunch.data, bunch.target), Columns(features=_pixels(), targets=["digit"], classes=classes)


def _parity() -> tuple[TableRows, Columns]:
    rows, _ = _digits()
    columns = Columns(features=_pixels(), targets=["parity"], classes=["even", "odd"])
    return TableRows(rows.features, rows.targets % 2.0), columns


def _autoencoder() -> tuple[TableRows, Columns]:
    rows, _ = _digits()
    return TableRows(rows.features, rows.features), Columns(features=_pixels(), targets=_pixels())


def _breast_cancer() -> tuple[TableRows, Columns]:
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    columns = Columns(
        features=[str(name) for name in bunch.feature_names],
        targets=["diagnosis"],
        classes=[str(name) for name in bunch.target_names],
    )
    return _rows(bunch.data, bunch.target), columns


def _wine() -> tuple[TableRows, Columns]:
    from sklearn.datasets import load_wine

    bunch = load_wine()
    features = [str(name) for name in bunch.feature_names]
    return _rows(bunch.data, bunch.target), Columns(
        features=features, targets=["cultivar"], classes=["cultivar 1", "cultivar 2", "cultivar 3"]
    )


def _diabetes() -> tuple[TableRows, Columns]:
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes(scaled=False)  # the numbers as published; scaled ones would leave nothing to standardize
    features = [str(name) for name in bunch.feature_names]
    return _rows(bunch.data, bunch.target), Columns(features=features, targets=["progression"])


def _rows(features: Any, target: Any) -> TableRows:
    return TableRows(np.asarray(features, np.float64), np.asarray(target, np.float64).reshape(-1, 1))


def _pixels() -> list[str]:
    return [f"p{row}{column}" for row in range(8) for column in range(8)]


_UCI_DIGITS = {
    "licence": "CC-BY-4.0",
    "url": "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
    "citation": (
        "@misc{digits, author = {Alpaydin, E. and Kaynak, C.}, title = {Optical Recognition of Handwritten Digits}, "
        "year = {1998}, howpublished = {UCI Machine Learning Repository}, doi = {10.24432/C50P49}}"
    ),
}

RECIPES: Mapping[str, Recipe] = {
    "autoencoder-digits": Recipe(
        load=_autoencoder,
        title="Handwritten digits, 8x8 pixels, which a network is to reproduce",
        made=f"{_DIGITS}; the targets are the features, and the classes are left out. With the architecture "
        "recursive-mlp[hidden=(32,8,32)] all 64 numbers pass through 8.",
        loss="squared",
        **_UCI_DIGITS,
    ),
    "breast-cancer": Recipe(
        load=_breast_cancer,
        title="Breast Cancer Wisconsin (Diagnostic): malignant or benign",
        made="For each of 569 digitized images of a fine needle aspirate of a breast mass, ten properties of the cell nuclei "
        "were computed: the mean, the standard error and the mean of the three largest values of each. The scales of the "
        "columns differ by a factor of 100,000. From the UCI Machine Learning Repository, as distributed with scikit-learn, "
        "without the numbers of the patients.",
        licence="CC-BY-4.0",
        url="https://archive.ics.uci.edu/dataset/17/breast+cancer+wisconsin+diagnostic",
        citation="@misc{breast-cancer, author = {Wolberg, W. and Mangasarian, O. and Street, N. and Street, W.}, title = "
        "{Breast Cancer Wisconsin (Diagnostic)}, year = {1993}, howpublished = {UCI Machine Learning Repository}, "
        "doi = {10.24432/C5DW2B}}",
        loss="cross-entropy",
    ),
    "diabetes": Recipe(
        load=_diabetes,
        title="Diabetes: progression of the disease after one year",
        made="Ten measurements of each of 442 patients (age, sex, body mass index, average blood pressure and six of blood "
        "serum, s1 to s6) and a measure of the progression of diabetes one year later. The numbers as published, which "
        "scikit-learn returns for load_diabetes(scaled=False): columns are not standardized, and sex is 1 or 2. What is "
        "known of the licence: neither the paper nor the documentation of scikit-learn names one; scikit-learn, whose "
        "licence is BSD-3-Clause, and the R package lars of two of the authors, whose licence is GPL-2, both distribute "
        "the numbers.",
        licence="none stated by the authors; distributed with scikit-learn under BSD-3-Clause",
        url="https://www4.stat.ncsu.edu/~boos/var.select/diabetes.html",
        citation="@article{diabetes, author = {Efron, B. and Hastie, T. and Johnstone, I. and Tibshirani, R.}, title = {Least"
        " Angle Regression}, journal = {The Annals of Statistics}, volume = {32}, number = {2}, pages = {407--499}, "
        "year = {2004}, doi = {10.1214/009053604000000067}}",
        loss="squared",
    ),
    "digits": Recipe(
        load=_digits,
        title="Handwritten digits, 8x8 pixels, ten classes",
        made=f"{_DIGITS}.",
        loss="cross-entropy",
        **_UCI_DIGITS,
    ),
    "digits-parity": Recipe(
        load=_parity,
        title="Handwritten digits, 8x8 pixels: even or odd",
        made=f"{_DIGITS}; the ten digits are joined to two classes, even and odd. The loss is squared-tanh, that of the "
        "experiment from which optbench originated: with digits, where it is cross-entropy, the same inputs are trained "
        "with both.",
        loss="squared-tanh",
        **_UCI_DIGITS,
    ),
    "wine": Recipe(
        load=_wine,
        title="Wine: which of three cultivars",
        made="The result of a chemical analysis of 178 wines from one region of Italy, made from three cultivars: 13 "
        "measurements of each. From the UCI Machine Learning Repository, as distributed with scikit-learn.",
        licence="CC-BY-4.0",
        url="https://archive.ics.uci.edu/dataset/109/wine",
        citation="@misc{wine, author = {Aeberhard, S. and Forina, M.}, title = {Wine}, year = {1992}, howpublished = {UCI "
        "Machine Learning Repository}, doi = {10.24432/C5PC7J}}",
        loss="cross-entropy",
    ),
}
"""How each of the shipped tables is made, by name."""
