"""Inputs that are multiplied by new weights after every epoch, in the form that needs the least work."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optbench.core.numerics import Array, Operator

SPARSE = 1 / 20
"""The largest share of numbers other than 0 at which CSR takes less time than BLAS, whichever kernel BLAS has."""
REPEATED = 0.9
"""The largest share of the work at which `Repeated` pays: above it, assembling its parts costs what was saved."""


def operator(x: Array, *, paired: bool = True) -> Operator:
    """Return an operator that is equivalent to `x @ w` up to rounding, but faster where inputs are sparse or recur.

    Args:
        x: inputs, shape (n, columns).
        paired: whether these are question, answer and a column of ones: 2d + 1 columns.
    """
    if np.count_nonzero(x) <= SPARSE * x.size:
        from scipy.sparse import csr_array  # imported by those who train only

        sparse: Operator = csr_array(x)
        return sparse
    if not paired:
        return x
    repeated = Repeated(x)
    return repeated if repeated.work <= REPEATED else x


class Repeated:
    """Inputs whose questions and answers recur: each distinct one is multiplied once.

    x w = (questions w_q)[of rows] + (answers w_a)[of rows] + w_1. A question recurs because it has several answers, an answer
    because it is given to several questions.
    """

    def __init__(self, x: Array) -> None:
        self.shape = x.shape
        self._width = x.shape[1] // 2
        self._questions, self._question_of = _distinct(x[:, : self._width])
        self._answers, self._answer_of = _distinct(x[:, self._width : -1])

    @property
    def work(self) -> float:
        """The number of multiplications, relative to those of the array."""
        return (len(self._questions) + len(self._answers)) / (2 * len(self._question_of))

    def __matmul__(self, w: Array) -> Array:
        """Return x w, shape (n, columns), for `w` of shape (2d + 1, columns)."""
        d = self._width
        out: Array = np.take(self._questions @ w[:d], self._question_of, axis=0)
        out += np.take(self._answers @ w[d:-1], self._answer_of, axis=0)
        out += w[-1]
        return out


def _distinct(part: Array) -> tuple[Array, npt.NDArray[np.intp]]:
    """Return the distinct rows of `part` in order of appearance, and for each row the index of its distinct row."""
    seen: dict[bytes, int] = {}
    index = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in part], np.intp)
    _, first = np.unique(index, return_index=True)
    return np.ascontiguousarray(part[first]), index
