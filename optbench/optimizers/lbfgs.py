"""L-BFGS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from optbench import Layout, Optimizer, Oracle, State, Vector, axpy, count, positive


@dataclass(frozen=True, kw_only=True)
class LBFGS(Optimizer):
    """Limited-memory BFGS on the whole training set. Liu & Nocedal 1989, Mathematical Programming 45, 503-528, Algorithm 2.1.

    Deviations, both as in torch's `LBFGS(max_iter=1)`: no line search, but a rate of lr min(1, 1 / |g|_1) in the first step and
    of lr in the others; pairs with y^T s <= 1e-10 are skipped. By default ten pairs are kept, torch keeps 100; the paper finds
    little gain beyond 7.
    """

    name: ClassVar[str] = "lbfgs"
    oracles: ClassVar[tuple[Oracle, ...]] = (
        Oracle(
            "torch.optim.LBFGS(max_iter=1)",
            tolerance=1e-08,
            reason="noisy gradients amplify rounding errors: torch, started one last bit away, ends 6e-10 away from itself",
        ),
    )
    batch: ClassVar[Literal["mini", "full"]] = "full"
    lr: float = positive(1.0)
    history: int = count(10)

    def init(self, w: Vector, layout: Layout) -> State:
        """Return buffers for the pairs: the changes of the weights, and those of the gradient."""
        moves, changes = (np.zeros((self.history, w.size), w.dtype) for _ in range(2))
        products = [1.0] * self.history
        last = {"g": np.zeros_like(w), "move": np.zeros_like(w)}
        return State(moves=moves, changes=changes, products=products, pairs=0, scale=1.0, **last)

    def update(self, w: Vector, g: Vector, s: State, t: int) -> None:
        """w_t = w_{t-1} - lr H_t g_t, with H_1 = min(1, 1 / |g_1|_1), then H_t g_t from the recursion over the last pairs."""
        if t == 1:
            length = float(np.abs(g, out=s.move).sum())
            s.g[:] = g
            g *= min(1.0, 1.0 / length) if length > 0.0 else 0.0
        else:
            self._remember(s, g)
            self._multiply(s, g)
        np.multiply(g, -self.lr, out=s.move)
        w += s.move

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
