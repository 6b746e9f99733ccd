"""Broken architectures."""

from __future__ import annotations

import textwrap

from broken.sources import Example, broken, source

EXAMPLES: list[Example] = []

BIND = "def bind(self, layout, loss, dtype):\n    return Other(layout, loss, dtype)"
OTHER = "class Other(Network):\n    {}\n\nglobals()['Other'] = Other\ndel Other"


def network(name: str, check: str, word: str, method: str) -> Example:
    """Return an architecture whose networks have another method."""
    body = OTHER.format(textwrap.indent(textwrap.dedent(method), "    ").strip()) + "\n" + BIND
    return broken(name, "architecture", check, word, body)


GRADIENT = "def loss_and_grad(self, x, y):\n    value = Network.loss_and_grad(self, x, y)\n    {}\n    return value"
EXAMPLES += [
    broken(
        "all-zero",
        "architecture",
        "starting point",
        "gradient of layer1",
        "def initial(self, layout, rng):\n    return np.zeros(layout.size)",
    ),
    broken(
        "own-generator",
        "architecture",
        "initial weights",
        "different weights",
        "def initial(self, layout, rng):\n    return np.random.default_rng().random(layout.size)",
    ),
    Example(
        "contract-1",
        "plugin",
        source(
            "contract-1",
            "architecture",
            "def layout(self, inputs):\n    return Layout({'layer1': (inputs, 1)})\n"
            "def bind(self, layout, dtype):\n    return Network(layout, None, dtype)",
        ),
        "hooks",
        "layout(inputs) is of contract 1",
    ),
    network(
        "old-model",
        "model",
        "has no forward",
        "forward = property(lambda self: self._no)\ndef predict(self, x, w=None):\n    return Network.forward(self, x, w)",
    ),
    network("doubled", "gradient", "finite differences give", GRADIENT.format("self.g *= 2.0")),
    network("wrong-loss", "loss and forward agree", "loss_and_grad returns", GRADIENT.format("value *= 2.0")),
    network("moves-weights", "in place", "has been changed", GRADIENT.format("self.w *= 0.999")),
    network(
        "wrong-product",
        "Hessian-vector product",
        "differs by",
        "def hvp(self, x, y, v, out):\n    Network.hvp(self, x, y, v, out)\n    out *= 1.1",
    ),
    network(
        "shared-z",
        "in place",
        "forward overwrites z",
        "def forward(self, x, w=None):\n    z = Network.forward(self, x, w)\n"
        "    if z.shape == self.z.shape: self.z[:] = z\n    return z",
    ),
    broken("no-units", "architecture", "hyper-parameters have an effect", "depth has none", "depth: int = count(2)"),
    broken("wings", "architecture", "declarations", "frozenset({'wings'})", "provides: ClassVar[Any] = frozenset({'wings'})"),
    broken("no-product", "architecture", "model", "its model has an hvp", "provides: ClassVar[Any] = frozenset()"),
    broken(
        "other-layers",
        "architecture",
        "layout",
        "differs from call to call",
        "def layout(self, inputs, outputs):\n    return Layout({f'layer{time.perf_counter()}': (inputs, outputs)})",
    ),
    broken(
        "single-weights",
        "architecture",
        "initial weights",
        "float32",
        "def initial(self, layout, rng):\n    return rng.random(layout.size, dtype='float32')",
    ),
    network(
        "double-weights",
        "shapes and types",
        "w is float64",
        "def __init__(self, layout, loss, dtype):\n    Network.__init__(self, layout, loss, 'float64')",
    ),
    network("numpy-loss", "shapes and types", "returns float64", GRADIENT.format("value = np.float64(value)")),
    network("nan-gradient", "gradient", "it is nan", GRADIENT.format("self.g[3] = math.nan")),
    network(
        "arrays-only",
        "operator",
        "raises TypeError",
        "def forward(self, x, w=None):\n    return Network.forward(self, np.ascontiguousarray(x[:]), w)",
    ),
    network(
        "other-operator",
        "operator",
        "another z",
        "def forward(self, x, w=None):\n    return Network.forward(self, x, w) * (1 if isinstance(x, np.ndarray) else 2)",
    ),
    network(
        "twelve-rows",
        "batches of any size",
        "do not add up",
        GRADIENT.format("self.g *= 1 if len(x) == 12 else 2"),
    ),
    network(
        "copied-inputs",
        "no allocation",
        "kB at once",
        "def loss_and_grad(self, x, y):\n    return Network.loss_and_grad(self, x.copy(), y)",
    ),
    network(
        "nan-product",
        "Hessian-vector product",
        "differs by nan",
        "def hvp(self, x, y, v, out):\n    Network.hvp(self, x, y, v, out)\n    out[3] = math.nan",
    ),
    network(
        "product-in-gradient",
        "Hessian-vector product",
        "changes the gradient",
        "def hvp(self, x, y, v, out):\n    Network.hvp(self, x, y, v, out)\n    self.g[:] = out",
    ),
]
