"""Which texts are spellings of one text."""

from __future__ import annotations

from collections.abc import Iterable

from optbench.core.turkish import folds


def representatives(texts: Iterable[str]) -> dict[str, str]:
    """Return for each text the spelling that stands for it: one for all that are the same text but for case, spaces and so on.

    Texts are joined along chains: INTERNET may be internet in capitals, or the same with a dotless i; all three have one
    representative, the least of them. It depends on the set of texts only, not on their order.
    """
    parents: dict[str, str] = {}

    def root(text: str) -> str:
        while (parent := parents[text]) != text:
            parents[text] = parents[parent]
            text = parent
        return text

    first: dict[str, str] = {}
    for text in sorted(set(texts)):
        parents[text] = text
        for form in folds(text):
            one, other = root(text), root(first.setdefault(form, text))
            parents[max(one, other)] = min(one, other)
    return {text: root(text) for text in parents}
