"""L-BFGS."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from optbench import Layout, Objective, Optimizer, Oracle, State, Vector, axpy, count, positive, scaled
from optbench.optimizers.line_search import Point, strong_wolfe


@dataclass(frozen=True, kw_only=True)
class LBFGS(Optimizer):
    """Limited-memory BFGS on the whole training set. Liu & Nocedal 1989, Mathematical Programming 45, 503-528, Algorithm 2.1.

    Deviations, both as in torch's `LBFGS(max_iter=1)`: by default no line search, but a rate of lr min(1, 1 / |g|_1) in the
    first step and of lr in the others; pairs with y^T s <= 1e-10 are skipped. By default ten pairs are kept, torch keeps 100;
    the paper finds little gain beyond 7.

    With `line_search=strong-wolfe`, as in torch, each step searches for a rate that meets the strong Wolfe conditions with
    c_1 = 1e-4 and c_2 = 0.9, from the rate above on; if none of at most 26 trials lowers the loss, the weights stay and the
    pairs are dropped, which torch does not do. A trial costs a gradient, and the next step computes the one at the accepted
    point again. There is no rate left for a schedule to multiply.
    """

    name: ClassVar[str] = "lbfgs"
    oracles: ClassVar[tuple[Oracle, ...]] = (
        Oracle(
            "torch.optim.LBFGS(max_iter=1)",
            tolerance=1e-08,
            reason="noisy gradients amplify rounding errors: torch, started one last bit away, ends 6e-10 away from itself",
        ),
        Oracle("torch.optim.LBFGS(max_iter=1, line_search_fn='strong_wolfe') (line_search=strong-wolfe)"),
    )
    batch: ClassVar[Literal["mini", "full"]] = "full"
    lr: float = positive(1.0, space=scaled(1e-3, 1e3))
    history: int = count(10)
    line_search: Literal["none", "strong-wolfe"] = "none"

    @property
    def rates(self) -> tuple[str, ...]:  # type: ignore[override]  # a class attribute elsewhere; here it depends on a field
        """The rate, unless a line search sets it."""
        return ("lr",) if self.line_search == "none" else ()

    def init(self, w: Vector, layout: Layout) -> State:
        """Return buffers for the pairs: the changes of the weights, and those of the gradient."""
        moves, changes = (np.zeros((self.history, w.size), w.dtype) for _ in range(2))
        products = [1.0] * self.history
        last = {"g": np.zeros_like(w), "move": np.zeros_like(w)}
        if self.line_search != "none":
            last["start"] = np.empty_like(w)
        return State(moves=moves, changes=changes, products=products, pairs=0, scale=1.0, **last)

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """w_t = w_{t-1} - lr H_t g_t, with H_1 = min(1, 1 / |g_1|_1), then H_t g_t from the recursion over the last pairs."""
        if t == 1:
            g *= self._begin(s, g)
        else:
            self._remember(s, g)
            self._multiply(s, g)
        np.multiply(g, -self.lr, out=s.move)
        w += s.move

    def step(self, w: Vector, s: State, t: int, at: Objective) -> None:
        """Take a step at the rate lr, or at the one that a line search finds."""
        g = at.gradient()
        if self.line_search == "none":
            self.update(w, g, s, t)
            return
        loss, rate = at.loss, self.lr
        if t == 1:
            rate *= self._begin(s, g)
        else:
            self._remember(s, g)
            self._multiply(s, g)
        np.negative(g, out=s.move)
        found = self._search(w, s, at, Point(0.0, loss, float(np.dot(s.g, s.move))), rate)
        if found:
            s.move *= found
        else:
            s.move.fill(0.0)
            s.pairs, s.scale = 0, 1.0
        np.add(s.start, s.move, out=w)

    def _search(self, w: Vector, s: State, at: Objective, start: Point, rate: float) -> float:
        """Return the rate at which to move from `w`, which is copied to `s.start`, along `s.move`; 0 where none is better."""
        s.start[:] = w
        if not (math.isfinite(start.loss) and math.isfinite(start.slope)):  # nothing to compare with: let the run diverge
            return rate
        if start.slope >= 0.0:
            return 0.0
        length = max(float(s.move.max()), -float(s.move.min()))

        def point_at(trial: float) -> Point:
            np.multiply(s.move, trial, out=w)
            np.add(w, s.start, out=w)
            slope = float(np.dot(at.gradient(), s.move))
            return Point(trial, at.loss, slope)

        return strong_wolfe(point_at, start, rate, length)

    def _begin(self, s: State, g: Vector) -> float:
        """Store the first gradient, and return H_1."""
        length = float(np.abs(g, out=s.move).sum())
        s.g[:] = g
        return min(1.0, 1.0 / length) if length > 0.0 else 0.0

    def _remember(self, s: State, g: Vector) -> None:
        """Store the pair of the last step in place of the oldest, if the curvature along it is positive."""
        change = np.subtract(g, s.g, out=s.g)
        product = float(np.dot(change, s.move))
        if product > 1e-10:  # noqa: PLR2004  # torch's threshold
            slot = s.pairs % len(s.products)
            s.moves[slot], s.changes[slot], s.products[slot] = s.move, change, product
            s.scale = product / float(np.dot(change, change))
            s.pairs += 1
        s.g[:] = g

    def _multiply(self, s: State, g: Vector) -> None:
        """Replace g by H g. Nocedal 1980, Mathematics of Computation 35, 773-782: the two-loop recursion."""
        kept = len(s.products)
        newest_first = [pair % kept for pair in range(s.pairs - 1, max(0, s.pairs - kept) - 1, -1)]
        along = []
        for i in newest_first:
            along.append(float(np.dot(s.moves[i], g)) / s.products[i])
            axpy(-along[-1], s.changes[i], g)
        g *= s.scale
        for i in reversed(newest_first):
            axpy(along.pop() - float(np.dot(s.changes[i], g)) / s.products[i], s.moves[i], g)
