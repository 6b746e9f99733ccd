"""Correct plugins, some of them unusual."""

from __future__ import annotations

from broken.classes import adam
from broken.sources import EVAL, HEAD, INIT, STEP, UPDATE, Example, source

SOUND: list[Example] = []


def sound(name: str, kind: str, body: str, **more: str) -> None:
    SOUND.append(Example(name, kind, source(name, kind, body, **more)))


sound("plain", "optimizer", "pass")
sound("plain-average", "wrapper", "pass")
sound("plain-net", "architecture", "pass")
sound("plain-loss", "loss", "pass")
sound("plain-texts", "embedder", "pass")
sound("plain-numbers", "embedder", "pass", base="table")
sound("plain-table", "dataset", "pass")
sound(
    "searched",
    "optimizer",
    f"""
    lr: float = positive(0.01, space=scaled(1e-3, 1e3))
    beta: float = fraction(0.9, space=one_minus_log(0.0, 0.99), neutral=Neutral(0.0, "no momentum"))
    every: int = count(1, space=choices(1, 2, 4))
    limit: float = positive(1.0, space=log_uniform(0.1, 10.0))
    weight_decay: float = non_negative(0.01, space=uniform(0.0, 0.1), neutral=Neutral(0.0, "no weight decay"))
    nesterov: bool = option(True, neutral=Neutral(False, "no look-ahead"))

    {UPDATE}
        if t % self.every == 0:
            np.clip(g, -self.limit, self.limit, out=g)
            axpy(self.weight_decay, w, g)
            s.v *= self.beta
            s.v += g
            axpy(-self.lr, s.v, w)
            if self.nesterov:
                axpy(-self.lr, g, w)
    """,
)
sound(
    "resampling",
    "optimizer",
    f"""
    every: int = count(10)

    {INIT}
        return State(h=np.zeros_like(w), g=np.empty_like(w))

    {STEP}
        np.copyto(s.g, at.gradient())
        if t % self.every == 1 or self.every == 1:
            labels = at.sample_labels()
            g = at.gradient(labels)
            g *= g
            g *= len(labels) * (1 - self.beta)
            s.h *= self.beta
            s.h += g
        np.add(s.h, 1.0, out=s.h)
        np.divide(s.g, s.h, out=s.g)
        np.subtract(s.h, 1.0, out=s.h)
        axpy(-self.lr, s.g, w)
    """,
)
sound(
    "armijo",
    "optimizer",
    f"""
    rates: ClassVar[tuple[str, ...]] = ("lr",)
    lr: float = positive(1.0)
    beta: float = fraction(0.5)
    c: float = fraction(1e-4)

    {INIT}
        return State(w=w.copy(), g=np.empty_like(w))

    {STEP}
        np.copyto(s.w, w)
        np.copyto(s.g, at.gradient())
        start, slope, step = at.loss, float(np.dot(s.g, s.g)), self.lr
        for _ in range(30):
            np.copyto(w, s.w)
            axpy(-step, s.g, w)
            if not at.value() > start - self.c * step * slope:
                return
            step *= self.beta
    """,
)
sound(
    "variance-reduced",
    "optimizer",
    f"""
    beta: ClassVar[float] = 0.0
    every: int = count(5)

    {INIT}
        return State(anchor=w.copy(), mean=np.zeros_like(w), here=np.empty_like(w), w=np.empty_like(w))

    {STEP}
        if t % self.every == 1 or self.every == 1:
            np.copyto(s.anchor, w)
            np.copyto(s.mean, at.full().gradient())
        np.copyto(s.here, at.gradient())
        np.copyto(s.w, w)
        np.copyto(w, s.anchor)
        g = at.gradient()
        np.copyto(w, s.w)
        s.here -= g
        s.here += s.mean
        axpy(-self.lr, s.here, w)
    """,
)
sound(
    "scalars-only",
    "optimizer",
    f"{INIT}\n    return State(total=0.0)\n{UPDATE}\n"
    "    s.total = self.beta * s.total + float(np.dot(g, g))\n"
    "    axpy(-self.lr / math.sqrt(s.total + 1e-8), g, w)",
)
sound(
    "floats-in-a-list",
    "optimizer",
    f"""
    {INIT}
        return State(layout=layout, norms=[0.0] * len(layout.shapes))

    {UPDATE}
        for place, (layer, gradient) in enumerate(zip(s.layout.views(w).values(), s.layout.views(g).values())):
            s.norms[place] = self.beta * s.norms[place] + float(np.vdot(gradient, gradient))
            gradient *= self.lr / (math.sqrt(s.norms[place]) + 1e-8)
            layer -= gradient
    """,
)
sound(
    "schedule-free",
    "optimizer",
    f"""
    {INIT}
        return State(z=w.copy(), x=w.copy(), sum=0.0)

    {UPDATE}
        axpy(-self.lr, g, s.z)
        s.sum += self.lr**2
        c = self.lr**2 / s.sum if s.sum else 1.0
        s.x *= 1.0 - c
        axpy(c, s.z, s.x)
        np.multiply(s.z, 1.0 - self.beta, out=w)
        axpy(self.beta, s.x, w)

    {EVAL}
        return s.x
    """,
)
sound(
    "late-average",
    "optimizer",
    f"{INIT}\n    return State(v=np.zeros_like(w), x=w.copy())\n{EVAL}\n    np.multiply(w, self.beta, out=s.x)\n    return s.x",
)
sound(
    "perturbed",
    "optimizer",
    f"{UPDATE}\n    pass\n{STEP}\n    g = at.gradient()\n"
    "    g += self.beta * at.noise.standard_normal(dtype=g.dtype)\n"
    "    super(Mine, self).update(w, g, s, t)",
)
sound(
    "accumulating",
    "wrapper",
    f"{INIT}\n    return State(g=np.zeros_like(w), **vars(super(Mine, self).init(w, layout)))\n"
    f"{STEP}\n    if t % 2:\n        np.copyto(s.g, at.gradient())\n    else:\n"
    "        super(Mine, self).step(w, s, t // 2, at.after(lambda g: np.add(g, s.g, out=g)))",
)
SOUND.append(Example("textbook-adam", "optimizer", HEAD + adam("textbook-adam")))
sound(
    "linear-from-zero",
    "architecture",
    "hidden: ClassVar[int] = 1\ndef widths(self):\n    return ()\ndef initial(self, layout, rng):\n"
    "    return np.zeros(layout.size)",
)
