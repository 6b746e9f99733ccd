"""Optimizers whose class is broken, or whose rule is not the textbook's, and plugins that register nothing."""

from __future__ import annotations

from broken.sources import SUPER, UPDATE, Example, broken, hook, source, whole

EXAMPLES: list[Example] = []

# What a class is.
EXAMPLES += [
    broken("unused-field", "optimizer", "hyper-parameters have an effect", "eps has none", "eps: float = positive(1e-8)"),
    broken(
        "undocumented",
        "optimizer",
        "hyper-parameters documented",
        "nu is not",
        f"nu: float = 1.0\n{UPDATE}\n    g *= self.nu\n{SUPER}",
    ),
    broken(
        "halves",
        "optimizer",
        "rebuilt from its spec",
        "gives Mine",
        "def __post_init__(self):\n    object.__setattr__(self, 'lr', self.lr / 2)",
    ),
    broken(
        "two-arguments", "optimizer", "signatures", "update(w, g) is called", "def update(self, w, g):\n    w -= self.lr * g"
    ),
    broken("bad-rates", "optimizer", "declarations", "rates is ('speed',)", "rates: ClassVar[Any] = ('speed',)"),
]

ADAM = """
def textbook(w, g, t, memory, o):
    m = memory["m"] = o.beta1 * memory.get("m", 0.0) + (1 - o.beta1) * g
    v = memory["v"] = o.beta2 * memory.get("v", 0.0) + (1 - o.beta2) * g**2
    return w - o.lr * m / (1 - o.beta1**t) / (np.sqrt(v / (1 - o.beta2**t)) + 1e-8)

@dataclass(frozen=True, kw_only=True)
class Mine(Optimizer):
    '''Adam. Kingma & Ba 2015.'''
    name: ClassVar[str] = "{name}"
    reference: ClassVar[Any] = {reference}
    lr: float = positive(0.01)
    beta1: float = fraction(0.9)
    beta2: float = fraction(0.999)

    def init(self, w, layout):
        return State(m=np.zeros_like(w), v=np.zeros_like(w), u=np.zeros_like(w))

    def update(self, w, g, s, t):
        beta1, beta2 = {betas}
        one, two = {corrections}
        for average, beta in ((s.m, beta1), (s.v, beta2)):
            average *= beta
            np.multiply(g, 1 - beta, out=s.u)
            average += s.u
            g *= g
        np.sqrt(s.v, out=s.u)
        s.u *= 1 / math.sqrt(two)
        s.u += 1e-8
        np.divide(s.m, s.u, out=s.u)
        axpy(-self.lr / one, s.u, w)
"""


def adam(name: str, **parts: str) -> str:
    right = {
        "reference": "staticmethod(textbook)",
        "betas": "self.beta1, self.beta2",
        "corrections": "1 - beta1**t, 1 - beta2**t",
    }
    return ADAM.format(name=name, **(right | parts)) + hook("optimizer")


EXAMPLES += [
    whole(
        "swapped-betas",
        "reference",
        "weights differ from the reference",
        adam("swapped-betas", betas="self.beta2, self.beta1"),
        "optimizer",
    ),
    whole("uncorrected", "reference", "differ from the reference", adam("uncorrected", corrections="1.0, 1.0"), "optimizer"),
    whole("no-oracle", "reference", "cannot be imported", adam("no-oracle", reference="'no_such:oracle'"), "optimizer"),
]

CLASS = """
{decorator}
class Mine(Optimizer):
    {docstring}
    name: ClassVar[str] = "{name}"
    lr: float = {lr}

    def update(self, w, g, s, t):
        axpy(-self.lr, g, w)
"""


def declared(
    name: str, check: str, word: str, decorator: str = "@dataclass(frozen=True, kw_only=True)", **parts: str
) -> Example:
    parts = {"lr": "positive(0.01)", "docstring": '"""Descent. Cauchy 1847."""'} | parts
    text = CLASS.format(name=name, decorator=decorator, **parts)
    return whole(name, check, word, text + hook("optimizer"), "optimizer")


EXAMPLES += [
    declared("no-dataclass", "frozen", "not decorated", "", lr="0.01"),
    declared("mutable", "frozen", "can be changed", "@dataclass(kw_only=True, unsafe_hash=True)"),
    declared("unequal", "picklable", "not equal", "@dataclass(frozen=True, kw_only=True, eq=False)"),
    declared("silent", "docstring", "has none", docstring=""),
    declared("uncited", "citation", "no citation", docstring='"""Descent."""'),
    whole(
        "nothing-defined",
        "signatures",
        "defines no update or step",
        '@dataclass(frozen=True, kw_only=True)\nclass Mine(Optimizer):\n    """Nothing. Source: own work."""\n'
        '    name: ClassVar[str] = "nothing-defined"\n    lr: float = positive(0.1)\n' + hook("optimizer"),
        "optimizer",
    ),
]

# What a plugin is.
EXAMPLES += [
    whole("no-import", "loads", "No module named 'no_such'", "import no_such"),
    whole("syntax", "loads", "SyntaxError", "def f(:"),
    whole("old-contract", "contract", "built for contract 1", "OPTBENCH_CONTRACT = 1"),
    whole("empty", "registers components", "none", ""),
]
EXAMPLES += [
    Example(
        "one-class", "plugin", source("one-class", "optimizer", "").replace("[Mine]", "Mine"), "hooks", "must return a list"
    ),
    Example(
        "wrong-kind", "plugin", source("wrong-kind", "wrapper", "").replace("_wrappers", "_optimizers"), "hooks", "is a wrapper"
    ),
    Example("rival", "plugin", source("adam", "optimizer", ""), "unique names", "are named 'adam'"),
    Example(
        "no-version",
        "optimizer",
        source("no-version", "optimizer", "").replace("OPTBENCH_CONTRACT = 2", ""),
        "contract version",
        "does not declare",
    ),
]
