"""The checks of a generated pair, with texts that a small Gemma wrote, texts of a careless model, and real Turkish."""

from __future__ import annotations

from collections import defaultdict

import pytest

from optbench.curation.generation.acceptance import MOST_WORDS, defect
from optbench.curation.generation.exchange import Exchange
from optbench.curation.generation.language import is_question_in, is_text_in
from optbench.data.loader import load
from optbench.registry import Registry


def found(question: str, right: str = "Bir dalgadır.", wrong: str = "Bir taştır.", language: str = "tr") -> str | None:
    return defect(Exchange(question=question, correct_answer=right, incorrect_answer=wrong), language)


def test_every_pair_of_the_shipped_dataset_is_accepted(registry: Registry) -> None:
    answers: dict[str, dict[int, str]] = defaultdict(dict)
    for row in load(registry.find("dataset", "qa-tr").cls.folder).rows:
        answers[row.question][row.label] = row.answer
    rejected = {question: reason for question, by in answers.items() if (reason := found(question, by[1], by[-1]))}
    assert len(answers) == 744
    assert not rejected


@pytest.mark.parametrize(
    "texts",
    [
        ("question", "question", "question"),
        ("Question:", "A", "B"),
        ("Soru: Ses nedir?",),
        ("Ses nedir?", "correct_answer"),
        ("Ses nedir?", "Doğru cevap: bir dalgadır."),
        ("Ses nedir?", "Bir dalgadır.", "the incorrect_answer is a stone"),
        ("Ses nedir?", "Doğru cevap tek cümledir ve kesinlikle doğrudur."),
        ("Soru tek başına anlaşılır, kısa ve açıktır; cevabı kesin olarak bilinir",),
    ],
)
def test_an_echo_of_the_prompt_is_rejected(texts: tuple[str, ...]) -> None:
    assert found(*texts) == "prompt-echo"


@pytest.mark.parametrize(
    "texts",
    [
        ("Q?",),
        ("?",),
        ("Nedir?",),
        ("Ses nedir?", "..."),
        ("Ses nedir?", "Bir dalgadır.", "-"),
        ("Ses nedir?", "ses " * (MOST_WORDS + 1)),
    ],
)
def test_too_few_or_too_many_words_are_rejected(texts: tuple[str, ...]) -> None:
    assert found(*texts) == "word-count"


@pytest.mark.parametrize("question", ["Ses bir dalgadır.", "Ses nedir", "Ses nedir? Bir dalgadır."])
def test_a_question_without_its_mark_is_rejected(question: str) -> None:
    assert found(question) == "no-question-mark"


@pytest.mark.parametrize(
    "answer", ["Ses nedir?", "SES  NEDİR", "Ses nedir? Bir dalgadır.", "Cevabı olmayan bir soru: ses nedir?"]
)
def test_a_question_that_is_in_its_answer_is_rejected(answer: str) -> None:
    assert found("Ses nedir?", answer) == found("Ses nedir?", "Bir dalgadır.", answer) == "question-as-answer"


@pytest.mark.parametrize("wrong", ["ISI ile oluşur", "Isı ile  oluşur!", "ısı İLE oluşur."])
def test_answers_that_are_one_text_are_rejected(wrong: str) -> None:
    assert found("Ses nasıl oluşur?", "Isı ile oluşur.", wrong) == "answers-alike"


@pytest.mark.parametrize(
    "wrong", ["Isı ile oluşur, her zaman.", "Yalnızca ısı ile oluşur.", "Oluşur."], ids=["more after", "more before", "a part"]
)
def test_an_answer_that_contains_the_other_is_rejected(wrong: str) -> None:
    assert found("Ses nasıl oluşur?", "Isı ile oluşur.", wrong) == "answers-overlap"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("1923", "1924"), ("5", "1.5"), ("C++", "C"), ("A vitamini", "C vitamini"), ("En son eklenen.", "En önce eklenen.")],
)
def test_answers_that_differ_in_a_word_are_accepted(right: str, wrong: str) -> None:
    assert found("Hangisi doğrudur?", right, wrong) is None


@pytest.mark.parametrize(
    "texts",
    [
        ("What is the name of the country in the world?", "The United States of America", "The United Kingdom"),
        ("What's wrong with my hair?", "I can't see the hair", "I'm fine"),
        ("Gölge nasıl oluşur?", "Because of the light", "Because of the dark"),
        ("Что такое звук?", "Волна.", "Камень."),
        ("Ses nedir?", "声音是一种波", "Bir taştır."),
        ("Paris Berlin Roma?", "Paris", "Roma"),
    ],
)
def test_texts_that_are_not_turkish_are_rejected(texts: tuple[str, str, str]) -> None:
    assert found(*texts) == "other-language"
    assert found(*texts, language="xx") is None


@pytest.mark.parametrize(
    "question",
    [
        "Kim yazdı?",
        "INTERNET NEDİR?",
        "Su kaç derecede kaynar?",
        "Dünya düz müdür?",
        "Bunu biliyor musunuz?",
        "William Shakespeare nerede doğdu?",
        "The Beatles grubu hangi şehirde kuruldu?",
        "α parçacığı nedir?",
    ],
)
def test_turkish_questions_with_foreign_names_are_turkish(question: str) -> None:
    assert is_question_in("tr", question)


@pytest.mark.parametrize("answer", ["Paris", "for", "The Beatles", "x² + y² = z²", "42", "Romeo and Juliet'i yazmıştır."])
def test_terms_and_names_are_accepted_as_answers(answer: str) -> None:
    assert is_text_in("tr", answer)
