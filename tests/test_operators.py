"""The forms in which inputs are kept for prediction: each gives the same products as the array, with less work."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array

from optbench.core.numerics import product
from optbench.data.operators import Repeated, operator

WIDTH = 7  # of a question, and of an answer


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def inputs(questions, answers):
    return np.hstack([questions, answers, np.ones((len(questions), 1))])


def repeated(rng):
    questions, answers = rng.normal(size=(5, WIDTH)), rng.normal(size=(6, WIDTH))
    return inputs(questions[[0, 0, 3, 1, 1, 2, 2, 4, 4, 3]], answers[[5, 1, 1, 2, 3, 0, 4, 5, 0, 2]])


def sparse(rng):
    kept = rng.random((40, 2 * WIDTH)) < 0.01  # and the column of ones is there in every row, so wider inputs are needed
    wide = np.tile(rng.normal(size=(40, 2 * WIDTH)) * kept, 10)
    return inputs(wide[:, : 10 * WIDTH], wide[:, 10 * WIDTH :])


def distinct(rng):
    return inputs(rng.normal(size=(10, WIDTH)), rng.normal(size=(10, WIDTH)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("make", "kind"), [(repeated, Repeated), (sparse, csr_array), (distinct, np.ndarray)])
def test_the_form_follows_from_the_inputs_and_its_products_are_the_array_s(rng, make, kind, dtype):
    x = make(rng).astype(dtype)
    found = operator(x)
    assert isinstance(found, kind)
    assert found.shape == x.shape
    for columns in (1, 3):
        w, out = rng.normal(size=(x.shape[1], columns)).astype(dtype), np.full((len(x), columns), np.nan, dtype)
        product(found, w, out)
        assert_allclose(out, x @ w, rtol=1e-5 if dtype == "float32" else 1e-13, atol=1e-5 if dtype == "float32" else 1e-13)


def test_rows_of_a_table_are_not_divided_into_questions_and_answers(rng):
    x = repeated(rng)
    assert operator(x, paired=False) is x
    assert isinstance(operator(sparse(rng), paired=False), csr_array)
    assert operator(x[:, 1:], paired=False).shape == (len(x), 2 * WIDTH)


def test_each_distinct_part_is_multiplied_once(rng):
    assert Repeated(repeated(rng)).work == (5 + 6) / 20
    assert Repeated(distinct(rng)).work == 1.0


def test_parts_that_look_alike_are_kept_apart(rng):
    x = repeated(rng)
    x[1, 0] = np.nextafter(x[0, 0], np.inf)
    assert Repeated(x).work == (6 + 6) / 20


def test_an_answer_equal_to_a_question_is_not_mistaken_for_it(rng):
    same = rng.normal(size=(1, WIDTH))
    x = inputs(np.repeat(same, 4, axis=0), np.repeat(same, 4, axis=0))
    w = rng.normal(size=(2 * WIDTH + 1, 2))
    assert_allclose(operator(x) @ w, x @ w, rtol=1e-13)
