"""The report as Chromium shows it, driven over the DevTools protocol."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from processes import Bench

pytestmark = pytest.mark.browser

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1300,2400",
)
PATIENCE = 60.0
PIPES = """
import os, sys
ours = [os.dup(int(number)) for number in sys.argv[1:3]]
for number, wanted in zip(ours, (3, 4)):  # the protocol's: Chromium reads from 3 and writes to 4
    os.dup2(number, wanted)
    os.set_inheritable(wanted, True)
os.execv(sys.argv[3], sys.argv[3:])
"""
HOSTILE = '<img src=x onerror=document.title="owned"></script><script>document.title="owned"</script>&lt;b&gt;{{7*7}}'


class Page:
    """One page in a Chromium of its own; commands and events go through two pipes, JSON with a NUL behind each."""

    def __init__(self, page: Path, profile: Path) -> None:
        assert Path(CHROMIUM).exists(), f"the browser tests need Chromium at {CHROMIUM}: apt-get install chromium"
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()
        command = [CHROMIUM, *FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", PIPES, str(to_browser), str(from_browser), *command],
            pass_fds=(to_browser, from_browser),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(profile)},  # it is killed, and leaves things there
            start_new_session=True,
        )
        os.close(to_browser)
        os.close(from_browser)
        os.set_blocking(self._in, False)
        self._left, self._number, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []
        self._session = self.send("Target.attachToTarget", targetId=self._target(), flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.send("Page.navigate", url=page.as_uri())
        self.wait("document.readyState === 'complete' && document.querySelectorAll('.main-svg').length > 0")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._in)
        os.close(self._out)

    def _target(self) -> str:
        """Return the first page's id, once there is one."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for target in self.send("Target.getTargets")["targetInfos"]:
                if target["type"] == "page":
                    return str(target["targetId"])
            time.sleep(0.05)
        raise AssertionError(f"Chromium opened no page within {PATIENCE} s")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            answer = self._read()
            if answer is None:
                assert self._process.poll() is None, f"Chromium ended with {self._process.returncode}"
                time.sleep(0.01)
            elif answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            else:
                self.events.append(answer)
        raise AssertionError(f"Chromium did not answer {method} within {PATIENCE} s")

    def __call__(self, expression: str) -> Any:
        """Evaluate JavaScript in the page and return its value."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, expression: str) -> None:
        end = time.monotonic() + PATIENCE
        while not self(expression):
            assert time.monotonic() < end, f"in vain: {expression}"
            time.sleep(0.05)

    def click(self, selector: str) -> None:
        """Press and release the mouse in the middle of an element."""
        where = f"document.querySelector({json.dumps(selector)})"
        self(f"{where}.scrollIntoView({{block: 'center'}})")
        x, y = self(f"(r => [r.x + r.width / 2, r.y + r.height / 2])({where}.getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def complaints(self) -> list[Any]:
        """Return what the console was told: errors, warnings, exceptions, refusals of the security policy."""
        self("0")  # events that are on their way come before this answer
        found = [event for event in self.events if event["method"] in ("Log.entryAdded", "Runtime.exceptionThrown")]
        told = [event for event in self.events if event["method"] == "Runtime.consoleAPICalled"]
        return found + [event for event in told if event["params"]["type"] in ("error", "warning", "assert")]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for, apart from those of data that the page holds itself."""
        self("0")
        sent = [event for event in self.events if event["method"] == "Network.requestWillBeSent"]
        addresses = [event["params"]["request"]["url"] for event in sent]
        return [address for address in addresses if not address.startswith(("data:", "blob:"))]

    def _read(self) -> dict[str, Any] | None:
        while b"\0" not in self._left:
            try:
                part = os.read(self._in, 1 << 20)
            except BlockingIOError:
                return None
            if not part:
                return None
            self._left += part
        text, _, self._left = self._left.partition(b"\0")
        read: dict[str, Any] = json.loads(text)
        return read


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A bench with a report of well-behaved and of hostile runs."""
    made = Bench(tmp_path_factory.mktemp("bench"))
    made.optimizer("hostile", f"raise RuntimeError({HOSTILE!r})")
    labelled = (made.plugins / "optbench_hostile.py").read_text(encoding="utf-8")
    labelled = labelled.replace("    lr:", "    mode: str = ''\n    lr:").replace("raise", "if not self.mode: raise")
    (made.plugins / "optbench_hostile.py").write_text(labelled, encoding="utf-8")
    chosen = ("-o", "sgd", "-o", "adam", "-o", "gd", "-o", "hostile", "-o", f"hostile[mode='{HOSTILE}']")
    rest = ("-m", "single-layer", "-m", "two-layer-mlp[hidden=4]", "-e", "letters", "-d", "tiny", "--epochs", "12")
    ended = made.run("run", *chosen, *rest, "--seeds", "0,1", "--batch-size", "4")
    assert ended.code == 1, ended.err
    assert "report: reports/index.html" in ended.err
    return made


@pytest.fixture(scope="module")
def page(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    profile = tmp_path_factory.mktemp("profile")
    with Page(bench.folder / "reports" / "index.html", profile) as opened:
        yield opened
    shutil.rmtree(profile, ignore_errors=True)


VISIBLE = "[...document.querySelectorAll('.chart')].filter((chart) => chart.offsetParent)"


def test_every_chart_that_shows_is_drawn(page: Page) -> None:
    assert page(f"{VISIBLE}.length") == 6
    assert page(f"{VISIBLE}.every((chart) => chart.querySelector('svg.main-svg'))")
    assert page(f"{VISIBLE}.every((chart) => chart.querySelectorAll('.scatterlayer .trace').length >= 4)")
    assert page(f"{VISIBLE}.every((chart) => chart.getBoundingClientRect().width > 300)")


def choose(page: Page, selector: str, value: str) -> None:
    """Choose an option; a list's own window is the system's, out of a page's reach."""
    page(f"document.querySelector({json.dumps(selector)}).value = {json.dumps(value)}")
    page(f"document.querySelector({json.dumps(selector)}).dispatchEvent(new Event('change'))")


def test_another_task_is_drawn_when_it_is_chosen(page: Page) -> None:
    before = page("document.querySelector('article.task:not([hidden]) h3').textContent")
    choose(page, "#task", "1")
    page.wait(f"{VISIBLE}.length === 6 && {VISIBLE}.every((chart) => chart.querySelector('svg.main-svg'))")
    assert page("document.querySelector('article.task:not([hidden]) h3').textContent") != before
    assert page("document.querySelectorAll('article.task:not([hidden])').length") == 1


def test_a_chart_against_seconds_has_other_points(page: Page) -> None:
    ends = "document.querySelector('article.task:not([hidden]) .chart').data[2].x.at(-1)"
    assert page(ends) == 12
    choose(page, "article:not([hidden]) .axis", "seconds")
    assert 0 < page(ends) < 12


def test_the_charts_show_how_the_weights_move_when_asked(page: Page) -> None:
    charts = "[...document.querySelectorAll('article:not([hidden]) .chart[data-score]')]"
    titles = f"{charts}.map((chart) => chart.querySelector('.gtitle').textContent)"
    scores = page(titles)
    choose(page, "article:not([hidden]) .what", "movement")
    page.wait(f"{titles}[0] === 'Norm of the gradient'")
    assert not set(page(titles)) & set(scores)
    assert page(f"{charts}.every((chart) => chart.getAttribute('aria-label').endsWith('of each optimizer'))")
    assert page(f"{charts}.every((chart) => chart.data[2].y.slice(1).every((norm) => norm > 0))")
    choose(page, "article:not([hidden]) .what", "score")
    page.wait(f"{titles}[0] === {json.dumps(scores[0])}")


def test_a_click_on_a_name_opens_what_is_known_of_the_method(page: Page) -> None:
    name = "#overview tbody tr:first-child summary"
    text = "document.querySelector('#overview tbody tr:first-child .method dl')"
    assert not page(f"{text}.checkVisibility()")
    page.click(name)
    assert page(f"{text}.checkVisibility()")
    assert "hyper-parameter" in page(f"{text}.textContent")
    page.click(name)
    assert not page(f"{text}.checkVisibility()")


def test_a_click_on_a_heading_sorts(page: Page) -> None:
    column = "[...document.querySelectorAll('#overview tbody tr')].map((row) => Number(row.cells[1].dataset.value))"
    button = "#overview thead th:nth-child(2) button"
    page.click(button)
    first = page(column)
    page.click(button)
    second = page(column)
    assert len(first) == 5
    assert first == sorted(first)
    assert second == sorted(second, reverse=True)
    assert page("document.querySelector('#overview thead th:nth-child(2)').getAttribute('aria-sort')") == "descending"
    page.click("#overview thead th:nth-child(1) button")
    names = page("[...document.querySelectorAll('#overview tbody th')].map((cell) => cell.textContent)")
    assert names == sorted(names)


def test_hostile_text_stays_text(page: Page) -> None:
    assert page("document.title") == "optbench report"
    assert page("document.querySelectorAll('img, main script, iframe, object').length") == 0
    label = f"hostile[mode='{HOSTILE}']"
    assert label in page("[...document.querySelectorAll('#overview tbody th summary')].map((name) => name.textContent)")
    assert page("document.querySelector('code.command').textContent").count("onerror") == 1
    reasons = page("[...document.querySelectorAll('.reason')].map((cell) => cell.textContent)")
    assert len(reasons) == 4
    assert all(f"RuntimeError: {HOSTILE}" in reason for reason in reasons)
    legends = page("[...document.querySelectorAll('article:not([hidden]) .legendtext')].map((text) => text.textContent)")
    assert label in legends


def test_the_console_is_silent_and_nothing_is_fetched(page: Page, bench: Bench) -> None:
    assert page.complaints() == []
    assert page.requests() == [(bench.folder / "reports" / "index.html").as_uri()]


def test_the_policy_lets_nothing_in(bench: Bench, tmp_path: Path) -> None:
    with Page(bench.folder / "reports" / "index.html", tmp_path) as page:
        try_to_get_in(page)
        assert len(page.complaints()) >= 2


def try_to_get_in(page: Page) -> None:
    policy = page("document.querySelector('meta[http-equiv=Content-Security-Policy]').content")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert page("fetch('https://example.org').then(() => 'fetched', () => 'refused')") == "refused"
    injected = "(s => { s.textContent = 'document.title = 1'; document.body.append(s); return document.title; })"
    assert page(f"{injected}(document.createElement('script'))") == "optbench report"


def test_it_is_drawn_without_a_hand_too(bench: Bench, tmp_path: Path) -> None:
    address = (bench.folder / "reports" / "index.html").as_uri()
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path}", "--enable-logging=stderr", "--virtual-time-budget=10000"]
    command += ["--dump-dom", address]
    ended = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=PATIENCE)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("main-svg") >= 6
    assert "CONSOLE" not in ended.stderr
