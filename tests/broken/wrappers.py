"""Broken wrappers."""

from __future__ import annotations

from broken.sources import INIT, STEP, Example, broken, hook, whole

EXAMPLES: list[Example] = []

INNER = "inner optimizer"
EXAMPLES += [
    broken(
        "forgets-eval",
        "wrapper",
        INNER,
        "eval_weights is never called",
        f"{STEP}\n    self.inner.step(w, s.inner, t, at)\n    np.multiply(w, self.decay, out=s.average)",
    ),
    broken(
        "inner-update",
        "wrapper",
        INNER,
        "inner.update",
        f"{STEP}\n    self.inner.update(w, at.gradient(), s.inner, t)\n"
        "    np.multiply(self.inner.eval_weights(w, s.inner), self.decay, out=s.average)",
    ),
    broken(
        "inner-twice",
        "wrapper",
        INNER,
        "2 times",
        f"{STEP}\n    self.inner.step(w, s.inner, t, at)\n    super(Mine, self).step(w, s, t, at)",
    ),
    broken("constant-t", "wrapper", INNER, "1, 1, 1", f"{STEP}\n    super(Mine, self).step(w, s, 1, at)"),
    broken(
        "no-inner-state", "wrapper", INNER, "inner.init 0 times", f"{INIT}\n    return State(average=w.copy(), inner=State())"
    ),
    broken(
        "outer-state",
        "wrapper",
        INNER,
        "without what its init returned",
        f"{STEP}\n    self.inner.step(w, s, t, at)\n    np.multiply(w, self.decay, out=s.average)",
    ),
    broken("own-batch", "wrapper", "of the inner kind", "batch is 'full'", "batch: ClassVar[str] = 'full'"),
    broken("unscaled", "wrapper", "of the inner kind", "scaled(0.5)", "def scaled(self, factor):\n    return self"),
    whole(
        "short-run",
        "factor",
        "ZeroDivisionError",
        '@dataclass(frozen=True, kw_only=True)\nclass Mine(Schedule):\n    """Linear. Source: own work."""\n'
        '    name: ClassVar[str] = "short-run"\n\n'
        "    def factor(self, t, steps):\n        return 1 - 0.9 * (t - 1) / (steps - 1)\n" + hook("wrapper"),
        "wrapper",
    ),
]
