"""optbench as a user meets it: real processes in a folder of their own, with throw-away plugins on PYTHONPATH."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 120.0
"""Seconds after which a command counts as hung; far above what any takes, for the machine may be busy."""
QUICK = ("-m", "single-layer", "-e", "letters", "-d", "tiny", "--epochs", "2", "--no-report")
"""What makes a run of a few milliseconds."""
WORDS = ("ağ", "bellek", "çekirdek", "deniz", "elma", "fizik", "güneş", "hücre", "jeoloji", "kuvvet")

EMBEDDER = '''
from dataclasses import dataclass
import numpy as np
from optbench import Embedder, hookimpl

@dataclass(frozen=True, kw_only=True)
class Letters(Embedder):
    """How often each letter stands in a text: it imports nothing, so that a worker is ready at once."""
    name = "letters"

    def encode(self, texts, role, fitted):
        return np.array([[text.count(letter) for letter in "aeiklmnr"] for text in texts], np.float32)

@hookimpl
def optbench_embedders():
    return [Letters]
'''

OPTIMIZER = '''
import ctypes, os, signal, sys, time
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from optbench import Optimizer, hookimpl

@dataclass(frozen=True, kw_only=True)
class Thrown(Optimizer):
    """{summary}"""
    name: ClassVar[str] = {name!r}
    lr: float = 0.1

    def update(self, w, g, s, t):
{update}
        w -= self.lr * g

@hookimpl
def optbench_optimizers():
    return [Thrown]
'''


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Its standard output, read as JSON Lines."""
        return [json.loads(line) for line in self.out.split("\n") if line]


class Bench:
    """A folder with a tiny dataset, in which commands are run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plugins = folder / "plugins"
        self.plugins.mkdir()
        self.distribution("letters", {"letters": EMBEDDER})
        for name, words in (("train", WORDS[:6]), ("test", WORDS[6:])):
            lines = [f"{word} nedir?,{word} {kind},{label}" for word in words for label, kind in ((1, "evet"), (-1, "olmaz"))]
            (folder / f"{name}.csv").write_text("\n".join(["question,answer,label", *lines, ""]), encoding="utf-8")
        imported = self.run("data", "import", "--train", "train.csv", "--test", "test.csv", "--name", "tiny")
        assert imported.code == 0, imported.err

    def environment(self, changes: Mapping[str, str]) -> dict[str, str]:
        foreign = ("OPTBENCH", "PYTHON", "COVERAGE")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        # A .pyc of a module that is written twice within a second, at one length, would be taken for that of the second.
        ours = {"PYTHONPATH": str(self.plugins), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "error::ResourceWarning"}
        return {**kept, **ours, **changes}

    def start(self, *words: str, environment: Mapping[str, str] = {}, new_group: bool = False) -> subprocess.Popen[str]:
        """Start `optbench WORDS`, or, where the first word is a .py file, that script."""
        command = [sys.executable] if words[0].endswith(".py") else [str(Path(sysconfig.get_path("scripts"), "optbench"))]
        return subprocess.Popen(
            [*command, *words],
            cwd=self.folder,
            env=self.environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=new_group,
        )

    def run(self, *words: str, environment: Mapping[str, str] = {}) -> Ended:
        """Run `optbench WORDS` to its end."""
        process = self.start(*words, environment=environment)
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"{words} did not end within {PATIENCE} s; it wrote {err!r}") from None
        return Ended(process.returncode, out, err)

    def shown(self) -> list[dict[str, Any]]:
        """Return all stored runs, as `optbench show --json` tells them."""
        ended = self.run("show", "--json")
        assert ended.code == 0, ended.err
        return ended.rows

    def distribution(self, name: str, modules: Mapping[str, str], *, entry: str = "", metadata: str = "") -> None:
        """Lay down an installed distribution: its modules, and the .dist-info that makes them a plugin.

        Args:
            name: the distribution's name.
            modules: source by module name; the first is the plugin.
            entry: another text for entry_points.txt.
            metadata: another text for METADATA.
        """
        for module, source in modules.items():
            (self.plugins / f"{module}.py").write_text(textwrap.dedent(source), encoding="utf-8")
        info = self.plugins / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(metadata or f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
        first = next(iter(modules))
        (info / "entry_points.txt").write_text(entry or f"[optbench]\n{first} = {first}\n", encoding="utf-8")

    def optimizer(self, name: str, update: str = "pass", *, summary: str = "Thrown away.") -> None:
        """Lay down a distribution `optbench-NAME` with one optimizer, which does `update` before a step of descent."""
        source = OPTIMIZER.format(name=name, summary=summary, update=textwrap.indent(textwrap.dedent(update), " " * 8))
        self.distribution(f"optbench-{name}", {f"optbench_{name.replace('-', '_')}": source})


def is_one_line(text: str, start: str) -> bool:
    """Whether the text has exactly one line that begins so, and nothing of a traceback."""
    return sum(line.startswith(start) for line in text.splitlines()) == 1 and "Traceback" not in text


def is_harmless(text: str) -> bool:
    """Whether a terminal would only print it: no control character but line feed and tab, none that turns text around."""
    return not any(
        (ord(c) < 32 and c not in "\n\t")
        or 127 <= ord(c) < 160
        or c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        for c in text
    )


def wait_for(what: str, happened: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Wait until `happened()` is true, and return what it was."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := happened():
            return found
        time.sleep(0.05)
    raise AssertionError(f"this did not happen within {seconds} s: {what}")


def descendants(pid: int) -> set[int]:
    """Return the processes that `pid` started, and those that these did."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            parents[int(entry.name)] = int(stat[1])
    found, new = set[int](), {pid}
    while new := {child for child, parent in parents.items() if parent in new}:
        found |= new
    return found


def alive(pid: int) -> bool:
    """Whether a process runs, and not only waits to be buried."""
    return bool(stat := _stat(pid)) and stat[0] not in "ZX"


def _stat(pid: int) -> list[str]:
    """State, parent and so on of a process; empty where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(") ")[2].split()
    except OSError:
        return []


def digests(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the digest of each key."""
    return {row["key"]: row["digest"] for row in rows}


def kill_all(pids: Iterator[int] | set[int]) -> None:
    """Kill what a failed test left behind."""
    for pid in pids:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)
