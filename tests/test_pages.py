from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result

from optbench import Architecture, Layout, Optimizer, Vector, __version__, fraction, positive
from optbench.cli import cli
from optbench.core.errors import UsageError
from optbench.core.specs import canonical
from optbench.method_docs import Page, StateSize, amount, measured_state, page
from optbench.registry import KINDS, Component, Plugin, Registry

PLUGIN = Plugin("third", "third-party", "1.2", "third = third")
BUILT_IN = Registry(autoload=False)
METHODS = [(axis, method) for axis in KINDS if axis != "dataset" for method in BUILT_IN.components(axis)]


def facts(found: Page) -> dict[str, str]:
    return dict(found.facts)


@pytest.mark.parametrize(("axis", "method"), METHODS, ids=lambda value: getattr(value, "name", ""))
def test_every_built_in_method_has_a_whole_page(axis: str, method: Component) -> None:
    found = page(method, axis, measured_state(method) if axis == "optimizer" else None)
    assert found.title
    assert all(text for _, text in found.lines())
    assert canonical(found.as_json())
    assert {p.name for p in found.parameters} == {f.name for f in fields(method.cls)} - {"inner"}
    assert all(p.range for p in found.parameters)
    if axis == "wrapper":
        assert found.equations
    if axis == "optimizer":
        assert any(character.isdigit() for character in found.source)
        assert any(" = " in equation for equation in found.equations)
        assert {"rows a step", "state", "oracle"} <= set(facts(found))
        assert facts(found)["oracle"] != "none named"


def test_the_page_of_adam() -> None:
    method = BUILT_IN.find("optimizer", "adam")
    found = page(method, "optimizer", measured_state(method))
    assert (found.title, found.source) == ("Adam", "Kingma & Ba 2015, ICLR, arXiv:1412.6980, Algorithm 1")
    assert found.deviations == "the weight decay, which the paper does not have; it is L2, as in torch."
    assert found.equations[0].startswith("m_t, v_t = averages")
    rate = found.parameters[0]
    assert (rate.name, rate.default, rate.range, rate.scheduled) == ("lr", 0.001, "(0, inf)", True)
    assert [p.name for p in found.parameters if p.scheduled] == ["lr"]
    assert facts(found)["state"] == "8 bytes a weight in float32 (2 numbers a weight): 1.05 MB on 131,200 weights"
    assert facts(found)["oracle"] == "torch.optim.Adam, to 1e-10; optax.adam, to 1e-10"


def test_a_looser_oracle_says_why_and_a_method_without_rate_refuses_schedules() -> None:
    assert "1e-08: noisy gradients" in facts(page(BUILT_IN.find("optimizer", "lbfgs"), "optimizer"))["oracle"]
    assert "refused" in facts(page(BUILT_IN.find("optimizer", "rprop"), "optimizer"))["schedules"]


def test_wrappers_are_named_on_the_page_of_what_they_go_around() -> None:
    adam = page(BUILT_IN.find("optimizer", "adam"), "optimizer")
    found = adam.within([page(BUILT_IN.find("wrapper", name), "wrapper") for name in ("clip", "cosine")])
    told = [text for what, text in found.lines() if what == "wrapper"]
    assert [text.partition(":")[0] for text in told] == ["clip", "cosine"]
    assert "Loshchilov & Hutter 2017" in told[1]


@dataclass(frozen=True, kw_only=True)
class Theirs(Optimizer):
    """Somebody's method. Doe 2030, Journal, equation 3.

    It has two lines
    of notes. Deviations, both small: one, and two.
    """

    name: ClassVar[str] = "adam"
    rates: ClassVar[tuple[str, ...]] = ("lr", "other")
    oracle: ClassVar[str] = "their.library"
    lr: float = positive(0.1)
    other: float = positive(0.2)
    beta: float = fraction(0.5)
    fast: bool = False

    def init(self, w: Vector, layout: Layout) -> Any:
        raise ValueError("no")

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        """Two kinds of layers."""

    def _one(self) -> None:
        """w = w - g."""


@dataclass(frozen=True, kw_only=True)
class Bare(Optimizer):
    name: ClassVar[str] = "bare"

    def update(self, w: Vector, g: Vector, s: Any, t: int) -> None:
        pass


def test_a_plugins_page() -> None:
    method = Component(Theirs, PLUGIN)
    assert measured_state(method) is None
    found = page(method, "optimizer")
    assert (found.title, found.source) == ("Somebody's method", "Doe 2030, Journal, equation 3")
    assert found.notes == "It has two lines of notes."
    assert found.deviations == "both small: one, and two."
    assert found.equations == ("w = w - g.",)
    assert [p.name for p in found.parameters if p.scheduled] == ["lr", "other"]
    assert found.parameters[3].range == "bool"
    assert facts(found)["oracle"] == "their.library"
    assert "state" not in facts(found)
    assert dict(found.lines())["origin"] == f"third-party 1.2, {__name__}"


def test_no_deviation_is_said() -> None:
    class Exact(Bare):
        """Somebody's other method. Doe 2031, Journal. No deviation."""

    found = page(Component(Exact, PLUGIN), "optimizer")
    assert (found.source, found.deviations) == ("Doe 2031, Journal", "none")


def test_a_method_without_docstrings_has_a_page_too() -> None:
    Bare.__doc__ = None
    found = page(Component(Bare, PLUGIN), "optimizer")
    assert (found.title, found.source, found.equations, found.parameters) == ("", "", (), ())
    assert facts(found)["oracle"] == "none named"  # a stranger of a built-in's name would not inherit its oracle either


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1049600, "1.05 MB"), (2 * 10**9, "2 GB"), (4000, "4 kB")]
)
def test_amounts(size: int, text: str) -> None:
    assert amount(size) == text


class Leaves(Optimizer):
    """Leaves. Nobody 2020."""

    name: ClassVar[str] = "leaves"

    def init(self, w: Vector, layout: Layout) -> Any:
        raise SystemExit(0)


class Shapeless(Architecture):
    """Shapeless. Nobody 2020."""

    name: ClassVar[str] = "shapeless"


def test_a_method_that_cannot_start_has_a_page_too() -> None:
    assert measured_state(Component(Leaves, PLUGIN)) is None
    assert "weights" not in facts(page(Component(Shapeless, PLUGIN), "architecture"))


def test_a_state_of_nothing() -> None:
    assert str(StateSize(0, 10, "float64")) == "none"
    assert str(StateSize(80, 10, "float64")).startswith("8 bytes a weight in float64 (1 number a weight)")


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["show", *words])


def test_show_prints_the_page() -> None:
    text = run("optimizer", "adam").stdout
    for part in (
        "Kingma & Ba 2015",
        "w_t = w_{t-1}",
        "lr = 0.001, in (0, inf), scaled by schedules",
        "1.05 MB",
        f"optbench {__version__}",
    ):
        assert part in text
    (line,) = run("architecture", "two-layer-mlp", "--json").stdout.splitlines()
    assert "131,200 for 2049 inputs: 2049x64, 64x1" in json.loads(line)["facts"]["weights"]
    assert "hashed" in run("embedder", "hashing").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("optimizer", "adm"), "did you mean 'adam'"),
        (("optimizer",), "which optimizer"),
        (("optimiser", "adam"), "no kind of method 'optimiser'"),
    ],
)
def test_show_says_what_it_does_not_know(words: tuple[str, ...], message: str) -> None:
    error = run(*words).exception
    assert isinstance(error, UsageError)
    assert message in str(error)
