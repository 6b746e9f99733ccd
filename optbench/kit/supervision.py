"""The checks of a plugin in a process of their own: one that crashes or does not end costs its component's row, no more."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from optbench.core.errors import UsageError
from optbench.kit.finding import Finding

TIMEOUT = 60.0
"""Seconds that one check may take."""
_Check = tuple[str, str, str, str]  # kind, name, check, promise


def examined(package: str, blocked: Collection[str] = (), timeout: float = TIMEOUT) -> list[Finding]:
    """Return the findings of all checks of a plugin, in a fixed order.

    Where a check ends its process or exceeds the limit, that is its violation, the component's other checks are skipped, and
    another process goes on with the other components.

    Args:
        package: the name of an installed distribution or plugin, or a folder with a `pyproject.toml` or an `__init__.py`.
        blocked: names of plugins or distributions to leave out.
        timeout: seconds that loading, and each check, may take.

    Raises:
        UsageError: there is no such plugin, or it is left out.
    """
    progress = _Progress()
    while progress.missing is None or progress.missing:
        request: dict[str, Any] = {"path": sys.path, "package": package, "blocked": list(blocked)}
        request |= {"without": progress.without, "only": progress.missing}
        with _process(request) as process:
            try:
                for answer in _answers(process, timeout):
                    progress.note(answer)
                ending, remedy = _ending(process), _CRASH
            except TimeoutError:
                ending, remedy = f"it has not ended after {timeout:g} s", _ENDLESS
        if progress.plan is None or (progress.missing and progress.started is None):
            loading = ("plugin", package, "loads", "It can be imported.")
            return [Finding(*loading, "violation", f"while plugins were loaded: {ending}", remedy)]
        if progress.missing:
            progress.lose(ending, remedy)
    return [finding for _, finding in sorted(progress.findings.items())]


@dataclass
class _Progress:
    """What is known of the checks so far, by their places in the plan."""

    plan: list[_Check] | None = None
    findings: dict[int, Finding] = field(default_factory=dict)
    without: list[tuple[str, str]] = field(default_factory=list)
    started: int | None = None
    """The check that is running."""

    @property
    def missing(self) -> list[int] | None:
        """The checks without a finding; None while the plan is not known."""
        return None if self.plan is None else [place for place in range(len(self.plan)) if place not in self.findings]

    def note(self, answer: dict[str, Any]) -> None:
        """Note an answer of the process."""
        if "refused" in answer:
            raise UsageError(answer["refused"])
        if "plan" in answer:
            self.plan = [(kind, name, check, promise) for kind, name, check, promise in answer["plan"]]
        self.started = answer.get("started")
        if "finding" in answer:
            self.findings[answer["place"]] = Finding(**answer["finding"])

    def lose(self, ending: str, remedy: str) -> None:
        """Note that the running check ended its process, and skip the other checks of its component."""
        if self.plan is None or self.started is None:
            return
        kind, name, check, _ = lost = self.plan[self.started]
        self.without.append((kind, name))
        self.findings[self.started] = Finding(*lost, "violation", ending, remedy)
        for place, other in enumerate(self.plan):
            if other[:2] == (kind, name) and place not in self.findings:
                self.findings[place] = Finding(*other, "skipped", f"because of the violation of {check!r}")


_CRASH = "find what ends the process: os._exit, ctypes or a compiled library; 'python -X faulthandler' shows where"
_ENDLESS = "look for a loop that does not end; where a check needs longer, '--timeout SECONDS' allows it"


@contextmanager
def _process(request: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process with a request, and end it with all that it has started."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "optbench.kit.check_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,  # a group of its own, which can be killed as a whole
    )
    try:
        if process.stdin:
            with suppress(BrokenPipeError):
                process.stdin.write(json.dumps(request).encode())
                process.stdin.close()
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()


def _answers(process: subprocess.Popen[bytes], timeout: float) -> Iterator[dict[str, Any]]:
    """Yield the answers until the last one or the end of the process.

    Raises:
        TimeoutError: there was none for so many seconds.
    """
    if process.stdout is None:
        return
    descriptor, rest = process.stdout.fileno(), b""
    while True:
        if not select.select([descriptor], [], [], timeout)[0]:
            raise TimeoutError
        chunk = os.read(descriptor, 1 << 16)
        if not chunk:
            return
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            answer: dict[str, Any] = json.loads(line)
            if "end" in answer:
                return
            yield answer


def _ending(process: subprocess.Popen[bytes]) -> str:
    code = process.wait()
    if code >= 0:
        return f"the process ended with exit code {code}"
    with suppress(ValueError):
        return f"the process was ended by {signal.Signals(-code).name}"
    return f"the process was ended by signal {-code}"
