"""A page in Chromium, driven over the DevTools protocol."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

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


class Page:
    """One page in a Chromium of its own; commands and events are JSON texts that end with NUL, in two pipes."""

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
            env={**os.environ, "TMPDIR": str(profile)},  # it is killed, and leaves files there
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
            assert time.monotonic() < end, f"not true within {PATIENCE} s: {expression}"
            time.sleep(0.05)

    def click(self, selector: str) -> None:
        """Press and release the mouse in the middle of an element."""
        where = f"document.querySelector({json.dumps(selector)})"
        self(f"{where}.scrollIntoView({{block: 'center'}})")
        x, y = self(f"(r => [r.x + r.width / 2, r.y + r.height / 2])({where}.getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def complaints(self) -> list[Any]:
        """Return the messages on the console: errors, warnings, exceptions, refusals of the security policy."""
        self("0")  # events that were sent before arrive before this answer
        found = [event for event in self.events if event["method"] in ("Log.entryAdded", "Runtime.exceptionThrown")]
        called = [event for event in self.events if event["method"] == "Runtime.consoleAPICalled"]
        return found + [event for event in called if event["params"]["type"] in ("error", "warning", "assert")]

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
