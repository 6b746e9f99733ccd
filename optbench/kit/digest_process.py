"""The second process of `checks.repetition`: a request on standard input, an answer on standard output, both JSON."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout

from optbench.kit.checks.repetition import answer
from optbench.kit.examine import quiet

if __name__ == "__main__":
    answers = sys.stdout
    with redirect_stdout(sys.stderr), quiet():  # what a plugin prints is no part of the answer
        text = answer(sys.stdin.read())
    answers.write(text)
