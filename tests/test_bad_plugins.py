from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from processes import OPTIMIZER, QUICK, Bench, is_harmless, is_one_line

ESCAPE = "\x1b[2J\x9b31m\x07\u202e<script>alert(1)</script>"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def source(name: str, update: str = "pass", summary: str = "Thrown away.") -> str:
    return OPTIMIZER.format(name=name, update=" " * 8 + update, summary=summary)


def statuses(rows: list[dict[str, Any]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["optimizer"], set()).add(row["status"])
    return found


HOOK = "from optbench import Optimizer, hookimpl\n"
WRAPPER = "@hookimpl(wrapper=True)\ndef optbench_optimizers():\n"
BROKEN = {
    "missing": ("import no_such_module", "failed", "ModuleNotFoundError"),
    "leaves": ("import sys; sys.exit(0)", "failed", "SystemExit"),
    "syntax": ("def (", "failed", "SyntaxError"),
    "hostile": (f"raise RuntimeError({ESCAPE!r} + chr(0xDC80))", "failed", "RuntimeError"),
    "mute": ("class E(Exception):\n    def __str__(self): raise ValueError\nraise E", "failed", "E"),
    "misspelt": (HOOK + "@hookimpl\ndef optbench_optimisers(): return []", "refused", "optbench_optimisers"),
    "arguments": (HOOK + "@hookimpl\ndef optbench_optimizers(registry): return []", "refused", "registry"),
    "raises": (HOOK + "@hookimpl\ndef optbench_optimizers(): 1 / 0", "refused", "ZeroDivisionError"),
    "exits": (HOOK + "@hookimpl\ndef optbench_optimizers(): raise SystemExit(0)", "refused", "SystemExit"),
    "returns": (HOOK + f"@hookimpl\ndef optbench_optimizers(): return [{ESCAPE!r}]", "refused", "not a subclass"),
    "nothing": (HOOK + "@hookimpl\ndef optbench_optimizers(): pass", "refused", "returned None; it must return a list"),
    "filters": (
        HOOK + WRAPPER + "    return [cls for each in (yield) for cls in each]",
        "refused",
        "it must return a list of classes",
    ),
    "forgets": (HOOK + WRAPPER + "    yield", "refused", "it must return the list that 'yield' gave it"),
    "refuses": (HOOK + WRAPPER + "    yield; 1 / 0", "refused", "ZeroDivisionError"),
    "wraps": (HOOK + WRAPPER + "    return []", "refused", "not a generator function"),
    "nameless": (HOOK + "@hookimpl\ndef optbench_optimizers(): return [Optimizer]", "refused", "name is None"),
    "script": (source("<script>"), "refused", "a name is lower-case letters"),
    "spaces": (source("two words"), "refused", "a name is lower-case letters"),
    "newline": (source("two\nlines"), "refused", "a name is lower-case letters"),
    "escape": (source(ESCAPE), "refused", "a name is lower-case letters"),
    "contract": ("OPTBENCH_CONTRACT = 7\n" + source("contract"), "refused", "contract 7, this optbench has contract 2"),
    "earlier": (
        "OPTBENCH_CONTRACT = 1\n" + source("earlier"),
        "refused",
        "contract 1, this optbench has contract 2; docs/contract-2.md says what to change",
    ),
    "defaults": (source("defaults").replace("lr: float = 0.1", "lr: float"), "refused", "defaults"),
    "values": (source("values").replace("float = 0.1", "object = np.float32(0.1)"), "refused", "is not a plain number"),
    "version": ("OPTBENCH_CONTRACT = True\n" + source("version"), "refused", "contract True, this optbench"),
    "versions": ("import numpy\nOPTBENCH_CONTRACT = numpy.array([1, 1])\n" + source("versions"), "refused", "array([1, 1])"),
    "getattr": ("def __getattr__(name): return {}[name]\n" + source("getattr"), "failed", "KeyError"),
    "needs": (
        source("needs").replace("lr: float", 'needs = ["hvp"]\n    lr: float'),
        "refused",
        "it must be a frozenset of words",
    ),
    "batch": (source("batch").replace("lr: float", 'batch = "Full"\n    lr: float'), "refused", "it must be 'mini' or 'full'"),
    "rates": (source("rates").replace("lr: float", 'rates = "lr"\n    lr: float'), "refused", "it must be a tuple of names"),
    "folder": (
        """
from optbench import Dataset, hookimpl
class D(Dataset):
    name = "d"
@hookimpl
def optbench_datasets():
    return [D]
""",
        "refused",
        "D.folder is not a path",
    ),
    "suite": (
        HOOK.replace("Optimizer", "Suite") + "class S(Suite): name = 's'\n@hookimpl\ndef optbench_suites(): return [S]",
        "refused",
        "S.file is not a path",
    ),
    "takes": (
        """
from optbench import Embedder, hookimpl
class E(Embedder):
    name, takes = "e", "tables"
@hookimpl
def optbench_embedders():
    return [E]
""",
        "refused",
        "it must be 'texts' or 'table'",
    ),
    "untitled": (
        """
from optbench import GeneratedDataset, hookimpl
class D(GeneratedDataset):
    name = "d"
@hookimpl
def optbench_datasets():
    return [D]
""",
        "refused",
        "D.title is None; it must be a text",
    ),
    "loss": (
        HOOK + "@hookimpl\ndef optbench_losses(): return [Optimizer]",
        "refused",
        "not a subclass of optbench.Loss",
    ),
}


def test_a_broken_plugin_is_one_warning_and_a_row_and_the_others_run(bench: Bench) -> None:
    for name, (text, _, _) in BROKEN.items():
        bench.distribution(f"bad-{name}", {f"bad_{name}": text})
    bench.optimizer("good")
    listed = bench.run("plugins", "--json")
    assert listed.code == 0, listed.err
    rows = {row["name"]: row for row in listed.rows}
    for name, (_, status, error) in BROKEN.items():
        assert rows[f"bad-{name}"]["status"] == status, rows[f"bad-{name}"]
        assert error in rows[f"bad-{name}"]["error"]
        assert is_one_line(listed.err, f"warning: plugin 'bad-{name}' ")
    assert rows["optbench-good"]["status"] == "ok"
    assert rows["optbench-good"]["provides"] == "good"
    assert len(listed.err.splitlines()) == len(BROKEN)
    ended = bench.run("run", "-o", "good", "-o", "sgd", "--seeds", "0", *QUICK, "--json")
    assert ended.code == 0, ended.err
    assert statuses(ended.rows) == {"good": {"ok"}, "sgd": {"ok"}}
    assert len([line for line in ended.err.splitlines() if line.startswith("warning: ")]) == len(BROKEN)
    for words in (("plugins",), ("list", "optimizers"), ("doctor",)):
        shown = bench.run(*words)
        assert is_harmless(shown.out + shown.err)
    for text in (listed.out, listed.err, ended.out, ended.err):
        assert is_harmless(text)


def test_damaged_metadata_stops_nothing(bench: Bench) -> None:
    bench.distribution("none", {"bare": source("bare")})
    (bench.plugins / "none-1.0.dist-info" / "METADATA").unlink()
    bench.distribution("odd", {"odd": source("odd")}, metadata=f"Name: odd\n {ESCAPE}\nVersion: \x1b[31m\n")
    ended = bench.run("run", "-o", "bare", "-o", "odd", "--seeds", "0", *QUICK, "--json")
    assert ended.code == 0, ended.err
    for words in (("plugins",), ("plugins", "--json"), ("list", "optimizers")):
        shown = bench.run(*words)
        assert shown.code == 0, shown.err
        assert is_harmless(shown.out + shown.err)


def test_a_hostile_summary_and_message_are_printed_not_obeyed(bench: Bench) -> None:
    bench.optimizer("hostile", f"raise RuntimeError({ESCAPE!r} + chr(0xDC80))", summary=f"[bold]{ESCAPE}")
    ended = bench.run("run", "-o", "hostile", "--seeds", "0", *QUICK)
    assert ended.code == 1, ended.err
    assert is_one_line(ended.err, "failed: hostile ")
    (row,) = bench.shown()
    assert row["status"] == "failed"
    for words in ("list optimizers", "list optimizers --json", "show", "show --json", f"show {row['key']}"):
        shown = bench.run(*words.split())
        assert shown.code == 0, shown.err
        assert is_harmless(shown.out + shown.err + ended.err)
    assert "[bold]" in bench.run("list", "optimizers").out
    assert "\\u001b[2J" in bench.run("show", row["key"]).out


def test_what_a_plugin_prints_on_import_is_not_among_the_json(bench: Bench) -> None:
    text = source("loud").replace("return [", "print('in hook'); return [")
    bench.distribution("loud", {"loud": f"print('on import')\n{text}"})
    ended = bench.run("list", "optimizers", "--json")
    assert "loud" in {row["name"] for row in ended.rows}
    assert {"on import", "in hook"} <= set(ended.err.splitlines())


def test_two_plugins_with_one_method_are_refused_with_both_names(bench: Bench) -> None:
    bench.distribution("First.Plugin", {"first": source("twin")})
    bench.distribution("second", {"second": source("twin", "w -= 1")})
    for words in (("run", "--all"), ("list", "optimizers"), ("plugins",)):
        ended = bench.run(*words)
        assert ended.code == 2, ended.err
        assert is_one_line(ended.err, "error: two optimizers are named 'twin'"), ended.err
        for part in ("First.Plugin 1.0", "second 1.0", "-p no:First.Plugin", "-p no:second"):
            assert part in ended.err
    outcomes = []
    for blocked in ("no:first-plugin", "no:second"):
        ended = bench.run("run", "-p", blocked, "-o", "twin", "--seeds", "0", *QUICK, "--json")
        assert ended.code == 0, ended.err
        outcomes.append(ended.rows[0]["last_train_loss"])
    assert outcomes[0] != outcomes[1]
    ended = bench.run("-p", "no:second", "plugins", "--json")
    assert {row["name"]: row["status"] for row in ended.rows}["second"] == "blocked"


def test_autoload_can_be_switched_off(bench: Bench) -> None:
    bench.optimizer("unwanted")
    off = {"OPTBENCH_DISABLE_PLUGIN_AUTOLOAD": "1"}
    names = {row["name"] for row in bench.run("list", "optimizers", "--json", environment=off).rows}
    assert "sgd" in names
    assert "unwanted" not in names
    ended = bench.run("run", "-o", "unwanted", *QUICK, environment=off)
    assert ended.code == 2
    script = bench.folder / "script.py"
    script.write_text("from optbench.registry import Registry\nprint(Registry().names('optimizer'))\n", encoding="utf-8")
    assert "unwanted" not in bench.run("script.py", environment=off).out
    assert "unwanted" in bench.run("script.py").out


ENDINGS = {
    "raises": ("raise RuntimeError('as it must')", "failed", "RuntimeError: as it must"),
    "exits": ("sys.exit(0)", "failed", "SystemExit: 0"),
    "interrupts": ("raise KeyboardInterrupt", "failed", "KeyboardInterrupt"),
    "nan": ("w[:] = np.nan", "diverged", "not finite"),
    "grows": ("w *= 1e6", "diverged", "norm"),
    "kills": ("os.kill(os.getpid(), signal.SIGKILL)", "crashed", "exit code -9"),
    "segfaults": ("ctypes.string_at(0)", "crashed", "exit code -11"),
    "leaves": ("os._exit(0)", "crashed", "exit code 0"),
    "closes": ("os.closerange(0, 100); time.sleep(600)", "crashed", "exit code"),
    "sleeps": ("time.sleep(600)", "timeout", "--timeout"),
    "deaf": ("signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()); time.sleep(600)", "timeout", "--timeout"),
    "frozen": ("ctypes.PyDLL(None).sleep(600)", "timeout", "--timeout"),
    "forks": ("os.fork() or time.sleep(5); os._exit(3)", "crashed", "exit code 3"),
    "prints": ("print('{not json'); os.write(1, b'{nor this\\n')", "ok", ""),
    "local": ("pass", "failed", "cannot be sent to a worker"),
}


def test_an_optimizer_that_misbehaves_ends_its_own_run_alone(bench: Bench) -> None:
    for name, (update, _, _) in ENDINGS.items():
        bench.optimizer(name, update)
    local = source("local").replace("return [Thrown]", "class Thrown(globals()['Thrown']): pass\n    return [Thrown]")
    (bench.plugins / "optbench_local.py").write_text(local, encoding="utf-8")
    chosen = [word for name in (*ENDINGS, "sgd", "adam") for word in ("-o", name)]
    ended = bench.run("run", *chosen, "--seeds", "0", "--timeout", "6", "-j2", *QUICK, "--json")
    assert ended.code == 1, ended.err
    expected = {name: {status} for name, (_, status, _) in ENDINGS.items()} | {"sgd": {"ok"}, "adam": {"ok"}}
    assert statuses(ended.rows) == expected
    assert statuses(bench.shown()) == expected
    for row in ended.rows:
        if row["optimizer"] in ENDINGS:
            assert ENDINGS[row["optimizer"]][2] in row["reason"], row
        assert (row["digest"] is not None) == (row["status"] in ("ok", "diverged"))
    for name, (_, status, _) in ENDINGS.items():
        if status in ("failed", "crashed", "timeout"):
            assert is_one_line(ended.err, f"{status}: {name} ")


def test_a_run_that_failed_is_tried_again_and_one_that_ended_is_not(bench: Bench) -> None:
    bench.optimizer("fickle", "if not os.path.exists('calm'): raise RuntimeError('not yet')")
    command = ("run", "-o", "fickle", "-o", "sgd", "--seeds", "0", *QUICK, "--json")
    ended = bench.run(*command)
    assert (ended.code, statuses(ended.rows)) == (1, {"fickle": {"failed"}, "sgd": {"ok"}})
    (bench.folder / "calm").touch()
    ended = bench.run(*command)
    assert (ended.code, statuses(ended.rows)) == (0, {"fickle": {"ok"}, "sgd": {"ok"}})
    assert "1 stored, 1 to run" in ended.err
    assert "2 stored, 0 to run" in bench.run(*command).err


@pytest.mark.parametrize("form", ["modules", "package"])
def test_a_changed_helper_gives_new_keys(bench: Bench, form: str) -> None:
    text = source("helped", "from {} import factor; g *= factor()")
    if form == "modules":
        bench.distribution("helped", {"helped": text.format("helped_rules")})
        helper = bench.plugins / "helped_rules.py"
    else:
        (bench.plugins / "pack").mkdir()
        (bench.plugins / "pack" / "__init__.py").write_text("", encoding="utf-8")
        (bench.plugins / "pack" / "main.py").write_text(text.format(".rules"), encoding="utf-8")
        helper = bench.plugins / "pack" / "rules.py"
        bench.distribution("helped", {"unused": ""}, entry="[optbench]\nmain = pack.main\n")
    command = ("run", "-o", "helped", "-o", "sgd", "--seeds", "0", *QUICK, "--json")
    seen = []
    for factor in ("1.0", "2.0", "1.0"):
        helper.write_text(f"def factor():\n    return {factor}\n", encoding="utf-8")
        ended = bench.run(*command)
        assert ended.code == 0, ended.err
        seen.append(({row["optimizer"]: row["key"] for row in ended.rows}, ended))
    (first, _), (second, again), (third, back) = seen
    assert first["helped"] != second["helped"]
    assert first["sgd"] == second["sgd"]
    assert first == third
    assert "1 stored, 1 to run" in again.err
    assert "2 stored, 0 to run" in back.err
    losses = [next(row["last_train_loss"] for row in ended.rows if row["optimizer"] == "helped") for _, ended in seen]
    assert losses[0] == losses[2] != losses[1]


EMBEDDERS = """
from dataclasses import dataclass
import numpy as np
from optbench import Embedder, hookimpl

def made(texts, d=4):
    return np.array([[len(text) % 7, *(ord(c) % 5 for c in text[: d - 1])] for text in texts], np.float32)

def embedder(wanted, returned):
    @dataclass(frozen=True, kw_only=True)
    class Instance(Embedder):
        name = wanted
        def encode(self, texts, role, fitted):
            return returned(texts)
    Instance.__qualname__ = Instance.__name__ = wanted
    globals()[wanted] = Instance
    return Instance

KINDS = [
    embedder("right", made),
    embedder("flat", lambda texts: made(texts)[:, 0]),
    embedder("short", lambda texts: made(texts)[1:]),
    embedder("empty", lambda texts: made(texts)[:, :0]),
    embedder("double", lambda texts: made(texts).astype(float)),
    embedder("listed", lambda texts: made(texts).tolist()),
    embedder("nan", lambda texts: made(texts) * np.float32("nan")),
    embedder("raises", lambda texts: 1 / 0),
]

@hookimpl
def optbench_embedders():
    return KINDS
"""


def test_an_embedder_that_breaks_its_promise_fails_its_own_runs(bench: Bench) -> None:
    bench.distribution("embedders", {"embedders": EMBEDDERS})
    said = {
        "flat": "float32 of shape (20,)",
        "short": "float32 of shape (19, 4)",
        "empty": "float32 of shape (20, 0)",
        "double": "float64 of shape (20, 4)",
        "listed": "returned list",
        "nan": "NaN or infinity",
        "raises": "ZeroDivisionError",
    }
    chosen = [word for name in ("right", *said, "letters") for word in ("-e", name)]
    narrow = ("-o", "sgd", "-m", "single-layer", "-d", "tiny", "--epochs", "2", "--seeds", "0", "--no-report", "--json")
    ended = bench.run("run", *chosen, *narrow)
    assert ended.code == 1, ended.err
    rows = {row["embedder"]: row for row in ended.rows}
    expected = dict.fromkeys(said, "failed") | {"right": "ok", "letters": "ok"}
    assert {name: row["status"] for name, row in rows.items()} == expected
    for name, reason in said.items():
        assert reason in rows[name]["reason"]


ARCHITECTURE = """
from dataclasses import dataclass
from optbench import Layout, count, hookimpl
from optbench.architectures.two_layer_mlp import TwoLayerMLP

@dataclass(frozen=True, kw_only=True)
class Narrow(TwoLayerMLP):
    '''Two units.'''
    name = "narrow"
    hidden: int = count(2)

@dataclass(frozen=True, kw_only=True)
class Short(Narrow):
    '''Initial weights of another size.'''
    name = "short"

    def initial(self, layout, rng):
        return super().initial(layout, rng)[1:]

@hookimpl
def optbench_architectures():
    return [Narrow, Short]
"""


def test_an_architecture_comes_from_a_plugin_like_any_other(bench: Bench) -> None:
    bench.distribution("architectures", {"architectures": ARCHITECTURE})
    rest = ("-o", "sgd", "-e", "letters", "-d", "tiny", "--epochs", "2", "--seeds", "0", "--no-report", "--json")
    ended = bench.run("run", "-m", "narrow", "-m", "short", "-m", "two-layer-mlp[hidden=2]", *rest)
    assert ended.code == 1, ended.err
    rows = {row["architecture"]: row for row in ended.rows}
    assert {name: row["status"] for name, row in rows.items()} == {"narrow": "ok", "short": "failed", "two-layer-mlp": "ok"}
    assert rows["narrow"]["digest"] == rows["two-layer-mlp"]["digest"]
    assert rows["narrow"]["key"] != rows["two-layer-mlp"]["key"]


LISTENER = """
from optbench import hookimpl

@hookimpl
def optbench_run_done(result):
    {done}

@hookimpl
def optbench_report_sections(results):
    {sections}
"""


WRAPPING = """
from optbench import hookimpl

@hookimpl(wrapper=True)
def optbench_run_done(result):
    {done}
    yield

@hookimpl(hookwrapper=True)
def optbench_report_sections(results):
    outcome = yield
    outcome.force_result([*outcome.get_result(), [("Wrapped", "added")]])
"""


def test_plugins_that_listen_are_heard_and_stop_nobody(bench: Bench) -> None:
    told = LISTENER.format(
        done="with open('heard', 'a') as file: file.write(result.status)",
        sections="return [('<b>Heard</b>', f'{len(results)} <i>')]",
    )
    bench.distribution("listener", {"listener": told})
    bench.distribution("raising", {"raising": LISTENER.format(done="raise SystemExit(9)", sections="return [1]")})
    bench.distribution("printing", {"printing": LISTENER.format(done="print('{')", sections="1 / 0")})
    bench.distribution(
        "wrapping", {"wrapping": WRAPPING.format(done="with open('wrapped', 'a') as file: file.write(result.status)")}
    )
    bench.distribution("wrecking", {"wrecking": WRAPPING.format(done="1 / 0")})
    words = [word for word in QUICK if word != "--no-report"]
    ended = bench.run("run", "-o", "sgd", "--seeds", "0,1", *words, "--json")
    assert ended.code == 0, ended.err
    assert len(ended.rows) == 2
    assert (bench.folder / "heard").read_text(encoding="utf-8") == "okok"
    warnings = [line for line in ended.err.splitlines() if line.startswith("warning: ")]
    assert (bench.folder / "wrapped").read_text(encoding="utf-8") == "okok"
    assert len(warnings) == 4, ended.err
    for name, count in (("raising", 2), ("printing", 1), ("wrecking", 1)):
        assert sum(f"of plugin '{name}': " in line for line in warnings) == count, ended.err
    assert "Traceback" not in ended.err
    page = (bench.folder / "reports/index.html").read_text(encoding="utf-8")
    assert page.count("<h2>Wrapped</h2>") == 2
    assert re.search(r"<h2>&lt;b&gt;Heard&lt;/b&gt;</h2>\s*<p class=\"text\">2 &lt;i&gt;</p>", page)
