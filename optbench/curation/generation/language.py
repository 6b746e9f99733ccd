"""Whether a text is in the language that was asked for, by its letters and its most frequent words.

Turkish alone is checked; texts for any other language pass. The check tells Turkish from English and from other scripts. It
does not tell good Turkish from bad, nor Turkish from a language with similar letters whose words are not listed, such as
Azerbaijani, and an answer of names and numbers alone, such as "Paris 1900", passes in any language.
"""

from __future__ import annotations

import re
import unicodedata

from optbench.core.turkish import turkish_lower

TURKISH = "tr"
FOREIGN_LETTERS = 0.1
"""The largest share of letters that are neither Turkish nor the q, w, x of names: formulas have Greek ones."""
_LETTERS = frozenset("abcçdefgğhıijklmnoöprsştuüvyzâîûqwx")
_OWN = frozenset("çğıöşü")  # letters that English does not have
_WORD = re.compile(r"[^\W_]+")
# Question words with any ending, and the particle mi, which stands for itself.
_ASKING = re.compile(r"(ne(y|d|r|l|s|$)|kim|hangi|kaç|nas[ıi]l|niç|niye|m[ıiuü]$|m[ıiuü](d[ıiuü]r|s[ıiuü]n|y))")
_TURKISH_WORDS = frozenset(
    _WORD.findall(
        "ama bir bu da daha de değil diye en gibi hem her için ile ise kadar ki mi ne o olan olarak olur sonra var ve veya yok"
    )
)
_ENGLISH_WORDS = frozenset(
    _WORD.findall(
        "and are because between by could did does for from have he how into is its many most of or other our she should some "
        "such than that the their them there these they this to used was we were what when where which who why will with would "
        "you your"
    )
)  # without those that are Turkish words too, such as can, her, in and it
_SHORT = 2  # words of a text that may be a term or a name


def words(text: str) -> list[str]:
    """Return the runs of letters and digits of a text, in lower case by Turkish rules."""
    return _WORD.findall(turkish_lower(unicodedata.normalize("NFC", text)))


def is_text_in(language: str, text: str) -> bool:
    """Return whether nothing in `text` speaks against `language`: no foreign script, not more English than Turkish words."""
    if language != TURKISH:
        return True
    return _has_its_letters(text) and (len(words(text)) <= _SHORT or _english(text) <= _turkish(text))


def is_question_in(language: str, text: str) -> bool:
    """Return whether `text` can be a question in `language`: as `is_text_in`, and with a question word or particle."""
    return language != TURKISH or (is_text_in(language, text) and any(_ASKING.match(word) for word in words(text)))


def _has_its_letters(text: str) -> bool:
    letters = [character for word in words(text) for character in word if character.isalpha()]
    return sum(letter not in _LETTERS for letter in letters) <= FOREIGN_LETTERS * len(letters)


def _english(text: str) -> int:
    """The number of frequent English words; the I of a capital letter has lost its dot in `words`."""
    return sum(word.replace("ı", "i") in _ENGLISH_WORDS for word in words(text))


def _turkish(text: str) -> int:
    """The number of words that only Turkish has, of the two languages."""
    return sum(word in _TURKISH_WORDS or not _OWN.isdisjoint(word) or bool(_ASKING.match(word)) for word in words(text))
