from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from optbench.core.errors import PluginError, UsageError
from optbench.planning.plan import make_plan
from optbench.planning.selections import Selections
from optbench.registry import KINDS, Registry


def test_built_in_components_come_through_the_entry_points(registry: Registry) -> None:
    ours = {plugin.name: plugin for plugin in registry.plugins if plugin.is_built_in}
    assert set(ours) == {f"optbench:{hook.removeprefix('optbench_')}" for hook, _ in KINDS.values()}
    assert all(plugin.status == "ok" and plugin.provides for plugin in ours.values())


def test_names(registry: Registry) -> None:
    assert {"adagrad", "adam", "gd", "rmsprop", "sgd"} <= set(registry.names("optimizer"))
    assert {"recursive-mlp", "single-layer", "two-layer-mlp"} <= set(registry.names("architecture"))
    assert {"hashing", "tfidf"} <= set(registry.names("embedder"))
    assert {"cross-entropy", "squared", "squared-tanh"} <= set(registry.names("loss"))
    assert {"qa-tr", "spirals"} <= set(registry.names("dataset"))


def test_an_unknown_name_gets_the_nearest(registry: Registry) -> None:
    with pytest.raises(UsageError, match=r"no optimizer named 'adm'; did you mean 'adam'\?.*list optimizers"):
        registry.find("optimizer", "adm")


@pytest.mark.parametrize("name", ["optbench:optimizers", "optbench"])
def test_a_plugin_can_be_excluded_by_its_name_or_its_distributions(name: str) -> None:
    registry = Registry([name], autoload=False)
    assert "adam" not in registry.names("optimizer")
    assert ("hashing" in registry.names("embedder")) is (name != "optbench")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "dataset"])
def test_every_component_has_a_summary_and_a_version(registry: Registry, kind: str) -> None:
    for component in registry.components(kind):
        assert component.summary.endswith((".", ":")), component.name
        assert component.plugin.version


HEAD = """
from dataclasses import dataclass
from optbench import Optimizer, hookimpl

def optimizer(title):
    cls = type(title, (Optimizer,), {"__doc__": f"{title}.", "name": title.lower(), "__module__": __name__})
    globals()[title] = dataclass(frozen=True, kw_only=True)(cls)
    return globals()[title]

"""
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a distribution with one plugin, by its name and the source that follows `HEAD`."""
    monkeypatch.delenv("OPTBENCH_DISABLE_PLUGIN_AUTOLOAD", raising=False)
    installed: list[str] = []

    def write(name: str, source: str, entry_points: str = "") -> None:
        module = f"installed_{canonicalize_name(name).replace('-', '_')}"
        (tmp_path / f"{module}.py").write_text(HEAD + source, encoding="utf-8")
        info = tmp_path / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(entry_points or f"[optbench]\n{module} = {module}\n", encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        installed.append(module)

    yield write
    for module in installed:
        sys.modules.pop(module, None)


def errors(registry: Registry) -> dict[str, str]:
    return {plugin.name: plugin.error for plugin in registry.broken()}


RETURNS = "@hookimpl\ndef optbench_optimizers():\n    return [{}]\n"
WRAPS = "@hookimpl({}=True)\ndef {}({}):\n"


@pytest.mark.parametrize("style", ["wrapper", "hookwrapper"])
def test_a_hook_wrapper_can_remove_and_add_components(install: Install, style: str) -> None:
    change = """
    kept = [[cls for cls in classes if cls.name not in ("sgd", "second")] for classes in {}] + [[optimizer("Added")]]
    {}
"""
    if style == "wrapper":
        body = change.format("(yield)", "return kept")
    else:
        body = "    outcome = yield" + change.format("outcome.get_result()", "outcome.force_result(kept)")
    install("first", RETURNS.format('optimizer("First")'))
    install("hook", WRAPS.format(style, "optbench_optimizers", "") + body)
    install("second", RETURNS.format('optimizer("Second"), optimizer("Third")'))
    registry = Registry()
    assert errors(registry) == {}
    assert {"adam", "first", "added", "third"} <= set(registry.names("optimizer"))
    assert not {"sgd", "second"} & set(registry.names("optimizer"))
    plugins = {name: registry.find("optimizer", name).plugin.name for name in ("adam", "first", "added", "third")}
    assert plugins == {"adam": "optbench:optimizers", "first": "first", "added": "hook", "third": "second"}
    provided = {plugin.name: plugin.provides.get("optimizer") for plugin in registry.plugins if not plugin.is_built_in}
    assert (provided["first"], provided["hook"], provided["second"]) == (["first"], ["added"], ["third"])


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("    1 / 0\n    yield\n", "ZeroDivisionError: division by zero"),
        ("    yield\n    raise SystemExit(3)\n", "SystemExit: 3"),
        ("    yield\n", "a hook wrapper of optbench_optimizers returned None; it must return the list that 'yield' gave it"),
        ("    return (yield) + [[int]]\n", "optbench_optimizers returned <class 'int'>, which is not a subclass of"),
        ("    return (yield) + [3]\n", "optbench_optimizers returned 3; it must return a list of classes"),
        ("    return []\n", "not a generator function"),
    ],
)
def test_a_plugin_with_a_broken_wrapper_is_refused_alone(install: Install, body: str, error: str) -> None:
    install("first", RETURNS.format('optimizer("First")'))
    install(
        "hook",
        RETURNS.format("").replace("optimizers", "embedders") + WRAPS.format("wrapper", "optbench_optimizers", "") + body,
    )
    install("second", RETURNS.format('optimizer("Second")'))
    registry = Registry()
    assert list(errors(registry)) == ["hook"]
    assert error in errors(registry)["hook"]
    assert {"adam", "first", "second"} <= set(registry.names("optimizer"))


def test_a_plugin_that_is_refused_leaves_nothing_behind(install: Install) -> None:
    install(
        "both",
        RETURNS.format('optimizer("Good"), int')
        + WRAPS.format("wrapper", "optbench_architectures", "")
        + "    return [[]]\n    yield\n",
    )
    registry = Registry()
    assert list(errors(registry)) == ["both"]
    assert "good" not in registry.names("optimizer")
    assert registry.names("architecture") == Registry(autoload=False).names("architecture")


def test_an_implementation_that_creates_its_classes_in_each_call_is_called_once(install: Install) -> None:
    install("again", RETURNS.format('optimizer("Again")'))
    install("later", RETURNS.format('optimizer("Later")'))
    registry = Registry()
    assert registry.find("optimizer", "again").cls is sys.modules["installed_again"].Again
    assert not registry.clashes


def test_a_class_that_two_plugins_return_is_a_clash(install: Install) -> None:
    install("owner", RETURNS.format('optimizer("Shared")'))
    install("user", "import installed_owner\n" + RETURNS.format("installed_owner.optbench_optimizers()[0]"))
    with pytest.raises(PluginError, match=r"two optimizers are named 'shared': one from owner 1\.0 .*one from user 1\.0"):
        Registry().refuse_clashes()


def test_a_module_that_two_entry_points_name_is_refused_once(install: Install) -> None:
    entries = "[optbench]\none = installed_double\ntwo = installed_double\n"
    install("double", RETURNS.format('optimizer("Double")'), entries)
    registry = Registry()
    assert errors(registry) == {"double:two": "it is the module of plugin 'double:one'; remove one of the two entry points"}
    assert registry.find("optimizer", "double").plugin.name == "double:one"


LISTENS = "@hookimpl({})\ndef optbench_report_sections(results):\n"


def test_order_options_of_pluggy_are_followed(install: Install) -> None:
    for name, options in (("a", "trylast=True"), ("b", ""), ("c", "tryfirst=True"), ("d", "")):
        install(name, LISTENS.format(options) + f"    return {name!r}\n")
    assert Registry().notify("optbench_report_sections", results=None) == ["c", "d", "b", "a"]


ADDS = {
    "wrapper": "    return [*(yield), results]\n",
    "hookwrapper": "    outcome = yield\n    outcome.force_result([*outcome.get_result(), results])\n",
}


@pytest.mark.parametrize("style", ADDS)
def test_a_wrapper_can_change_what_other_plugins_answer(install: Install, style: str) -> None:
    install("answers", LISTENS.format("") + "    return 'answer'\n")
    install("silent", LISTENS.format("") + "    pass\n")
    install("hook", LISTENS.format(f"{style}=True") + ADDS[style])
    assert Registry().notify("optbench_report_sections", results="added") == ["answer", "added"]


def test_a_wrapper_sees_runs_that_are_done(install: Install) -> None:
    install(
        "hook",
        "seen = []\n"
        + WRAPS.format("wrapper", "optbench_run_done", "result")
        + "    seen.append(result)\n    yield\n    seen.append('stored')\n",
    )
    install(
        "listener",
        "@hookimpl\ndef optbench_run_done(result):\n    import installed_hook\n    installed_hook.seen.append('told')\n",
    )
    registry = Registry()
    assert registry.notify("optbench_run_done", result="result") == []
    assert sys.modules["installed_hook"].seen == ["result", "told", "stored"]


BROKEN_WRAPPERS = {
    "before": ("wrapper", "    1 / 0\n    yield\n", "ZeroDivisionError: division by zero"),
    "after": ("wrapper", "    yield\n    1 / 0\n", "ZeroDivisionError: division by zero"),
    "exits": ("wrapper", "    yield\n    raise SystemExit(3)\n", "SystemExit: 3"),
    "never": ("wrapper", "    if False:\n        yield\n", "the hook wrapper did not yield"),
    "twice": ("wrapper", "    yield\n    yield\n", "the hook wrapper yielded twice"),
    "answer": ("wrapper", "    return [*(yield), 1]\n", "TypeError: not a text"),
    "number": ("wrapper", "    yield\n    return 1\n", "TypeError: 'int' object is not iterable"),
    "old-before": ("hookwrapper", "    1 / 0\n    yield\n", "ZeroDivisionError: division by zero"),
    "old-after": (
        "hookwrapper",
        "    outcome = yield\n    outcome.force_result([])\n    1 / 0\n",
        "ZeroDivisionError: division by zero",
    ),
    "old-answer": (
        "hookwrapper",
        "    outcome = yield\n    outcome.force_result(1)\n",
        "TypeError: 'int' object is not iterable",
    ),
}


def text(answer: Any) -> str:
    if not isinstance(answer, str):
        raise TypeError("not a text")
    return answer


@pytest.mark.parametrize("case", BROKEN_WRAPPERS)
def test_a_broken_wrapper_is_one_warning_and_changes_nothing(install: Install, case: str) -> None:
    style, body, error = BROKEN_WRAPPERS[case]
    install("answers", LISTENS.format("") + "    return 'answer'\n")
    install("hook", WRAPS.format(style, "optbench_report_sections", "results") + body)
    install("outer", LISTENS.format("wrapper=True") + "    return [*(yield), 'outer']\n")
    registry = Registry()
    expected = ["answer", "outer"]
    with pytest.warns(UserWarning, match="of plugin") as caught:
        assert registry.notify("optbench_report_sections", read=text, results=None) == expected
    assert [str(warning.message) for warning in caught] == [f"optbench_report_sections of plugin 'hook': {error}"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert registry.notify("optbench_report_sections", read=text, results=None) == expected


def test_a_listener_that_raises_keeps_no_other_from_being_notified(install: Install) -> None:
    install("a", LISTENS.format("") + "    return 'a'\n")
    install("bad", LISTENS.format("") + "    raise SystemExit(9)\n")
    install("wrong", LISTENS.format("") + "    return 1\n")
    install("z", LISTENS.format("") + "    return 'z'\n")
    registry = Registry()
    with pytest.warns(UserWarning, match="of plugin") as caught:
        assert registry.notify("optbench_report_sections", read=text, results=None) == ["z", "a"]
    assert sorted(str(warning.message) for warning in caught) == [
        "optbench_report_sections of plugin 'bad': SystemExit: 9",
        "optbench_report_sections of plugin 'wrong': TypeError: not a text",
    ]


def test_an_interrupt_in_a_listener_is_not_swallowed(install: Install) -> None:
    install("bad", LISTENS.format("") + "    raise KeyboardInterrupt\n")
    install("hook", LISTENS.format("wrapper=True") + "    return (yield)\n")
    with pytest.raises(KeyboardInterrupt):
        Registry().notify("optbench_report_sections", results=None)


def test_what_a_hook_prints_goes_to_standard_error(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("loud", "print('imported')\n" + LISTENS.format("wrapper=True") + "    print('notified')\n    return (yield)\n")
    Registry().notify("optbench_report_sections", results=None)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.split() == ["imported", "notified"]


def test_names_of_distributions_are_compared_as_pip_does(install: Install) -> None:
    install("Some.Name", RETURNS.format('optimizer("Some")'))
    statuses = {plugin.name: plugin.status for plugin in Registry(["some_name"]).plugins}
    assert statuses["Some.Name"] == "blocked"


def test_a_job_names_the_third_party_distributions_that_it_imports(install: Install) -> None:
    install("Own.Optimizers", RETURNS.format('optimizer("Own")'))
    wrapper = """
from optbench import Wrapper
@dataclass(frozen=True, kw_only=True)
class Around(Wrapper):
    name = "around"
@hookimpl
def optbench_wrappers():
    return [Around]
"""
    install("own-wrappers", wrapper)
    optimizers = ["own", "own|around", "sgd", "sgd|around", "sgd|clip[norm=1]"]
    selections = Selections(optimizers=optimizers, architectures=["single-layer"], embedders=["hashing", "e5-small"], seeds=[0])
    found = {job.labels.optimizer: job.distributions for job in make_plan(Registry(), selections)}
    assert found == {
        "own": {"Own.Optimizers"},
        "own|around": {"Own.Optimizers", "own-wrappers"},
        "sgd": set(),
        "sgd|around": {"own-wrappers"},
        "sgd|clip[norm=1]": set(),
    }
