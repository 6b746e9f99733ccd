"""The examples of docs/contract-2.md work as they are printed, and plugins of contract 1 are refused with what to change."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_svrg import SVRG

from optbench import Task
from optbench.core.seeding import stream
from optbench.data.loader import FrozenDataset
from optbench.kit.examine import installed_checks
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.registry import Registry
from optbench.training.loop import Batch
from optbench.training.run_job import run_job

PAGE = (Path(__file__).parents[1] / "docs" / "contract-2.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
EXAMPLES = {re.search(r'name: ClassVar\[str\] = "(.*?)"', block)[1]: block for block in BLOCKS}  # type: ignore[index]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that installs a module as a plugin and returns the registry with it."""

    def install(source: str, name: str = "sample") -> Registry:
        module = f"contract_2_{name}_{abs(hash(source))}"
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[optbench]\n{name} = {module}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        return Registry(autoload=True)

    return install


def plugin(registry: Registry) -> Any:
    (found,) = (plugin for plugin in registry.plugins if plugin.name == "sample")
    return found


def test_the_page_has_the_examples() -> None:
    assert sorted(EXAMPLES) == ["backtracking", "linear", "log-cosh", "svrg"]
    assert inspect.getsource(SVRG) == EXAMPLES["svrg"]
    assert max(map(len, "".join(BLOCKS).splitlines())) <= 128


@pytest.mark.parametrize(
    ("name", "selected"),
    [
        ("linear", {"architectures": ["linear"], "losses": ["squared-tanh", "cross-entropy"]}),
        ("backtracking", {"optimizers": ["backtracking"]}),
    ],
)
def test_an_example_trains(installed: Any, dataset: FrozenDataset, name: str, selected: dict[str, list[str]]) -> None:
    registry = installed(EXAMPLES[name])
    assert (plugin(registry).status, plugin(registry).error) == ("ok", "")
    common = {"optimizers": ["adam"], "architectures": ["two-layer-mlp"], "embedders": ["hashing[features=16]"], "seeds": [0]}
    for job in make_plan(
        registry, Selections(**{**common, **selected}, datasets=[str(dataset.folder)], epochs=20, batch_size=5)
    ):
        result = run_job(job)
        assert result.status == "ok"
        assert result.curves["train_loss"][-1] < result.curves["train_loss"][0]


SVRG_HEAD = """
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optbench import Layout, Objective, Optimizer, State, Vector, axpy, count, hookimpl, positive

OPTBENCH_CONTRACT = 2

"""
SVRG_HOOK = """

@hookimpl
def optbench_optimizers():
    return [SVRG]
"""


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_keeps_the_whole_contract(installed: Any, name: str) -> None:
    installed(f"{SVRG_HEAD}{EXAMPLES[name]}{SVRG_HOOK}" if name == "svrg" else EXAMPLES[name])
    findings = [check.run() for check in installed_checks("sample")]
    assert len(findings) > 10
    assert [finding for finding in findings if finding.status != "holds"] == []


def test_the_loss_of_the_page_has_the_right_derivatives_and_distribution(installed: Any) -> None:
    registry = installed(EXAMPLES["log-cosh"])
    loss = registry.find("loss", "log-cosh").cls()
    layout = registry.find("architecture", "two-layer-mlp").cls(hidden=3).layout(4, 2)
    rng = stream(0, "init")
    x, y = rng.standard_normal((9, 4)), 2.0 * rng.standard_normal((9, 2))
    model = registry.find("architecture", "two-layer-mlp").cls(hidden=3).bind(layout, loss, "float64")
    model.w[:] = rng.standard_normal(layout.size)
    v, product = rng.standard_normal(layout.size), np.empty(layout.size)

    def gradient(shift: float) -> np.ndarray:
        before = model.w.copy()
        model.w += shift * v
        model.loss_and_grad(x, y)
        model.w[:] = before
        return np.array(model.g)

    value = loss.value(model.forward(x, model.w + 1e-6 * v), y) - loss.value(model.forward(x, model.w - 1e-6 * v), y)
    assert value / 2e-6 == pytest.approx(gradient(0.0) @ v, rel=1e-7)
    model.hvp(x, y, v, product)
    np.testing.assert_allclose(product, (gradient(1e-5) - gradient(-1e-5)) / 2e-5, rtol=1e-5, atol=1e-8)
    assert loss.value(np.full((1, 1), 1e4), np.zeros((1, 1))) == pytest.approx(1e4 - np.log(2.0))
    assert loss.incompatibility(Task()) == ""
    assert loss.incompatibility(Task(("a", "b")))

    # For a location family the mean square of the score is the mean second derivative: 1/2 for log cosh.
    z = np.zeros((200_000, 1))
    drawn = loss.sample_labels(z, rng)
    assert np.mean(np.tanh(drawn) ** 2) == pytest.approx(0.5, abs=0.005)
    assert np.mean(1.0 - np.tanh(drawn) ** 2) == pytest.approx(0.5, abs=0.005)
    assert Batch(model, loss, rng, 1, (x, y)).value() == pytest.approx(loss.value(model.forward(x), y))


FORMER = """
from dataclasses import dataclass
from optbench import Architecture, Layout, Optimizer, Schedule, Wrapper, hookimpl
{declared}
@dataclass(frozen=True, kw_only=True)
class One(Architecture):
    name = "one"
    def layout(self, inputs{outputs}): return Layout({{"layer": (inputs, 1)}})
    def bind(self, layout{loss}, dtype): return None

@dataclass(frozen=True, kw_only=True)
class Two(Wrapper):
    name = "two"
{body}

@hookimpl
def optbench_architectures(): return [One]

@hookimpl
def optbench_wrappers(): return [Two]
"""
NOW = {"declared": "", "outputs": ", outputs", "loss": ", loss", "body": "    pass"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"declared": "OPTBENCH_CONTRACT = 1"}, "built for contract 1, this optbench has contract 2; "),
        ({"outputs": ""}, r"One.layout(inputs) is of contract 1 and now layout(inputs, outputs); "),
        ({"loss": ""}, r"One.bind(layout, dtype) is of contract 1 and now bind(layout, loss, dtype); "),
        ({"body": "    def misfit(self): return ''"}, "Two has misfit, a method of contract 1; "),
    ],
)
def test_a_plugin_of_contract_1_is_refused_with_what_to_change(installed: Any, changes: dict[str, str], message: str) -> None:
    found = plugin(installed(FORMER.format(**{**NOW, **changes})))
    assert found.status == "refused"
    assert found.error.startswith(message)
    assert "docs/contract-2.md says what to change: architectures define layout(inputs, outputs)" in found.error
    assert not found.provides


@pytest.mark.parametrize(
    "changes",
    [{}, {"declared": "OPTBENCH_CONTRACT = 2"}, {"outputs": ", *rest"}, {"outputs": ", outputs=1"}, {"loss": ", loss, *more"}],
    ids=str,
)
def test_other_signatures_are_accepted_or_left_to_the_kit(installed: Any, changes: dict[str, str]) -> None:
    assert plugin(installed(FORMER.format(**{**NOW, **changes}))).status == "ok"
