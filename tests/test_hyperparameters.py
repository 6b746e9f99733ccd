from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pytest

from optbench.core.errors import UsageError
from optbench.core.hyperparameters import Range, build, changed, count, fraction, non_negative, positive, values


@dataclass(frozen=True, kw_only=True)
class Component:
    name = "method"
    lr: float = positive(0.1)
    beta: float = fraction(0.9)
    decay: float = non_negative(0.0)
    hidden: tuple[int, ...] = count((8, 4))
    every: int = count(10)
    nesterov: bool = False
    mode: Literal["a", "b"] = "a"
    rank: int | None = None
    limit: float | None = positive(None)
    pair: tuple[int, float] = positive((1, 0.5))


def test_defaults() -> None:
    method = build(Component, {})
    assert values(method) == {
        "lr": 0.1,
        "beta": 0.9,
        "decay": 0.0,
        "hidden": (8, 4),
        "every": 10,
        "nesterov": False,
        "mode": "a",
        "rank": None,
        "limit": None,
        "pair": (1, 0.5),
    }
    assert changed(method) == {}


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"lr": 1}, {"lr": 1.0}),
        ({"beta": 0}, {"beta": 0.0}),
        ({"hidden": 16}, {"hidden": (16,)}),
        ({"hidden": [16, 8]}, {"hidden": (16, 8)}),
        ({"nesterov": True}, {"nesterov": True}),
        ({"mode": "b"}, {"mode": "b"}),
        ({"rank": 3}, {"rank": 3}),
        ({"limit": None}, {"limit": None}),
        ({"limit": 2}, {"limit": 2.0}),
        ({"pair": (2, 1)}, {"pair": (2, 1.0)}),
    ],
)
def test_values_are_brought_to_their_type(given: dict[str, object], made: dict[str, object]) -> None:
    method = build(Component, given)
    assert changed(method).items() <= made.items()
    for name, value in made.items():
        assert getattr(method, name) == value
        assert type(getattr(method, name)) is type(value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"lr": -1}, ["method", "lr", "-1", "(0, inf)"]),
        ({"lr": 0}, ["lr", "(0, inf)"]),
        ({"lr": float("nan")}, ["lr", "nan"]),
        ({"lr": float("inf")}, ["lr", "inf"]),
        ({"lr": "fast"}, ["method: lr", "'fast'", "float", "(0, inf)"]),
        ({"lr": True}, ["lr", "True"]),
        ({"lr": None}, ["lr", "None"]),
        ({"limit": 0}, ["limit", "(0, inf)"]),
        ({"beta": 1.0}, ["beta", "[0, 1)"]),
        ({"decay": -0.1}, ["decay", "[0, inf)"]),
        ({"hidden": (8, 0)}, ["hidden", "[1, inf)"]),
        ({"pair": (1, 0.5, 0.5)}, ["pair", "3 items", "takes 2"]),
        ({"pair": 1}, ["pair", "1 items", "takes 2"]),
        ({"pair": (0.5, 1)}, ["pair", "0.5 is no int"]),
        ({"every": 1.5}, ["every", "1.5", "int"]),
        ({"mode": "c"}, ["mode", "'c'", "'a', 'b'"]),
        ({"rank": "x"}, ["rank", "'x'"]),
        ({"learning": 1}, ["'learning'", "lr, beta"]),
        ({"bta": 0.5}, ["'bta'", "did you mean 'beta'?"]),
    ],
)
def test_what_does_not_fit_is_refused_in_words(given: dict[str, object], words: list[str]) -> None:
    with pytest.raises(UsageError) as refusal:
        build(Component, given)
    for word in words:
        assert word in str(refusal.value)


def test_a_schedule_may_leave_the_range() -> None:
    assert Component(lr=0.0).lr == 0.0


def test_ranges_know_their_ends() -> None:
    assert 0.0 not in Range(0.0)
    assert 0.0 in Range(0.0, closed="[")
    assert 1.0 in Range(0.0, 1.0, closed="]")
    assert str(Range(0.0, 1.0, closed="[]")) == "[0, 1]"
