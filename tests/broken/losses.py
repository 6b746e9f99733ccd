"""Broken losses."""

from __future__ import annotations

from broken.sources import BASES, HEAD, Example, broken, hook, whole

EXAMPLES: list[Example] = []

VALUE = "def value(self, z, y):\n    {}\n"
DZ = "def value_and_gradient(self, z, y, dz):\n    value = Squared.value_and_gradient(self, z, y, dz)\n    {}\n    return value"
EXAMPLES += [
    broken(
        "undivided",
        "loss",
        "gradient",
        "finite differences",
        DZ.format("dz *= len(y)") + "\ndef second(self, z, y, rz, out):\n    out[:] = rz",
    ),
    broken(
        "summed",
        "loss",
        "value",
        "mean of its parts",
        VALUE.format("return len(y) * Squared.value(self, z, y)") + DZ.format("value, dz[:] = len(y) * value, len(y) * dz"),
    ),
    broken("two-values", "loss", "value", "value_and_gradient", DZ.format("value *= 2.0")),
    broken("overwrites", "loss", "arguments", "changes z", DZ.format("z[:] = 0.0")),
    broken("flat-curvature", "loss", "second derivative", "differs by", "def second(self, z, y, rz, out):\n    out[:] = 0.0"),
    broken(
        "biased",
        "loss",
        "sampled labels",
        "not 0",
        "def sample_labels(self, z, rng):\n    return Squared.sample_labels(self, z, rng) + 0.1",
    ),
    broken("nan-worst", "loss", "quality", "worst is nan", "def worst(self, y):\n    return math.nan"),
    broken(
        "overflows",
        "loss",
        "extreme outputs",
        "NaN",
        VALUE.format("return float(0.5 * np.log(np.exp(np.square(z - y))).sum() / len(y) + 0 * np.exp(np.abs(z)).sum())")
        + DZ.format("value = self.value(z, y)"),
    ),
    broken("list-of-targets", "loss", "targets", "shape (12,)", "def targets(self, y, task):\n    return y[:, 0]"),
    whole(
        "half-a-loss",
        "signatures",
        "defines no second",
        HEAD + BASES["loss"].format(name="half") + "\n@dataclass(frozen=True, kw_only=True)\nclass Mine(Half):\n"
        '    """Half. Source: own work."""\n    name: ClassVar[str] = "half-a-loss"\n    second = Loss.second\n' + hook("loss"),
        "loss",
    ),
    broken(
        "for-nothing", "loss", "tasks", "for none of 2 classes", "def incompatibility(self, task):\n    return 'is for none'"
    ),
]
