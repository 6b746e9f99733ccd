from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result

from optbench import Architecture, Layout, Optimizer, Oracle, Vector, __version__, fraction, positive
from optbench.cli import cli
from optbench.core.errors import UsageError
from optbench.core.specs import canonical
from optbench.method_docs import ComponentDoc, StateSize, amount, component_doc, measured_state
from optbench.registry import KINDS, Component, Plugin, Registry

PLUGIN = Plugin("third", "third-party", "1.2", "third = third")
BUILT_IN = Registry(autoload=False)
COMPONENTS = [
    (kind, component) for kind in KINDS if kind not in ("dataset", "suite") for component in BUILT_IN.components(kind)
]


def facts(doc: ComponentDoc) -> dict[str, str]:
    return dict(doc.facts)


@pytest.mark.parametrize(("kind", "component"), COMPONENTS, ids=lambda value: getattr(value, "name", ""))
def test_every_built_in_component_is_documented(kind: str, component: Component) -> None:
    doc = component_doc(component, kind, measured_state(component) if kind == "optimizer" else None)
    assert doc.title
    assert all(text for _, text in doc.lines())
    assert canonical(doc.as_json())
    assert {p.name for p in doc.parameters} == {f.name for f in fields(component.cls)} - {"inner"}
    assert all(p.range for p in doc.parameters)
    if kind in ("optimizer", "wrapper"):
        assert re.search(r"\b(18|19|20)\d\d, \S", doc.source)  # year and place
        assert any(" = " in equation for equation in doc.equations)
    if kind == "optimizer":
        assert {"rows per step", "state", "oracle"} <= set(facts(doc))
        assert facts(doc)["oracle"] != "none declared"


def test_the_documentation_of_adam() -> None:
    component = BUILT_IN.find("optimizer", "adam")
    found = component_doc(component, "optimizer", measured_state(component))
    assert (found.title, found.source) == ("Adam", "Kingma & Ba 2015, ICLR, arXiv:1412.6980, Algorithm 1")
    assert found.deviations == "the paper has no weight decay; here it is L2, as in torch."
    assert found.equations[0].startswith("m_t, v_t = averages")
    rate = found.parameters[0]
    assert (rate.name, rate.default, rate.range, rate.scheduled) == ("lr", 0.001, "(0, inf)", True)
    assert [p.name for p in found.parameters if p.scheduled] == ["lr"]
    assert facts(found)["state"] == "8 bytes per weight in float32 (2 numbers per weight): 1.05 MB for 131,200 weights"
    assert facts(found)["oracle"] == "torch.optim.Adam, to 1e-10; optax.adam, to 1e-10"


def test_a_larger_tolerance_has_a_reason_and_a_method_without_rate_has_no_schedules() -> None:
    assert "1e-08: noisy gradients" in facts(component_doc(BUILT_IN.find("optimizer", "lbfgs"), "optimizer"))["oracle"]
    assert "not possible" in facts(component_doc(BUILT_IN.find("optimizer", "rprop"), "optimizer"))["schedules"]


def test_wrappers_are_documented_with_their_optimizer() -> None:
    adam = component_doc(BUILT_IN.find("optimizer", "adam"), "optimizer")
    found = adam.within([component_doc(BUILT_IN.find("wrapper", name), "wrapper") for name in ("clip", "cosine")])
    wrappers = [text for label, text in found.lines() if label == "wrapper"]
    assert [text.partition(":")[0] for text in wrappers] == ["clip", "cosine"]
    assert "Loshchilov & Hutter 2017" in wrappers[1]


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


def test_the_documentation_of_a_plugins_optimizer() -> None:
    component = Component(Theirs, PLUGIN)
    assert measured_state(component) is None
    found = component_doc(component, "optimizer")
    assert (found.title, found.source) == ("Somebody's method", "Doe 2030, Journal, equation 3")
    assert found.notes == "It has two lines of notes."
    assert found.deviations == "both small: one, and two."
    assert found.equations == ("w = w - g.",)
    assert [p.name for p in found.parameters if p.scheduled] == ["lr", "other"]
    assert found.parameters[3].range == "bool"
    assert facts(found)["oracle"] == "their.library"
    assert "state" not in facts(found)
    assert dict(found.lines())["origin"] == f"third-party 1.2, {__name__}"


def test_oracles_are_declared_and_no_deviation_is_documented() -> None:
    class Exact(Bare):
        """Somebody's other method. Doe 2031, Journal. No deviation."""

        oracles: ClassVar[tuple[Oracle, ...]] = (Oracle("their.library"), Oracle("other.library", 1e-6, "it uses float32"))

    found = component_doc(Component(Exact, PLUGIN), "optimizer")
    assert (found.source, found.deviations) == ("Doe 2031, Journal", "none")
    assert facts(found)["oracle"] == "their.library, to 1e-10; other.library, to 1e-06: it uses float32"


def test_an_optimizer_without_docstrings_is_documented_too() -> None:
    Bare.__doc__ = None
    found = component_doc(Component(Bare, PLUGIN), "optimizer")
    assert (found.title, found.source, found.equations, found.parameters) == ("", "", (), ())
    assert facts(found)["oracle"] == "none declared"


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


def test_a_component_that_raises_is_documented_too() -> None:
    assert measured_state(Component(Leaves, PLUGIN)) is None
    assert "weights" not in facts(component_doc(Component(Shapeless, PLUGIN), "architecture"))


def test_sizes_of_states() -> None:
    assert str(StateSize(0, 10, "float64")) == "none"
    assert str(StateSize(80, 10, "float64")).startswith("8 bytes per weight in float64 (1 number per weight)")
    scratch = "; scratch memory, 8 bytes per weight in float32 (2 numbers per weight): 80 B"
    assert str(StateSize(40, 10, "float32", scratch=80)).endswith(f"40 B for 10 weights{scratch}")


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["show", *words])


def test_show_prints_the_documentation() -> None:
    text = run("optimizer", "adam").stdout
    for part in (
        "Kingma & Ba 2015",
        "w_t = w_{t-1}",
        "lr = 0.001, in (0, inf), scaled by schedules, searched in [1e-06, 1], log-uniform",
        "second_moment = True, bool; False: no second moment",
        "1.05 MB",
        f"optbench {__version__}",
    ):
        assert part in text
    (line,) = run("architecture", "two-layer-mlp", "--json").stdout.splitlines()
    assert "131,200 for 2049 inputs and one output: 2049x64, 64x1" in json.loads(line)["facts"]["weights"]
    assert "hashed" in run("embedder", "hashing").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("optimizer", "adm"), "did you mean 'adam'"),
        (("optimizer",), "which optimizer"),
        (("optimiser", "adam"), "'optimiser'"),
    ],
)
def test_show_explains_what_it_cannot_find(words: tuple[str, ...], message: str) -> None:
    error = run(*words).exception
    assert isinstance(error, UsageError)
    assert message in str(error)
