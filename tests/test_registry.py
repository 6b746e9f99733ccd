from __future__ import annotations

import pytest

from optbench.core.errors import UsageError
from optbench.registry import Registry


def test_ours_come_through_the_entry_points(registry: Registry) -> None:
    ours = {plugin.name: plugin for plugin in registry.plugins if plugin.distribution == "optbench"}
    assert set(ours) == {f"optbench:{kind}" for kind in ("optimizers", "wrappers", "architectures", "embedders", "datasets")}
    assert all(plugin.status == "ok" and plugin.provides for plugin in ours.values())


def test_names(registry: Registry) -> None:
    assert {"adagrad", "adam", "gd", "rmsprop", "sgd"} <= set(registry.names("optimizer"))
    assert {"recursive-mlp", "single-layer", "two-layer-mlp"} <= set(registry.names("architecture"))
    assert {"hashing", "tfidf"} <= set(registry.names("embedder"))
    assert "qa-tr" in registry.names("dataset")


def test_an_unknown_name_gets_the_nearest(registry: Registry) -> None:
    with pytest.raises(UsageError, match=r"no optimizer named 'adm'; did you mean 'adam'\?.*list optimizers"):
        registry.find("optimizer", "adm")


@pytest.mark.parametrize("name", ["optbench:optimizers", "optbench"])
def test_a_plugin_can_be_left_out_by_its_name_or_its_distributions(name: str) -> None:
    registry = Registry([name])
    assert "adam" not in registry.names("optimizer")
    assert ("hashing" in registry.names("embedder")) is (name != "optbench")


@pytest.mark.parametrize("axis", ["optimizer", "wrapper", "architecture", "embedder"])
def test_every_method_says_what_it_is(registry: Registry, axis: str) -> None:
    for method in registry.components(axis):
        assert method.summary.endswith((".", ":")), method.name
        assert method.plugin.version
