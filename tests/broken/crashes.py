"""Optimizers that end their process, or never end."""

from __future__ import annotations

from broken.sources import SUPER, UPDATE, Example, source

EXAMPLES = [
    Example(name, "optimizer", source(name, "optimizer", body), check, word)
    for name, check, word, body in (
        ("segfault", "init", "SIGSEGV", f"{UPDATE}\n    os.kill(os.getpid(), signal.SIGSEGV)"),
        ("null", "init", "SIGSEGV", f"{UPDATE}\n    ctypes.string_at(0)"),
        ("leaves", "runs", "exit code 3", f"{UPDATE}\n    if t > 20: os._exit(3)\n{SUPER}"),
        ("endless", "runs", "not ended after 8 s", f"{UPDATE}\n    while t > 1: time.sleep(0.01)\n{SUPER}"),
    )
]
