"""The process in which a plugin's checks run: a request on standard input, answers on standard output, one JSON object a line.

The parent, `kit.supervision`, is told of each check before it runs, so that it knows which one ended the process.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from typing import Any, TextIO

from optbench.core.errors import UsageError
from optbench.kit.examine import checks_of

_LATE = "same in two processes"


def serve(request: dict[str, Any], answers: TextIO) -> None:
    """Run the checks that are asked for, all if none is, and write what is planned, started and found.

    Args:
        request: `path` for `sys.path`; `package` and `blocked` for `checks_of`; `without`, the kinds and names of components
            that are known to end the process; `only`, the places of checks in the plan, or None for all.
        answers: where to write.
    """

    def send(**answer: Any) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    without = [(kind, name) for kind, name in request["without"]]
    try:
        with checks_of(request["package"], request["blocked"], without) as checks:
            send(plan=[(one.kind, one.name, one.check, one.promise) for one in checks])
            # That check computes with all components, of which some may be found to end their process until then.
            for place in sorted(range(len(checks)), key=lambda place: checks[place].check == _LATE):
                if request["only"] is None or place in request["only"]:
                    send(started=place)
                    send(place=place, finding=asdict(checks[place].run()))
    except UsageError as error:
        send(refused=str(error))
    send(end=True)


if __name__ == "__main__":
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a plugin prints, by whatever means, is no part of the answers
    asked = json.loads(sys.stdin.read())
    sys.path[:] = asked["path"]
    serve(asked, channel)
