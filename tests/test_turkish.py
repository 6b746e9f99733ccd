"""Turkish lower case, and the forms in which texts are compared."""

import unicodedata

import pytest

from optbench.core.turkish import fold, folds


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("İSTANBUL nerede?", "istanbul nerede?"),
        ("ISI nedir?", "ısı nedir?"),
        ("Işık  nedir ?", "ışık nedir"),
        ("Çığ nasıl oluşur…", unicodedata.normalize("NFD", "Çığ nasıl oluşur?")),
        ("İstanbul nerede?".lower(), "istanbul nerede?"),
        ("Işık nedir?", " IŞIK NEDİR? "),
    ],
    ids=["dotted", "dotless", "spaces", "unicode-form", "lower-of-python", "non-breaking-space"],
)
def test_texts_that_look_alike_have_one_form(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_capitals_of_another_language_are_recognised_too() -> None:
    assert fold("INTERNET nedir?") != fold("internet nedir?")
    assert folds("INTERNET nedir?") & folds("internet nedir?")


def test_different_letters_stay_different() -> None:
    assert not folds("Kil nedir?") & folds("Kıl nedir?")
