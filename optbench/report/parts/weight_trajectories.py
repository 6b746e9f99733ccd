"""Pictures of the weights' trajectories on one workload, with what can and cannot be read from them."""

from __future__ import annotations

from optbench.report.contents import Part
from optbench.report.numbers import number, significant
from optbench.report.sections import Figure, Section, Text, paragraph
from optbench.trajectories import ANGLE, NEIGHBOURS, Picture

_RANDOM_WALK = 0.76  # the variance in the plane of the first two components, for a long random walk


def part(workload: int, picture: Picture | None) -> Part:
    """Return the section for workload number `workload`."""
    title = "Weight trajectories"
    if picture is None:
        return Part(
            "weight_trajectories.html.j2", Section(title, [Text("No picture: too few runs have sketches of their weights.")])
        )
    figures = [
        Figure(
            chart="trajectories",
            label=f"{name} of the weights during training, one line per run",
            title=name,
            options={"workload": workload, "picture": key},
        )
        for key, name in (("tsne", "t-SNE"), ("pca", "Principal components 1 and 2"))
    ]
    return Part("weight_trajectories.html.j2", Section(title, [*figures, _caption(picture)]))


def _caption(picture: Picture) -> Text:
    left_out = f"{picture.left_out} runs without finite weights are left out." if picture.left_out else ""
    return paragraph(f"""
        Each line is one run, from ★ (initial weights) to ● (final weights). All {len(picture.paths)} runs, {picture.points}
        points, were embedded together, so runs with the same seed start at the same point. Method: weights at about 33
        log-spaced epochs, each reduced to a count sketch of 512 numbers; PCA, which keeps {number(picture.kept)} of the
        variance; t-SNE with perplexity {significant(picture.perplexity)}, angle {ANGLE}, random state 0, initialized by
        PCA. Kullback-Leibler divergence {number(picture.divergence)}, trustworthiness {number(picture.trustworthiness, 4)}
        with {NEIGHBOURS} neighbours. Rank correlation between the distances of the final weights and those in the picture:
        {number(picture.tsne_distances, 2)} for t-SNE, {number(picture.pca_distances, 2)} for the PCA plane. The PCA plane
        has {number(picture.plane)} of the variance; that of a random walk would have about {_RANDOM_WALK}. Axes have no
        units. Distances between clusters, their size, speed and crossings cannot be read from t-SNE; clusters of different
        seeds may be permutations of the same hidden units; no ranking follows from the picture.
        {left_out}
    """)
