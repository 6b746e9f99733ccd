"""Pictures of the weights' trajectories: one t-SNE and one PCA per workload, jointly over all its variants and seeds.

Van der Maaten & Hinton 2008, JMLR 9, 2579-2605 (t-SNE). Because runs are embedded together, those with the same seed start
at the same visible point. How faithful a picture is to the distances between weights is measured and reported with it.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from optbench.analysis.grouping import Variant, by_workload, variant_of
from optbench.core.numerics import Array
from optbench.core.specs import RunResult, digest_of
from optbench.core.workload import Workload
from optbench.execution.pool import worker_pool
from optbench.store import Store

PERPLEXITY = 30.0
COMPONENTS = 50
NEIGHBOURS = 12
ANGLE = 0.8  # of Barnes-Hut; 0.5 takes 1.7 times as long on 3,600 points, with a final divergence of 0.32 instead of 0.36
FEWEST = 10
"""The number of points below which a workload has no picture."""


@dataclass(frozen=True)
class Path:
    """The trajectory of one run: `tsne` and `pca` have shape (len(epochs), 2)."""

    variant: Variant
    seed: int
    epochs: tuple[int, ...]
    tsne: Array
    pca: Array


@dataclass(frozen=True)
class Picture:
    """The trajectories of a workload's runs, and how they were computed.

    Attributes:
        paths: one per run.
        points: their number in all paths.
        perplexity: of t-SNE.
        divergence: the Kullback-Leibler divergence at the end of t-SNE.
        trustworthiness: of the t-SNE picture with 12 neighbours; 1 if all neighbours in the picture are neighbours in the data.
        tsne_distances: Spearman correlation of the distances between final weights, in the t-SNE picture and in the data.
        pca_distances: the same for the PCA picture.
        kept: the share of the variance in the first 50 principal components, which are the input of t-SNE.
        plane: the share of the variance in the PCA picture.
        left_out: the number of runs without finite sketches.
    """

    workload: Workload
    paths: tuple[Path, ...]
    points: int
    perplexity: float
    divergence: float
    trustworthiness: float
    tsne_distances: float
    pca_distances: float
    kept: float
    plane: float
    left_out: int


def pictures(results: Iterable[RunResult], store: Store | None, *, workers: int) -> list[Picture]:
    """Return a picture for each workload with at least `FEWEST` points.

    Fits are cached in the store because they are expensive to compute, and because t-SNE's coordinates depend on the machine.
    """
    workloads = {
        workload: [run for runs in variants.values() for run in runs] for workload, variants in by_workload(results).items()
    }
    drawn = {workload: [run for run in runs if _drawable(run)] for workload, runs in workloads.items()}
    drawn = {workload: runs for workload, runs in drawn.items() if sum(len(run.sketch_epochs) for run in runs) >= FEWEST}
    keys = {workload: _key(runs) for workload, runs in drawn.items()}
    fits = {workload: content for workload in drawn if store and (content := store.cached(keys[workload]))}
    for workload, content in _fit_in_workers({w: runs for w, runs in drawn.items() if w not in fits}, workers):
        fits[workload] = content
        if store:
            store.cache(keys[workload], content)
    return [_picture(w, runs, fits[w], len(workloads[w]) - len(runs)) for w, runs in drawn.items()]


def _fit_in_workers(missing: Mapping[Workload, Sequence[RunResult]], workers: int) -> Iterator[tuple[Workload, bytes]]:
    if not missing:
        return
    with worker_pool(min(workers, len(missing))) as pool:
        futures = {w: pool.schedule(fit, args=[_points(runs), _ends(runs)]) for w, runs in missing.items()}
        for workload, future in futures.items():
            yield workload, future.result()


def _drawable(run: RunResult) -> bool:
    return run.digest is not None and run.sketches is not None and bool(np.isfinite(run.sketches).all())


def _points(runs: Sequence[RunResult]) -> Array:
    return np.vstack([run.sketches for run in runs if run.sketches is not None])


def _ends(runs: Sequence[RunResult]) -> list[int]:
    """Return the indices of the final weights among the points."""
    return [stop - 1 for stop in itertools.accumulate(len(run.sketch_epochs) for run in runs)]


def _key(runs: Sequence[RunResult]) -> str:
    settings = [PERPLEXITY, ANGLE, COMPONENTS, NEIGHBOURS, version("scikit-learn"), version("numpy")]
    return digest_of(
        {"trajectories": [[run.spec.optimizer.as_json(), run.spec.seed, run.digest] for run in runs], "settings": settings}
    )


def fit(points: Array, ends: list[int]) -> bytes:
    """Return the t-SNE and PCA embedding of `points` as npz.

    It runs in a worker process, with one thread, so that the result is reproducible.

    Args:
        points: shape (n, 512), the sketches of all runs.
        ends: the indices of the final weights.
    """
    from scipy.spatial.distance import pdist  # heavy
    from scipy.stats import spearmanr
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE, trustworthiness

    points = points.astype(np.float64)
    points -= points.mean(axis=0)
    points /= max(
        float(np.abs(points).max()), np.finfo(float).tiny
    )  # one scale for all, which keeps the proportions of distances
    pca = PCA(min(COMPONENTS, *points.shape), svd_solver="covariance_eigh")
    reduced = pca.fit_transform(points)
    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    tsne = TSNE(perplexity=perplexity, angle=ANGLE, init="pca", random_state=0, n_jobs=1)
    embedded = tsne.fit_transform(reduced)
    plane = reduced[:, :2] if reduced.shape[1] > 1 else np.hstack([reduced, np.zeros_like(reduced)])
    variance = pca.explained_variance_ratio_
    true = pdist(points[ends])

    def agreement(picture: Array) -> float:
        return float(spearmanr(true, pdist(picture[ends])).statistic) if len(ends) > 2 else np.nan  # noqa: PLR2004  # distances to rank

    out = io.BytesIO()
    np.savez(
        out,
        allow_pickle=False,
        tsne=embedded,
        pca=plane,
        perplexity=perplexity,
        divergence=tsne.kl_divergence_,
        trustworthiness=trustworthiness(points, embedded, n_neighbors=min(NEIGHBOURS, len(points) // 2 - 1)),
        tsne_distances=agreement(embedded),
        pca_distances=agreement(plane),
        kept=variance.sum(),
        plane=variance[:2].sum(),
    )
    return out.getvalue()


def _picture(workload: Workload, runs: Sequence[RunResult], content: bytes, left_out: int) -> Picture:
    with np.load(io.BytesIO(content), allow_pickle=False) as fit:
        numbers: Mapping[str, Any] = {name: float(fit[name]) for name in fit.files if fit[name].ndim == 0}
        tsne, pca = fit["tsne"], fit["pca"]
    paths, start = [], 0
    for run in runs:
        stop = start + len(run.sketch_epochs)
        paths.append(Path(variant_of(run), run.spec.seed, run.sketch_epochs, tsne[start:stop], pca[start:stop]))
        start = stop
    return Picture(workload, tuple(paths), points=len(tsne), left_out=left_out, **numbers)
