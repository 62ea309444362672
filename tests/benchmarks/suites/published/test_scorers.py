"""Short answers, numbers and choices are judged strictly."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.suite import metrics
from outlay.benchmarks.suites.published import (
    IncludesScorer,
    MultipleChoiceScorer,
    NumberScorer,
    ShortAnswerScorer,
    question,
)
from outlay.benchmarks.suites.published.scorers import number

FACTS = question("q", "Who?", "Ada Quill", support=("Soral #1", "Melun #0"))
CHOICES = ("Paris", "Lima", "Rome")


def test_a_reply_is_judged_by_its_answer_line() -> None:
    assert ShortAnswerScorer().score(FACTS, "I looked.\nAnswer: **the Ada Quill.**") == 1
    assert ShortAnswerScorer().score(FACTS, "Ada Quill is mayor") == 0
    assert ShortAnswerScorer().score(FACTS, None) == ShortAnswerScorer().score(FACTS, "") == 0


def test_supporting_facts_are_read_from_the_sources_line() -> None:
    reply = "Sources: melun  #0 | Soral #1 | Tarn #0\nAnswer: Ada Quill"
    found = metrics(ShortAnswerScorer(), FACTS, reply)
    assert (found["em"], found["support_em"], found["joint_em"]) == (1, 0, 0)
    assert found["support_f1"] == found["joint_f1"] == pytest.approx(0.8)
    exact = metrics(ShortAnswerScorer(), FACTS, "Sources: Soral #1 | Melun #0\nAnswer: Ada Quill")
    assert set(exact.values()) == {1.0}
    assert set(metrics(ShortAnswerScorer(), FACTS, None).values()) == {0.0}


def test_a_task_without_facts_has_no_figures_of_them() -> None:
    assert set(metrics(ShortAnswerScorer(), question("q", "Who?", "x"), "x")) == {
        "em", "f1", "precision", "recall",
    }  # fmt: skip
    assert metrics(IncludesScorer(), FACTS, "x") == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("72", 72),
        ("$1,234.50 in all", "1234.5"),
        ("−3 degrees", -3),
        (".5", "0.5"),
        ("72.", 72),
        ("10 or 72", None),
        ("72,73", None),
        ("1/2", None),
        ("a dozen", None),
        ("", None),
    ],
)
def test_a_number_stands_alone(text: str, value: str | int | None) -> None:
    assert number(text) == (None if value is None else Decimal(value))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2))
def test_a_number_is_read_as_it_is_written(value: Decimal) -> None:
    assert number(f"it is {value:,} pens") == number(f"{value:f}") == value


def test_numbers_are_equal_by_value() -> None:
    task = question("q", "How many?", "1200")
    assert NumberScorer().score(task, "12 * 100\nAnswer: 1,200.0 pens") == 1
    assert NumberScorer().score(task, "so 12 * 100 = 1200\n#### 1,200") == 1
    assert NumberScorer().score(task, "Answer: 1200 or 1300") == 0
    assert NumberScorer().score(task, None) == 0


@pytest.mark.parametrize(
    ("answer", "gold", "right"),
    [
        ("B", "B", 1),
        ("(b)", "B", 1),
        ("B) Lima", "B", 1),
        ("Lima", "B", 1),
        ("C and A", "A, C", 1),
        ("A, C", "A, C", 1),
        ("A, B, C", "A, C", 0),
        ("A", "A, C", 0),
        ("A Lima-like town", "A", 0),
        ("", "A", 0),
    ],
)
def test_choices_are_judged_by_all_their_letters(answer: str, gold: str, right: int) -> None:
    task = question("q", "Where?", gold, choices=CHOICES)
    assert MultipleChoiceScorer().score(task, f"Hm.\nAnswer: {answer}") == right
    assert MultipleChoiceScorer().score(task, None) == 0


def test_includes_looks_for_whole_words() -> None:
    task = question("q", "Who?", "Ada Quill")
    assert IncludesScorer().score(task, "Answer: it was Ada Quill, the mayor") == 1
    assert IncludesScorer().score(task, "Answer: Ada Quiller") == 0
    assert IncludesScorer().score(task, None) == 0
