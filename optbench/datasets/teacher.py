"""Rows that a random network has labelled, with inputs of a chosen condition number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import Array, GeneratedDataset, Split, TableRows, Task, between, data_stream
from optbench.datasets.drawing import ROWS, SIZES, divided, inner, linear, normals, tanh

_FEATURES = 33
_UNITS = 8
_GAIN = 1.5
_STREAM = 1


@dataclass(frozen=True, kw_only=True)
class Teacher(GeneratedDataset):
    """A regression whose targets are the outputs of a fixed random network: 33 inputs, 8 tanh units with biases, 1 output.

    Gardner & Derrida 1989, Journal of Physics A 22, 1983-1994. `kappa` is the condition number of the covariance matrix
    of the training inputs, which is that of the Hessian of a linear model. The teacher sees inputs whose covariance
    matrix is the identity; the table has those inputs after a scaling, with eigenvalues from high to low in equal ratios
    and a mean of 1, and a random rotation, which no scaling of columns undoes. All directions are equally informative,
    whatever their variance.
    """

    name: ClassVar[str] = "teacher"
    title: ClassVar[str] = "Outputs of a random network, from inputs with a chosen condition number"
    licence: ClassVar[str] = "CC-BY-4.0"
    citation: ClassVar[str] = "Gardner & Derrida 1989, Journal of Physics A 22, 1983-1994"
    difficulty: ClassVar[str] = (
        "Curvature: gradients along directions of low variance are small, and as informative as those along others."
    )
    loss: ClassVar[str] = "squared"
    kappa: float = between(1.0, 1.0, 1e10)

    @property
    def task(self) -> Task:
        """One number."""
        return Task()

    def generate(self) -> Mapping[Split, TableRows]:
        """Return the inputs with the teacher's outputs."""
        rng = data_stream(_STREAM)
        white = _whitened(normals(rng, ROWS, _FEATURES))
        hidden = linear(white, normals(rng, _FEATURES, _UNITS) * (_GAIN / math.sqrt(_FEATURES)))
        targets = linear(tanh(hidden + normals(rng, _UNITS)), normals(rng, _UNITS, 1))
        return divided(_rotated(white * _scales(self.kappa), rng), targets)


def _whitened(x: Array) -> Array:
    """Return `x` after a linear map and a shift that give the training rows mean 0 and the identity as covariance matrix.

    Gram-Schmidt, column by column, after a column of ones; twice, which removes rounding errors (Giraud, Langou &
    Rozloznik 2005, Computers & Mathematics with Applications 50, 1069-1075).
    """
    rows = SIZES["train"]
    basis = [np.ones(len(x))]
    for column in x.T:
        new = column
        for _ in range(2):
            for other in basis:
                new = new - other * (inner(new[:rows], other[:rows]) / rows)
        basis.append(new / math.sqrt(inner(new[:rows], new[:rows]) / rows))
    return np.column_stack(basis[1:])


def _scales(kappa: float) -> Array:
    """Return standard deviations in equal ratios, of which the first is sqrt(kappa) times the last; the mean variance is 1."""
    ratio = math.sqrt(kappa)
    for _ in range(5):  # the 32nd root: there are 32 ratios between 33 features
        ratio = math.sqrt(ratio)
    scales = [1.0]
    for _ in range(_FEATURES - 1):
        scales.append(scales[-1] / ratio)
    mean = math.fsum(scale * scale for scale in scales) / _FEATURES
    return np.array(scales) / math.sqrt(mean)


def _rotated(x: Array, rng: np.random.Generator) -> Array:
    """Return `x` after one reflection per feature, x - 2 (x.v) v / (v.v), each at a random v (Householder 1958)."""
    for _ in range(x.shape[1]):
        v = normals(rng, x.shape[1])
        x = x - linear(x, v[:, None]) * (v * (2.0 / inner(v, v)))
    return x
