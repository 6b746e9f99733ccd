from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from optbench.core.errors import UsageError
from optbench.planning.expressions import parse_expression
from optbench.planning.selectors import parse_seeds, parse_selection, quoted


@pytest.mark.parametrize(
    ("text", "name", "params"),
    [
        ("adam", "adam", {}),
        ("adam[]", "adam", {}),
        (" adam [ lr = 1e-3 ] ", "adam", {"lr": [1e-3]}),
        ("adam[lr=1e-3,1e-2]", "adam", {"lr": [1e-3, 1e-2]}),
        ("adam[lr=1e-3,1e-2,beta1=0.8]", "adam", {"lr": [1e-3, 1e-2], "beta1": [0.8]}),
        ("recursive-mlp[hidden=(128,64)]", "recursive-mlp", {"hidden": [(128, 64)]}),
        ("recursive-mlp[hidden=(8,),(4,2)]", "recursive-mlp", {"hidden": [(8,), (4, 2)]}),
        (
            "x[a=true,b=False,c=none,d=word,e='two words']",
            "x",
            {"a": [True], "b": [False], "c": [None], "d": ["word"], "e": ["two words"]},
        ),
        ("x[n=-3]", "x", {"n": [-3]}),
    ],
)
def test_selections(text: str, name: str, params: dict[str, object]) -> None:
    selection = parse_selection(text)
    assert (selection.name, selection.params) == (name, params)


def test_several_values_select_several_runs() -> None:
    assert list(parse_selection("x[a=1,2,b=3,4]").combinations()) == [
        {"a": 1, "b": 3},
        {"a": 1, "b": 4},
        {"a": 2, "b": 3},
        {"a": 2, "b": 4},
    ]


@pytest.mark.parametrize(
    ("text", "wrappers"),
    [
        ("adam", []),
        ("adam|cosine", [("cosine", {})]),
        ("adam[lr=1]|clip[norm=1,2] | cosine[]", [("clip", {"norm": [1, 2]}), ("cosine", {})]),
        ("adam[a='x|y']", []),
    ],
)
def test_wrappers_follow_a_component(text: str, wrappers: list[tuple[str, dict[str, object]]]) -> None:
    selection = parse_selection(text)
    assert selection.name == "adam"
    assert [(wrapper.name, wrapper.params) for wrapper in selection.wrappers] == wrappers


@pytest.mark.parametrize(
    "text",
    [
        "|",
        "adam|",
        "|adam",
        "adam||clip",
        "adam[lr=1|2]",
        "adam|[norm=1]",
        "",
        "[",
        "adam[",
        "adam[lr",
        "adam[lr=",
        "adam[lr=]",
        "adam]",
        "adam[lr=1]x",
        "a b",
        "x[a=1,a=2]",
        "x[a=(1]",
        "x[a=1 2]",
        "x[a=1 b=2]",
    ],
)
def test_a_malformed_selection_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        parse_selection(text)


@given(st.text(max_size=30).filter(lambda text: "'" not in text or '"' not in text))
@example("query: ")
@example("a,revision=b")
@example("1e3")
@example("none")
@example("it's")
def test_a_quoted_text_is_read_back_as_itself(text: str) -> None:
    assert parse_selection(f"x[a={quoted(text)}]").params == {"a": [text]}


@given(st.text(max_size=30))
def test_any_text_is_parsed_or_a_usage_error(text: str) -> None:
    for parse in (parse_selection, parse_seeds, parse_expression):
        with contextlib.suppress(UsageError):  # and nothing else
            parse(text)


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("3", [3]), ("0-4", [0, 1, 2, 3, 4]), ("7, 1-2,2", [1, 2, 7]), ("42,10,2024", [10, 42, 2024])],
)
def test_seeds(text: str, seeds: list[int]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "-1", "4-0", "a", "1,,2", "1.5", "0-99999999999"])
def test_malformed_seeds_are_an_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_seeds(text)


@pytest.mark.parametrize(
    ("text", "name", "fits"),
    [
        ("adam", "adam two-layer-mlp", True),
        ("ADAM", "adam", True),
        ("not adam", "adam", False),
        ("adam or sgd and two", "sgd single-layer", False),
        ("adam or sgd and two", "adam single-layer", True),
        ("(adam or sgd) and two", "adam single-layer", False),
        ("not (adam or sgd)", "rmsprop", True),
        ("not not adam", "adam", True),
    ],
)
def test_expressions(text: str, name: str, *, fits: bool) -> None:
    assert parse_expression(text)(name) is fits


@pytest.mark.parametrize("text", ["", "and", "adam and", "adam sgd", "(adam", "adam)", "not", "()"])
def test_a_malformed_expression_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match="cannot read -k"):
        parse_expression(text)
