from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    sizes: tuple[int, ...] | None = None
    either: int | str = 1


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
        "sizes": None,
        "either": 1,
    }
    assert changed(method) == {}


@pytest.mark.parametrize(
    ("params", "expected"),
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
        ({"sizes": None}, {"sizes": None}),
        ({"sizes": 3}, {"sizes": (3,)}),
        ({"either": "x"}, {"either": "x"}),
    ],
)
def test_values_are_converted_to_their_type(params: dict[str, object], expected: dict[str, object]) -> None:
    method = build(Component, params)
    assert changed(method).items() <= expected.items()
    for name, value in expected.items():
        assert getattr(method, name) == value
        assert type(getattr(method, name)) is type(value)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"lr": -1}, ["method", "lr", "-1", "(0, inf)"]),
        ({"lr": 0}, ["lr", "(0, inf)"]),
        ({"lr": float("nan")}, ["lr", "nan"]),
        ({"lr": float("inf")}, ["lr", "inf"]),
        ({"lr": "fast"}, ["method: lr", "'fast'", "a valid number", "(0, inf)"]),
        ({"lr": "1"}, ["lr", "'1'", "a valid number"]),
        ({"lr": True}, ["lr", "True"]),
        ({"every": True}, ["every", "True", "a valid integer"]),
        ({"nesterov": 1}, ["nesterov", "1", "a valid boolean"]),
        ({"lr": object()}, ["lr", "a number, a text"]),
        ({"lr": None}, ["lr", "None"]),
        ({"limit": 0}, ["limit", "(0, inf)"]),
        ({"beta": 1.0}, ["beta", "[0, 1)"]),
        ({"decay": -0.1}, ["decay", "[0, inf)"]),
        ({"hidden": (8, 0)}, ["hidden", "[1, inf)"]),
        ({"pair": (1, 0.5, 0.5)}, ["pair", "at most 2 items", "not 3"]),
        ({"pair": 1}, ["pair", "item 2", "required"]),
        ({"pair": (0.5, 1)}, ["pair", "(0.5, 1)", "item 1", "a valid integer"]),
        ({"every": 1.5}, ["every", "1.5", "int"]),
        ({"mode": "c"}, ["mode", "'c'", "'a' or 'b'"]),
        ({"rank": "x"}, ["rank", "'x'", "a valid integer"]),
        ({"sizes": "x"}, ["sizes", "'x'", "item 1", "a valid integer"]),
        ({"either": 1.5}, ["either", "a valid integer or input should be a valid string"]),
        ({"learning": 1}, ["'learning'", "lr, beta"]),
        ({"bta": 0.5}, ["'bta'", "did you mean 'beta'?"]),
    ],
)
def test_invalid_values_are_rejected_with_rule_and_value(params: dict[str, object], words: list[str]) -> None:
    with pytest.raises(UsageError) as rejection:
        build(Component, params)
    for word in words:
        assert word in str(rejection.value)


@dataclass(frozen=True, kw_only=True)
class Unresolvable:
    lr: float = positive(0.1)
    path: Path | None = None  # type: ignore[name-defined]  # noqa: F821


@dataclass(frozen=True, kw_only=True)
class Unknown:
    rate: Callable[[int], Foreign] | Foreign | None = None


class Foreign: ...


@pytest.mark.parametrize(
    ("cls", "params", "expected"),
    [
        (Unresolvable, {"lr": 1, "path": [1, 2]}, {"lr": 1, "path": (1, 2)}),
        (Unknown, {"rate": "as written"}, {"rate": "as written"}),
    ],
)
def test_values_whose_type_is_unknown_are_taken_as_written(
    cls: type, params: dict[str, object], expected: dict[str, object]
) -> None:
    assert values(build(cls, params)) == expected


@given(value=st.floats(allow_nan=False, allow_infinity=False, min_value=0, exclude_min=True))
def test_a_number_keeps_every_bit(value: float) -> None:
    assert build(Component, {"lr": value}).lr == value


def test_a_schedule_may_leave_the_range() -> None:
    assert Component(lr=0.0).lr == 0.0


def test_ends_of_ranges() -> None:
    assert 0.0 not in Range(0.0)
    assert 0.0 in Range(0.0, closed="[")
    assert 1.0 in Range(0.0, 1.0, closed="]")
    assert str(Range(0.0, 1.0, closed="[]")) == "[0, 1]"


@dataclass(frozen=True, kw_only=True)
class Searching:
    name = "searching"
    search: Literal["none", "armijo"] = "armijo"
    other: float | None = 1.0


def test_a_text_none_needs_no_quotes() -> None:
    """A selection reads the word none as None, which a hyper-parameter of texts does not have."""
    built = build(Searching, {"search": None, "other": None})
    assert (built.search, built.other) == ("none", None)
