"""The losses: derivatives, distributions, extreme outputs, and small cases computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from losses import LOSSES, PAIRS, TASKS, named, problem, raw_targets
from numpy.testing import assert_allclose, assert_array_equal

from optbench import Array, Loss, Task
from optbench.core.seeding import stream
from optbench.losses.cross_entropy import CrossEntropy
from optbench.losses.squared import Squared
from optbench.losses.squared_tanh import SquaredTanh

ROWS, STEP, DRAWS = 6, 1e-5, 40_000
BALANCED = CrossEntropy(report="balanced-accuracy")
each_pair = pytest.mark.parametrize(("loss", "task"), PAIRS, ids=named)


def gradient(loss: Loss, z: Array, y: Array) -> Array:
    dz = np.empty_like(z)
    loss.value_and_gradient(z, y, dz)
    return dz


@each_pair
def test_the_gradient_is_that_of_the_value(loss: Loss, task: Task) -> None:
    z, y = problem(loss, task, ROWS)
    expected = np.empty_like(z)
    for place in np.ndindex(z.shape):
        step = np.zeros_like(z)
        step[place] = STEP
        expected[place] = (loss.value(z + step, y) - loss.value(z - step, y)) / (2 * STEP)
    assert_allclose(gradient(loss, z, y), expected, atol=1e-9)
    assert np.abs(expected).max() > 0.01


@each_pair
def test_the_second_derivative_is_that_of_the_gradient(loss: Loss, task: Task) -> None:
    z, y = problem(loss, task, ROWS)
    rz, out = np.random.default_rng(5).normal(size=z.shape), np.empty_like(z)
    loss.second(z, y, rz, out)
    expected = (gradient(loss, z + STEP * rz, y) - gradient(loss, z - STEP * rz, y)) / (2 * STEP)
    assert_allclose(out, expected, atol=1e-9)
    assert np.abs(expected).max() > 0.01


@each_pair
def test_a_method_keeps_its_arguments_and_their_type(loss: Loss, task: Task, dtype: np.dtype[np.floating]) -> None:
    z, y = problem(loss, task, ROWS, dtype)
    before = z.tobytes(), y.tobytes()
    dz, rz, out, predicted = np.empty_like(z), np.ones_like(z), np.empty_like(z), np.empty_like(z)
    both = loss.value_and_gradient(z, y, dz)
    assert both == pytest.approx(loss.value(z, y), rel=1e-6 if dtype == np.float32 else 1e-14)
    loss.second(z, y, rz, out)
    assert_array_equal(rz, 1.0)
    loss.predict(z, predicted)
    sampled = loss.sample_labels(z, stream(0, "noise"))
    assert math.isfinite(loss.quality(z, y) + loss.worst(y))
    assert (z.tobytes(), y.tobytes()) == before
    assert z.shape == y.shape == sampled.shape == (ROWS, loss.outputs(task))
    assert dtype == y.dtype == sampled.dtype
    in_place = z.copy()
    loss.predict(in_place, in_place)
    assert_array_equal(in_place, predicted)


@each_pair
def test_the_value_is_the_mean_over_the_rows(loss: Loss, task: Task) -> None:
    z, y = problem(loss, task, ROWS)
    rows = [loss.value(z[i : i + 1], y[i : i + 1]) for i in range(ROWS)]
    assert loss.value(z, y) == pytest.approx(np.mean(rows), rel=1e-12)


# Labels from the predicted distribution


@each_pair
def test_the_loss_is_the_negative_log_likelihood_of_sampled_labels(loss: Loss, task: Task) -> None:
    """At labels from -log p = E the gradient is 0 on average, and its square the second derivative: Fisher's information."""
    (row,), _ = problem(loss, task, 1)
    z = np.tile(row, (DRAWS, 1))
    y = loss.sample_labels(z, stream(0, "noise"))
    scores = gradient(loss, z, y) * DRAWS
    assert (np.abs(scores.mean(axis=0)) < 5 * scores.std(axis=0) / math.sqrt(DRAWS)).all()
    for k in range(len(row)):
        rz, out = np.zeros_like(z), np.empty_like(z)
        rz[:, k] = 1.0
        loss.second(z, y, rz, out)
        difference = scores[:, k] ** 2 - out[:, k] * DRAWS
        assert abs(difference.mean()) < 5 * difference.std() / math.sqrt(DRAWS) + 1e-12


@pytest.mark.parametrize("loss", LOSSES)
def test_sampled_labels_follow_from_the_generator_alone(loss: str) -> None:
    z = np.random.default_rng(0).normal(size=(50, 1 if loss == "squared-tanh" else 3))
    one, again, other = (LOSSES[loss]().sample_labels(z, stream(seed, "noise")) for seed in (1, 1, 2))
    assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_classes_are_drawn_in_proportion_to_softmax(dtype: np.dtype[np.floating]) -> None:
    p = np.array([0.5, 0.3, 0.15, 0.05])
    y = CrossEntropy().sample_labels(np.tile(np.log(p), (DRAWS, 1)).astype(dtype), stream(0, "noise"))
    assert_array_equal(np.unique(y), [0.0, 1.0])
    assert_array_equal(y.sum(axis=1), 1.0)
    assert_allclose(y.mean(axis=0), p, atol=5 * 0.5 / math.sqrt(DRAWS))


@pytest.mark.parametrize(
    ("loss", "centre"), [(Squared(), 0.7), (SquaredTanh(), math.tanh(0.7))], ids=["squared", "squared-tanh"]
)
def test_numbers_are_drawn_with_variance_1_around_the_output(loss: Loss, centre: float, dtype: np.dtype[np.floating]) -> None:
    y = loss.sample_labels(np.full((DRAWS, 1), 0.7, dtype), stream(0, "noise"))
    assert y.mean() == pytest.approx(centre, abs=5 / math.sqrt(DRAWS))
    assert y.var() == pytest.approx(1.0, abs=5 * math.sqrt(2 / DRAWS))


# Extreme outputs


@each_pair
def test_nothing_overflows_at_large_outputs(loss: Loss, task: Task) -> None:
    y = loss.targets(raw_targets(task, ROWS, "float32"), task)
    for sign in (1.0, -1.0):
        z = (sign * 1e4 * np.where(np.arange(y.size) % 2, 1.0, -1.0)).reshape(y.shape).astype(np.float32)
        dz, out = np.empty_like(z), np.empty_like(z)
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            numbers = [loss.value(z, y), loss.value_and_gradient(z, y, dz), loss.quality(z, y)]
            loss.second(z, y, np.ones_like(z), out)
            sampled = loss.sample_labels(z, stream(0, "noise"))
            loss.predict(z, z)
        assert np.isfinite([*numbers, *dz.ravel(), *out.ravel(), *z.ravel(), *sampled.ravel()]).all()


def test_cross_entropy_of_a_certain_output_is_a_difference_of_outputs() -> None:
    z, dz = np.array([[1e4, -1e4]], np.float32), np.empty((1, 2), np.float32)
    assert CrossEntropy().value_and_gradient(z, np.array([[1.0, 0.0]], np.float32), dz) == 0.0
    assert_array_equal(dz, [[0.0, 0.0]])
    assert CrossEntropy().value_and_gradient(z, np.array([[0.0, 1.0]], np.float32), dz) == 2e4
    assert_array_equal(dz, [[1.0, -1.0]])
    assert_array_equal(CrossEntropy().sample_labels(z, stream(0, "noise")), [[1.0, 0.0]])


@each_pair
def test_a_loss_of_outputs_that_are_not_finite_is_not_finite(loss: Loss, task: Task) -> None:
    z, y = problem(loss, task, ROWS)
    z[0, 0] = math.nan
    assert math.isnan(loss.value(z, y))
    assert math.isnan(loss.value_and_gradient(z, y, np.empty_like(z)))


# Small cases by hand


def one_hot(*classes: int) -> Array:
    return np.eye(3)[list(classes)]


def column(*values: float) -> Array:
    return np.array(values)[:, None]


@pytest.mark.parametrize(
    ("loss", "z", "y", "value", "quality", "worst"),
    [
        # |h - y|^2 / 2n with h = 0, 0, 1: 0 counts as -1
        (SquaredTanh(), column(0.0, 0.0, 50.0), column(-1.0, 1.0, 1.0), 2 / 6, 2 / 3, 2 / 3),
        (SquaredTanh(), column(50.0, 50.0, 50.0, 50.0), column(-1.0, 1.0, -1.0, -1.0), 12 / 8, 0.25, 0.75),
        # |z - y|^2 / 2n = (1 + 0 + 1) / 6; the targets' squares around their mean 2 are 1 + 0 + 1
        (Squared(), column(2.0, 2.0, 2.0), column(1.0, 2.0, 3.0), 1 / 3, 0.0, 0.0),
        (Squared(), column(1.0, 2.0, 4.0), column(1.0, 2.0, 3.0), 1 / 6, 0.5, 0.0),
        (Squared(), column(1.0, 1.0), column(2.0, 2.0), 1 / 2, 0.0, 0.0),  # targets without variance
        # two columns: errors 1 and 2, |z - y|^2 = 5 over 2 rows; squares around the means (1, 2) are 2 and 8
        (Squared(), np.array([[0.0, 1.0], [2.0, 2.0]]), np.array([[0.0, 0.0], [2.0, 4.0]]), 5 / 4, 0.5, 0.0),
        # equal outputs: log 3, and the first class is predicted
        (CrossEntropy(), np.zeros((4, 3)), one_hot(0, 0, 0, 1), math.log(3), 0.75, 0.75),
        (BALANCED, np.zeros((4, 3)), one_hot(0, 0, 0, 1), math.log(3), 0.5, 0.5),  # no row has class 2
        # p = 1/2, 1/4, 1/4 in each row; class 0 is predicted
        (CrossEntropy(), np.log([[2.0, 1.0, 1.0]] * 2), one_hot(0, 2), 1.5 * math.log(2), 0.5, 0.5),
        # of class 0 two of three are right, of class 1 none, of class 2 its only row
        (BALANCED, 9 * one_hot(0, 0, 1, 2, 2), one_hot(0, 0, 0, 1, 2), None, 5 / 9, 1 / 3),
        (CrossEntropy(), 9 * one_hot(0, 0, 1, 2, 2), one_hot(0, 0, 0, 1, 2), None, 3 / 5, 3 / 5),
    ],
)
def test_value_quality_and_worst(loss: Loss, z: Array, y: Array, value: float | None, quality: float, worst: float) -> None:
    if value is not None:
        assert loss.value(z, y) == pytest.approx(value, rel=1e-12)
    assert loss.quality(z, y) == pytest.approx(quality, abs=1e-12)
    assert loss.worst(y) == pytest.approx(worst, abs=1e-12)


@each_pair
def test_the_worst_is_the_best_of_constant_outputs(loss: Loss, task: Task) -> None:
    y = loss.targets(np.concatenate([raw_targets(task, 5), raw_targets(task, 1)]), task)  # not all classes equally often
    constants = [*np.eye(y.shape[1]), *-np.eye(y.shape[1]), y.mean(axis=0)]
    best = max(loss.quality(np.tile(constant, (len(y), 1)), y) for constant in constants)
    assert loss.worst(y) == pytest.approx(best, abs=1e-12)


@each_pair
def test_perfect_outputs_have_quality_1(loss: Loss, task: Task) -> None:
    _, y = problem(loss, task, ROWS)
    assert loss.quality(y, y) == 1.0


# Tasks


def test_every_task_has_a_loss_and_every_loss_a_task() -> None:
    assert {loss.name for loss, _ in PAIRS} == set(LOSSES)
    assert {task for _, task in PAIRS} == set(TASKS)


@pytest.mark.parametrize("task", TASKS, ids=named)
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_that_does_not_fit_names_one_that_does(name: str, task: Task) -> None:
    if why := LOSSES[name]().incompatibility(task):
        remedy = why.rpartition("use ")[2]
        assert not LOSSES[remedy]().incompatibility(task)


def test_targets() -> None:
    classes = column(0.0, 2.0, 1.0)
    assert_array_equal(CrossEntropy().targets(classes, TASKS[1]), one_hot(0, 2, 1))
    assert_array_equal(SquaredTanh().targets(column(0.0, 1.0, 1.0), TASKS[0]), column(-1.0, 1.0, 1.0))
    numbers = np.array([[0.5, -2.0, 3.0]])
    assert_array_equal(Squared().targets(numbers, TASKS[3]), numbers)


@pytest.mark.parametrize(
    ("loss", "words"),
    [(CrossEntropy(), "accuracy"), (BALANCED, "balanced accuracy"), (Squared(), "R²"), (SquaredTanh(), "accuracy")],
)
def test_a_quality_has_a_name(loss: Loss, words: str) -> None:
    assert loss.quality_name == words
