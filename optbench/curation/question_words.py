"""The question words of a question: what a rule of two lines would look at first."""

from __future__ import annotations

import re
from collections.abc import Mapping

from optbench.core.turkish import turkish_lower

# Longer ones first; endings are written out where other words begin alike: kimya (chemistry), nehir (river), kaçak (leak).
_PATTERNS: Mapping[str, str] = {
    "tr": r"(ne zaman|ne kadar|nere|nasıl|hangi)\w*|(neden|niçin|niye)|(kim)(?:e|i|in|de|den|dir|le|ler\w*)?"
    r"|(kaç)(?:a|ı|ta|tan|tır|ıncı)?|(ne)(?:dir|yi|ye|yin|yle|ler\w*)?|(m[iıuü])(?:d[iıuü]r|yd[iıuü])?",
    "en": r"(how many|how much|how|whom|whose|who|what|when|where|which|why)|(is|are|was|were|does|do|did|can)",
}


def question_words(question: str, language: str) -> list[str]:
    """Return the question words of a question without their endings; for a language without a list, all of its words."""
    text = turkish_lower(question) if language == "tr" else question.lower()
    if language not in _PATTERNS:
        return re.findall(r"\w+", text)
    found = re.finditer(rf"\b(?:{_PATTERNS[language]})\b", text)
    return [next(filter(None, match.groups())) for match in found]
