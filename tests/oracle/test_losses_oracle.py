"""Losses against torch at extreme outputs, their quality against scikit-learn, and the labels that they draw."""

from __future__ import annotations

import autograd
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.metrics import accuracy_score, balanced_accuracy_score, r2_score

from optbench import Loss, Task
from optbench.core.hyperparameters import build
from optbench.core.seeding import stream
from optbench.losses.cross_entropy import CrossEntropy
from optbench.losses.squared import Squared
from optbench.losses.squared_tanh import SquaredTanh
from optbench.registry import Registry
from optbench.training.loop import Batch

pytestmark = pytest.mark.oracle

LOSSES = [
    pytest.param(build(component.cls, {}), task, id=f"{component.name}-{max(task.columns, len(task.classes))}")
    for component in Registry(autoload=False).components("loss")
    for task in autograd.TASKS[component.name]
]


@pytest.mark.parametrize(("loss", "task"), LOSSES)
@pytest.mark.parametrize("scale", [1e-8, 1.0, 30.0, 800.0])
def test_value_gradient_and_second_derivative_equal_autograds(loss: Loss, task: Task, scale: float) -> None:
    rng = np.random.default_rng(4)
    z = scale * rng.standard_normal((20, loss.outputs(task)))
    y, rz = autograd.targets(loss, task, 20, rng), rng.standard_normal(z.shape)
    dz, second, outputs = (np.full_like(z, np.nan) for _ in range(3))

    tensor = torch.tensor(z, requires_grad=True)
    expected = autograd.LOSSES[loss.name](tensor, torch.tensor(y))
    (gradient,) = torch.autograd.grad(expected, tensor, create_graph=True)
    (product,) = torch.autograd.grad((gradient * torch.tensor(rz)).sum(), tensor)

    assert_allclose(loss.value(z, y), expected.item(), rtol=1e-13)
    assert_allclose(loss.value_and_gradient(z, y, dz), expected.item(), rtol=1e-13)
    loss.second(z, y, rz, second)
    loss.predict(z, outputs)
    # Where tanh or a probability is 1 up to rounding, its slope is what rounding leaves: compare with the largest of 1 / n.
    assert_allclose(dz, gradient.detach().numpy(), rtol=1e-10, atol=1e-16)
    assert_allclose(second, product.numpy(), rtol=1e-10, atol=1e-16)
    assert_allclose(outputs, autograd.OUTPUTS[loss.name](tensor.detach()).numpy(), rtol=1e-13)


def test_the_value_of_outputs_that_overflow_is_not_finite_and_that_of_large_ones_is() -> None:
    y = np.eye(3)
    assert np.isfinite(CrossEntropy().value(1e300 * np.eye(3)[::-1], y))
    with np.errstate(all="ignore"):
        assert not np.isfinite(CrossEntropy().value(np.full((3, 3), np.inf), y))
        assert not np.isfinite(Squared().value(np.full((3, 3), 1e200), y))


def guesses(classes: int, rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of classes of unequal shares, and z that predicts three of four right."""
    rng = np.random.default_rng(classes)
    shares = np.arange(1.0, classes + 1.0)
    numbers = rng.choice(classes, rows, p=shares / shares.sum())
    guessed = np.where(rng.random(rows) < 0.75, numbers, rng.integers(classes, size=rows))
    return numbers, np.eye(classes)[guessed] + 0.4 * rng.random((rows, classes))


@pytest.mark.parametrize("classes", [2, 10])
def test_quality_of_cross_entropy_equals_scikit_learns(classes: int) -> None:
    numbers, z = guesses(classes)
    y = np.eye(classes)[numbers]
    guessed = z.argmax(axis=1)
    assert_allclose(CrossEntropy().quality(z, y), accuracy_score(numbers, guessed), rtol=1e-14)
    balanced = CrossEntropy(report="balanced-accuracy")
    assert_allclose(balanced.quality(z, y), balanced_accuracy_score(numbers, guessed), rtol=1e-14)
    assert balanced.quality(z, y) != pytest.approx(CrossEntropy().quality(z, y))
    always = np.bincount(numbers).argmax() * np.ones_like(numbers)
    assert_allclose(CrossEntropy().worst(y), accuracy_score(numbers, always), rtol=1e-14)
    assert_allclose(balanced.worst(y), balanced_accuracy_score(numbers, always), rtol=1e-14)


def test_quality_of_squared_tanh_equals_scikit_learns() -> None:
    numbers, z = guesses(2)
    difference, y = z[:, 1:] - z[:, :1], 2.0 * numbers[:, None] - 1.0
    assert_allclose(SquaredTanh().quality(difference, y), accuracy_score(numbers, difference[:, 0] > 0.0), rtol=1e-14)
    assert_allclose(SquaredTanh().worst(y), accuracy_score(numbers, np.ones_like(numbers)), rtol=1e-14)


@pytest.mark.parametrize("columns", [1, 64])
def test_quality_of_squared_equals_scikit_learns(columns: int) -> None:
    rng = np.random.default_rng(columns)
    y = rng.standard_normal((50, columns)) * np.linspace(0.1, 3.0, columns) + 1.0
    for z in (y + 0.3 * rng.standard_normal(y.shape), rng.standard_normal(y.shape)):  # that of the second is below 0
        assert_allclose(Squared().quality(z, y), r2_score(y, z, multioutput="variance_weighted"), rtol=1e-12)
    assert_allclose(
        Squared().worst(y), r2_score(y, np.tile(y.mean(axis=0), (50, 1)), multioutput="variance_weighted"), atol=1e-12
    )


DRAWS = 6000


@pytest.mark.parametrize("case", [case for case in autograd.cases() if case.layout.size < 400], ids=str)
def test_squares_of_gradients_for_drawn_labels_have_the_gauss_newton_diagonal_as_mean(case: autograd.Case) -> None:
    """B g^ * g^ is an unbiased estimate of the diagonal of J^T H J, H being the second derivative of E at the expected labels.

    Each weight's mean is compared with its own standard error, at which five are exceeded by chance once in a million.
    """
    rows = 6
    model, x, y = autograd.problem(case, rows)
    at = Batch(model, case.loss, stream(5, "noise"), 1, (x, y))
    at.gradient()
    squares = np.empty((DRAWS, model.w.size))
    for square in squares:
        g = at.gradient(at.sample_labels())
        np.multiply(g, g, out=square)
    squares *= rows

    expected = gauss_newton_diagonal(case, model, x)
    error = squares.std(axis=0) / np.sqrt(DRAWS)
    assert np.all(np.abs(squares.mean(axis=0) - expected) <= 5.0 * error + 1e-12)
    total, total_error = squares.sum(axis=1).mean(), squares.sum(axis=1).std() / np.sqrt(DRAWS)
    assert abs(total - expected.sum()) <= 4.0 * total_error
    assert total_error < 0.05 * expected.sum()  # so that a factor of B or of two would be noticed


def gauss_newton_diagonal(case: autograd.Case, model: object, x: np.ndarray) -> np.ndarray:
    """Return the diagonal of J^T (R^T R) J / n in torch: per row the Fisher information of the loss's distribution.

    For N(f, 1) it is J_f^T J_f of the outputs f; for the softmax it is J_z^T (diag(p) - p p^T) J_z.
    """
    weights = autograd.layers(model)  # type: ignore[arg-type]
    z = autograd.forward(weights, x)
    outputs = autograd.OUTPUTS[case.loss.name](z)
    total = 0.0
    for row in range(len(x)):
        if case.loss.name == "cross-entropy":
            p = outputs[row].detach().numpy()
            information, functions = np.diag(p) - np.outer(p, p), z
        else:
            information, functions = np.eye(outputs.shape[1]), outputs
        jacobian = np.array(
            [autograd.flat(torch.autograd.grad(one, weights, retain_graph=True)) for one in functions[row]],
        )
        total = total + np.einsum("ap,ab,bp->p", jacobian, information, jacobian)
    return np.asarray(total) / len(x)
