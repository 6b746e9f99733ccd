"""A dataset of twelve questions."""

from __future__ import annotations

from optbench.data.rows import Row

WORDS = ("ağ", "bellek", "çekirdek", "deniz", "elma", "fizik", "güneş", "hücre", "ışık", "ivme", "jeoloji", "kuvvet")


def tiny_splits() -> dict[str, list[Row]]:
    def rows(words: tuple[str, ...]) -> list[Row]:
        return [
            Row(f"{word} nedir?", f"{word} {'doğru' if label == 1 else 'yanlış'} bir yanıttır.", label)
            for word in words
            for label in (1, -1)
        ]

    return {"train": rows(WORDS[:6]), "validation": rows(WORDS[6:9]), "test": rows(WORDS[9:])}
