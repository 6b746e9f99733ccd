"""Pictures of how the weights move: one t-SNE and one PCA for each task, jointly over all its optimizers and seeds.

Van der Maaten & Hinton 2008, JMLR 9, 2579-2605 (t-SNE). Runs of one seed start at one visible point, because they are embedded
together. What may be read from the picture, and what not, is measured beside it.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from optbench.analysis.grouping import Workload, by_workload
from optbench.core.numerics import Array
from optbench.core.specs import RunResult, digest_of
from optbench.execution.pool import worker_pool
from optbench.store import Store

PERPLEXITY = 30.0
COMPONENTS = 50
NEIGHBOURS = 12
ANGLE = 0.8  # of Barnes-Hut; 0.5 takes 1.7 times as long on 3,600 points, and ends with a divergence of 0.32 for 0.36
FEWEST = 10
"""Points below which no picture is made."""


@dataclass(frozen=True)
class Path:
    """One run's way through the picture: point i belongs to the epoch of the same place."""

    variant: str
    seed: int
    epochs: tuple[int, ...]
    tsne: Array
    pca: Array


@dataclass(frozen=True)
class Picture:
    """The paths of a task's runs, and what its caption has to say."""

    task: Workload
    paths: tuple[Path, ...]
    points: int
    perplexity: float
    divergence: float
    """Kullback-Leibler divergence that t-SNE ended with."""
    trustworthiness: float
    """Of the t-SNE picture with 12 neighbours: 1 if all neighbours in the picture are neighbours in fact."""
    tsne_distances: float
    """Spearman correlation of the distances between final weights, in the picture and in fact."""
    pca_distances: float
    kept: float
    """Share of the variance that the first 50 principal components keep: what t-SNE was shown."""
    plane: float
    """Share of the variance in the plane of the PCA picture."""
    left_out: int
    """Runs without finite sketches, which cannot be drawn."""


def pictures(results: Iterable[RunResult], store: Store | None, *, workers: int) -> list[Picture]:
    """Return a picture for each task that has points enough.

    Fits are kept in the store: they are dear, and coordinates are bit-stable only where they are kept.
    """
    tasks = {task: [run for runs in variants.values() for run in runs] for task, variants in by_workload(results).items()}
    drawn = {task: [run for run in runs if _drawable(run)] for task, runs in tasks.items()}
    drawn = {task: runs for task, runs in drawn.items() if sum(len(run.sketch_epochs) for run in runs) >= FEWEST}
    keys = {task: _key(runs) for task, runs in drawn.items()}
    fits = {task: content for task in drawn if store and (content := store.cached(keys[task]))}
    missing = [task for task in drawn if task not in fits]
    if missing:
        with worker_pool(min(workers, len(missing))) as pool:
            futures = {task: pool.schedule(fit, args=[_points(drawn[task]), _ends(drawn[task])]) for task in missing}
            for task, future in futures.items():
                fits[task] = future.result()
                if store:
                    store.cache(keys[task], fits[task])
    return [_picture(task, drawn[task], fits[task], len(tasks[task]) - len(drawn[task])) for task in drawn]


def _drawable(run: RunResult) -> bool:
    return run.digest is not None and run.sketches is not None and bool(np.isfinite(run.sketches).all())


def _points(runs: Sequence[RunResult]) -> Array:
    return np.vstack([run.sketches for run in runs if run.sketches is not None])


def _ends(runs: Sequence[RunResult]) -> list[int]:
    """The places of the final weights among the points."""
    return [stop - 1 for stop in itertools.accumulate(len(run.sketch_epochs) for run in runs)]


def _key(runs: Sequence[RunResult]) -> str:
    settings = [PERPLEXITY, ANGLE, COMPONENTS, NEIGHBOURS, version("scikit-learn"), version("numpy")]
    return digest_of(
        {"trajectories": [[run.labels.optimizer, run.spec.seed, run.digest] for run in runs], "settings": settings}
    )


def fit(points: Array, ends: list[int]) -> bytes:
    """Embed points, (n, 512), of which `ends` are the places of final weights; return the fit as npz.

    Called in a worker, whose one thread makes the result reproducible.
    """
    from scipy.spatial.distance import pdist  # heavy
    from scipy.stats import spearmanr
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE, trustworthiness

    points = points.astype(np.float64)
    points -= points.mean(axis=0)
    points /= max(float(np.abs(points).max()), np.finfo(float).tiny)  # a common scale: distances keep their proportions
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


def _picture(task: Workload, runs: Sequence[RunResult], content: bytes, left_out: int) -> Picture:
    with np.load(io.BytesIO(content), allow_pickle=False) as fit:
        numbers: Mapping[str, Any] = {name: float(fit[name]) for name in fit.files if fit[name].ndim == 0}
        tsne, pca = fit["tsne"], fit["pca"]
    paths, start = [], 0
    for run in runs:
        stop = start + len(run.sketch_epochs)
        paths.append(Path(run.labels.optimizer, run.spec.seed, run.sketch_epochs, tsne[start:stop], pca[start:stop]))
        start = stop
    return Picture(task, tuple(paths), points=len(tsne), left_out=left_out, **numbers)
