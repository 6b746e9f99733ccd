"""The lower case of texts: all else that embedders do is scikit-learn's, whose times differ by a third between processes."""

from __future__ import annotations

from .common import found, texts
from .ratios import placements, ratio

DOTS = str.maketrans({"I": "ı", "İ": "i"})


class Lower:
    unit = "ratio"
    params = [[100]]
    param_names = ["texts"]

    def setup(self, n):
        self.pairs = placements(lambda: _lower(n))

    def track_lower(self, n):
        return ratio(self.pairs)


def _lower(n):
    turkish_lower, sentences = found("optbench:turkish_lower"), texts(n)
    return lambda: [turkish_lower(text) for text in sentences], lambda: [text.translate(DOTS).lower() for text in sentences]
