"""Embedders that learn or hash, on sentences of ten words."""

from __future__ import annotations

from .common import BUILT_IN, texts


class Embed:
    params = [["hashing", "tfidf"], [100, 1_000]]
    param_names = ["embedder", "texts"]

    def setup(self, embedder, n):
        self.embedder = BUILT_IN.find("embedder", embedder).cls()
        self.texts = texts(n)
        self.fitted = self.embedder.fit(self.texts)
        self.time_encode(embedder, n)  # what is imported on use is not timed

    def time_fit(self, embedder, n):
        self.embedder.fit(self.texts)

    def time_encode(self, embedder, n):
        self.embedder.encode(self.texts, "question", self.fitted)
