"""Inputs that are multiplied at every epoch anew, in the form in which that is the least work."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optbench.core.numerics import Array, Operator

SPARSE = 1 / 20  # of the numbers differ from 0: below it, CSR takes less time than BLAS, whichever kernel that has
REPEATED = 0.9  # as much work as all rows: above it, putting the parts together again costs what was saved


def operator(x: Array) -> Operator:
    """Return inputs of shape (n, 2d + 1), question, answer and 1, as what gives the same `x @ w`, but for rounding, sooner."""
    if np.count_nonzero(x) <= SPARSE * x.size:
        from scipy.sparse import csr_array  # paid by those who train

        sparse: Operator = csr_array(x)
        return sparse
    repeated = Repeated(x)
    return repeated if repeated.work <= REPEATED else x


class Repeated:
    """Inputs whose questions and answers recur: a question has a correct and an incorrect answer, or shares one with another.

    Each distinct question and answer is multiplied once: x w = (questions w_q)[of rows] + (answers w_a)[of rows] + w_1.
    """

    def __init__(self, x: Array) -> None:
        self.shape = x.shape
        self._width = x.shape[1] // 2
        self._questions, self._question_of = _distinct(x[:, : self._width])
        self._answers, self._answer_of = _distinct(x[:, self._width : -1])

    @property
    def work(self) -> float:
        """The share of the multiplications that is left."""
        return (len(self._questions) + len(self._answers)) / (2 * len(self._question_of))

    def __matmul__(self, w: Array) -> Array:
        """Return x w, shape (n, columns), for `w` of shape (2d + 1, columns)."""
        d = self._width
        found: Array = np.take(self._questions @ w[:d], self._question_of, axis=0)
        found += np.take(self._answers @ w[d:-1], self._answer_of, axis=0)
        found += w[-1]
        return found


def _distinct(part: Array) -> tuple[Array, npt.NDArray[np.intp]]:
    """Return the distinct rows of `part`, in order of appearance, and which of them each row is."""
    seen: dict[bytes, int] = {}
    which = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in part], np.intp)
    _, first = np.unique(which, return_index=True)
    return np.ascontiguousarray(part[first]), which
