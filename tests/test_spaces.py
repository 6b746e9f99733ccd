"""Search spaces: the values that they give, where they are declared, and what is refused."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from methods import BUILT_IN

from optbench import (
    Neutral,
    Optimizer,
    choices,
    count,
    fraction,
    log_uniform,
    non_negative,
    one_minus_log,
    option,
    positive,
    scaled,
    uniform,
)
from optbench.core.hyperparameters import build, fields_of
from optbench.core.spaces import neutrals_of, spaces_of

SPACES = [log_uniform(1e-4, 10.0), uniform(-1.0, 2.0), one_minus_log(0.0, 0.999), one_minus_log(0.9, 0.9999)]
POINTS = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize("space", SPACES, ids=str)
@given(u=POINTS)
def test_a_value_is_within_the_space_and_at_its_place(space: Any, u: float) -> None:
    value = space.at(u)
    assert space.low <= value <= space.high
    assert space.place(value) == pytest.approx(u, abs=2e-3)  # the value is rounded to 4 digits


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_the_ends_are_at_the_ends(space: Any) -> None:
    ends = [space.at(0.0), space.at(1.0 - 1e-12)]
    assert ends == pytest.approx([space.low, space.high])
    assert [space.place(end) for end in (space.low, space.high)] == pytest.approx([0.0, 1.0])
    assert [space.place(value) for value in (space.low - 1, space.high + 1)] == [0.0, 1.0]


def test_the_middle_of_each_scale() -> None:
    assert log_uniform(1e-4, 1.0).at(0.5) == 0.01
    assert uniform(0.0, 3.0).at(0.5) == 1.5
    assert one_minus_log(0.9, 0.999).at(0.5) == pytest.approx(0.99)
    assert [choices("a", "b", "c").at(u) for u in (0.0, 0.5, 0.99)] == ["a", "b", "c"]
    assert choices(1, 2).place(2) == 0.75


@dataclass(frozen=True, kw_only=True)
class Mine(Optimizer):
    """For tests."""

    name: ClassVar[str] = "mine"
    lr: float = positive(0.02, space=scaled(1e-3, 1e3))
    momentum: float = fraction(0.9, space=one_minus_log(0.0, 0.99), neutral=Neutral(0.0, "no momentum"))
    history: int = count(10)
    nesterov: bool = option(True, space=choices(True, False), neutral=Neutral(False, "no look-ahead"))


def test_declarations_are_read_in_the_order_of_the_fields() -> None:
    assert list(spaces_of(Mine)) == ["lr", "momentum", "nesterov"]
    assert spaces_of(Mine())["lr"] == log_uniform(2e-5, 20.0)
    assert {name: one.words for name, one in neutrals_of(Mine).items()} == {
        "momentum": "no momentum",
        "nesterov": "no look-ahead",
    }


@pytest.mark.parametrize(
    ("declare", "words"),
    [
        (lambda: positive(0.5, space=log_uniform(1.0, 2.0)), "outside its search space"),
        (lambda: fraction(0.5, space=uniform(0.0, 3.0)), "outside the range"),
        (lambda: non_negative(0.0, space=scaled(0.1, 10.0)), "not above 0"),
        (lambda: option("a", space=choices("b", "c")), "outside its search space"),
        (lambda: log_uniform(0.0, 1.0), "above 0"),
        (lambda: uniform(1.0, 1.0), "below the upper"),
        (lambda: one_minus_log(0.5, 1.0), "below 1"),
        (lambda: choices("a"), "two values"),
        (lambda: scaled(10.0, 0.1), "lower one first"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(declare: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        declare()


@pytest.mark.parametrize("cls", BUILT_IN.values(), ids=BUILT_IN)
def test_every_optimizer_declares_a_space_that_it_accepts(cls: type[Optimizer]) -> None:
    spaces = spaces_of(cls)
    assert next(iter(spaces)) == "lr", "all optimizers share the first coordinate of a draw"
    for u in (0.0, 0.25, 0.5, 0.9999):
        build(cls, {field: space.at(u) for field, space in spaces.items()})


@pytest.mark.parametrize("cls", BUILT_IN.values(), ids=BUILT_IN)
def test_the_rate_is_searched_over_six_decades_and_eps_wherever_there_is_one(cls: type[Optimizer]) -> None:
    spaces = spaces_of(cls)
    assert math.log10(spaces["lr"].high / spaces["lr"].low) == pytest.approx(6)  # type: ignore[attr-defined]
    assert ("eps" in spaces) == ("eps" in fields_of(cls))


@pytest.mark.parametrize("cls", BUILT_IN.values(), ids=BUILT_IN)
def test_neutral_values_are_accepted(cls: type[Optimizer]) -> None:
    for field, neutral in neutrals_of(cls).items():
        assert getattr(build(cls, {field: neutral.value}), field) == neutral.value
