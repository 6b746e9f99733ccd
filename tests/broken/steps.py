"""Optimizers whose steps, state or evaluated weights are broken."""

from __future__ import annotations

from broken.sources import EVAL, INIT, STEP, SUPER, UPDATE, Example, broken

EXAMPLES: list[Example] = []

# What an update does.
EXAMPLES += [
    broken(
        "wrong-sign",
        "optimizer",
        "descends",
        "rises",
        f"{UPDATE}\n    axpy(self.lr, g, w)",
        fields="beta: ClassVar[float] = 0.0",
    ),
    broken("raises-at-7", "optimizer", "runs", "step 7 raises", f"{UPDATE}\n    if t == 7: raise ValueError(t)\n{SUPER}"),
    broken("raises-late", "optimizer", "runs", "step 1500 raises", f"{UPDATE}\n    [0.0] * 10 if t < 1500 else [][t]\n{SUPER}"),
    broken("exits", "optimizer", "runs", "SystemExit", f"{UPDATE}\n    sys.exit(1)"),
    broken("rebinds", "optimizer", "in place", "not changed", f"{UPDATE}\n    w = w - self.lr * g"),
    broken("beyond", "optimizer", "in place", "beyond", f"{UPDATE}\n{SUPER}\n    if w.base is not None: w.base[-1] = 0.0"),
    broken(
        "allocates",
        "optimizer",
        "no allocation",
        "bytes per weight",
        f"{UPDATE}\n    s.v *= self.beta\n    s.v += g\n    w -= self.lr * s.v",
    ),
    broken("prints", "optimizer", "quiet", "prints 'step 1'", f"{UPDATE}\n{SUPER}\n    print('step', t)"),
    broken(
        "warns",
        "optimizer",
        "quiet",
        "DeprecationWarning: old",
        f"{UPDATE}\n{SUPER}\n    warnings.warn('old', DeprecationWarning)",
    ),
    broken(
        "nan-to-0",
        "optimizer",
        "NaN gradient",
        "weights are finite",
        f"{INIT}\n    return State(v=np.zeros_like(w), mask=np.empty(w.size, bool))\n{UPDATE}\n"
        f"    np.copyto(g, 0.0, where=np.isnan(g, out=s.mask))\n{SUPER}",
    ),
    broken(
        "raises-on-nan",
        "optimizer",
        "NaN gradient",
        "ValueError",
        f"{UPDATE}\n    if math.isnan(g[0]): raise ValueError\n{SUPER}",
    ),
    broken("unit-gradient", "optimizer", "zero gradient", "not finite", f"{UPDATE}\n    g /= norm(g)\n{SUPER}"),
    broken("unseeded", "optimizer", "deterministic", "differ", f"{UPDATE}\n    g *= np.random.default_rng().random()\n{SUPER}"),
    broken(
        "hashes",
        "optimizer",
        "same in two processes",
        "different",
        f"{UPDATE}\n    g *= 1 + hash('text') % 1000 / 1000\n{SUPER}",
    ),
    broken("global-noise", "optimizer", "global random state", "np.random", f"{UPDATE}\n    g *= np.random.random()\n{SUPER}"),
    broken(
        "fixed-batch",
        "optimizer",
        "a run",
        "diverged",
        f"{STEP}\n    g = at.gradient()\n    g *= 1 if len(at.outputs()) == 16 else math.nan\n    self.update(w, g, s, t)",
    ),
    broken(
        "keeps-gradient", "optimizer", "aliasing", "before is the gradient's buffer", f"{UPDATE}\n{SUPER}\n    s.before = g"
    ),
    broken(
        "keeps-weights",
        "optimizer",
        "aliasing",
        "start is the weights",
        f"{INIT}\n    return State(start=w, v=np.zeros_like(w))",
    ),
    broken(
        "keeps-layers",
        "optimizer",
        "aliasing",
        "weights",
        f"{INIT}\n    return State(layers=layout.views(w), v=np.zeros_like(w))",
    ),
    broken(
        "one-buffer",
        "optimizer",
        "aliasing",
        "same buffer",
        f"{STEP}\n    g, full = at.gradient(), at.full().gradient()\n    np.add(g, full, out=g)\n    self.update(w, g, s, t)",
    ),
]

# What a state is.
EXAMPLES += [
    broken("no-init", "optimizer", "init", "reads s.v", f"{INIT}\n    return Optimizer.init(self, w, layout)"),
    broken(
        "seeds-numpy",
        "optimizer",
        "global random state",
        "np.random",
        f"{INIT}\n    np.random.seed(1)\n    return State(v=np.zeros_like(w))",
    ),
    broken(
        "seeds-python",
        "optimizer",
        "global random state",
        "random was",
        f"{INIT}\n    random.seed(1)\n    return State(v=np.zeros_like(w))",
    ),
    broken(
        "moves-in-init",
        "optimizer",
        "init",
        "changes the weights",
        f"{INIT}\n    w *= 0.9\n    return State(v=np.zeros_like(w))",
    ),
    broken(
        "shifts-layout",
        "optimizer",
        "init",
        "changes the layout",
        f"{INIT}\n    layout.shapes.clear()\n    return State(v=np.zeros_like(w))",
    ),
    broken("double-state", "optimizer", "types", "float64", f"{INIT}\n    return State(v=np.zeros(w.size))"),
    broken(
        "matrices-only",
        "optimizer",
        "init",
        "unpack",
        f"{INIT}\n    for a in layout.views(w).values(): rows, columns = a.shape\n    return State(v=np.zeros_like(w))",
    ),
    broken(
        "needs-a-matrix",
        "optimizer",
        "shapes",
        "empty",
        f"{INIT}\n    max(a.shape[1] for a in layout.views(w).values() if a.ndim == 2)\n    return State(v=np.zeros_like(w))",
    ),
    broken(
        "hidden-count",
        "optimizer",
        "checkpoint",
        "ends at other weights",
        f"{INIT}\n    MEMORY['t'] = 0\n    return State(v=np.zeros_like(w))\n{UPDATE}\n    MEMORY['t'] += 1\n"
        f"    g /= MEMORY['t']\n{SUPER}\nglobals()['MEMORY'] = {{}}",
    ),
    broken(
        "cached-rate",
        "optimizer",
        "rates",
        "at a rate of 0",
        f"{INIT}\n    return State(lr=self.lr, v=np.zeros_like(w))\n{UPDATE}\n    s.v *= self.beta\n"
        "    s.v += g\n    axpy(-s.lr, s.v, w)",
    ),
]

# What is evaluated.
EXAMPLES += [
    broken("eval-moves", "optimizer", "eval_weights", "changes the weights", f"{EVAL}\n    w *= 0.999\n    return w"),
    broken(
        "eval-layout",
        "optimizer",
        "eval_weights",
        "changes the layout",
        f"{INIT}\n    return State(v=np.zeros_like(w), layout=layout)\n{EVAL}\n    s.layout.shapes.clear()\n    return w",
    ),
    broken("eval-copies", "optimizer", "eval_weights", "a copy", f"{EVAL}\n    return w.copy()"),
    broken(
        "eval-averages",
        "optimizer",
        "eval_weights",
        "two calls",
        f"{INIT}\n    return State(v=np.zeros_like(w), a=w.copy())\n{EVAL}\n    s.a += 0.1 * (w - s.a)\n    return s.a",
    ),
]
