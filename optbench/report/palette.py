"""Colours and symbols of the variants: the same in every chart, and told apart without colour too."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle

# Okabe & Ito 2008 (without yellow, too light on white), then Paul Tol's muted scheme: safe for colour-blind eyes.
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#E69F00",
    "#332288",
    "#117733",
    "#882255",
    "#44AA99",
    "#999933",
    "#AA4499",
    "#000000",
)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def styles(variants: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return a colour and a dash for each variant, in alphabetical order; the dash changes when the colours are used up."""
    dashes = [dash for dash in DASHES for _ in COLOURS]
    return {
        variant: {"colour": colour, "dash": dash}
        for variant, colour, dash in zip(sorted(variants), cycle(COLOURS), cycle(dashes), strict=False)
    }
