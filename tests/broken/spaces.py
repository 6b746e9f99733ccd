"""Components whose search spaces or neutral values are broken."""

from __future__ import annotations

from broken.sources import SUPER, UPDATE, Example, broken, source

EXAMPLES: list[Example] = []

# Refused where the class is defined.
EXAMPLES += [
    Example(name, "plugin", source(name, "optimizer", f"lr: float = positive(0.01, {declared})"), "loads", word)
    for name, declared, word in (
        ("empty-space", "space=log_uniform(0.0, 1.0)", "both ends are above 0"),
        ("narrow-space", "space=log_uniform(1.0, 10.0)", "the default 0.01 is outside its search space [1, 10]"),
        ("far-space", "space=uniform(-1.0, 1.0)", "reaches -1.0, which is outside the range (0, inf)"),
        ("no-space", "space='wide'", "space='wide' is no search space; use scaled"),
    )
]
EXAMPLES += [
    Example(
        "scaled-none",
        "plugin",
        source("scaled-none", "optimizer", "limit: float | None = positive(None, space=scaled(0.1, 10.0))"),
        "loads",
        "the default None is not above 0",
    ),
]

EVERY = f"{UPDATE}\n    if t % self.every: return\n{SUPER}"
EXAMPLES += [
    broken(
        "whole-space",
        "optimizer",
        "search spaces",
        "valid integer",
        f"every: int = count(2, space=log_uniform(1.5, 10.0))\n{EVERY}",
    ),
    broken(
        "half-space",
        "wrapper",
        "search spaces",
        "of a draw",
        "other: float = fraction(0.0, space=uniform(0.0, 0.5))\n"
        "decay: float = fraction(0.9, space=uniform(0.6, 0.95))\n"
        "def __post_init__(self):\n    if self.other + self.decay > 1.4: raise ValueError('too much')\n"
        "def eval_weights(self, w, s):\n    return s.average if self.other < 0.3 else w",
    ),
    broken(
        "neutral-beyond",
        "optimizer",
        "neutral values",
        "beta = 1.0 is outside its range [0, 1)",
        "beta: float = fraction(0.9, neutral=Neutral(1.0, 'no momentum'))",
    ),
    broken(
        "neutral-divides",
        "optimizer",
        "neutral values",
        "with beta = 0.0 it raises",
        f"beta: float = fraction(0.9, neutral=Neutral(0.0, 'no momentum'))\n"
        f"{UPDATE}\n    axpy(1.0 / self.beta - 1.0, g, g)\n{SUPER}",
    ),
    broken(
        "neutral-infinite",
        "optimizer",
        "neutral values",
        "weights are not finite after 20 steps",
        f"beta: float = fraction(0.9, neutral=Neutral(0.0, 'no momentum'))\n{UPDATE}\n    g /= np.float32(self.beta)\n{SUPER}",
    ),
    broken(
        "neutral-silent",
        "optimizer",
        "neutral values",
        "has no words",
        "beta: float = fraction(0.9, neutral=0.0)",
    ),
]
