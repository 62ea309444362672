"""The official comparison of short answers."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.suites.published.answers import (
    best,
    compare_facts,
    joint,
    match_answer,
    normalise,
)

TEXTS = st.text(st.sampled_from("aAthe nyosé-.,'\t" + string.digits), max_size=24)


@pytest.mark.parametrize(
    ("answer", "bare"),
    [
        ("The U.S.", "us"),
        ("well-known", "wellknown"),
        ("  An  apple\ta day ", "apple day"),
        ("“Théâtre” – a", "“théâtre” –"),
        ("athe the", "athe"),
    ],
)
def test_normalisation_is_squads(answer: str, bare: str) -> None:
    assert normalise(answer) == bare


@given(TEXTS)
def test_normalisation_changes_nothing_twice_and_a_text_fits_itself(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
    assert (
        match_answer(text, text, closed=True).em == match_answer(text, text, closed=False).em == 1
    )


@given(TEXTS, TEXTS, st.booleans())
def test_figures_are_shares_and_f1_lies_between_precision_and_recall(
    answer: str, gold: str, closed: bool
) -> None:
    match = match_answer(answer, gold, closed=closed)
    low, high = sorted((match.precision, match.recall))
    assert 0 <= low <= match.f1 + 1e-12
    assert match.f1 <= high + 1e-12 <= 1 + 1e-12
    assert match.em <= match.f1


def test_tokens_are_counted_as_often_as_they_stand() -> None:
    match = match_answer("new new york", "new york", closed=True)
    assert (match.em, match.precision, match.recall) == (0, pytest.approx(2 / 3), 1)
    assert match.f1 == pytest.approx(0.8)


def test_yes_and_no_get_no_part_credit_by_hotpotqas_rule_only() -> None:
    assert match_answer("yes they are", "yes", closed=True).f1 == 0
    assert match_answer("yes", "yes they are", closed=True).f1 == 0
    assert match_answer("yes they are", "yes", closed=False).f1 == 0.5
    assert match_answer("Yes.", "yes", closed=True).em == 1


def test_an_answer_that_is_an_article_is_compared_as_it_stands() -> None:
    assert match_answer("a", "A", closed=False).em == 1
    assert match_answer("the", "A", closed=False).em == match_answer("", "A", closed=False).em == 0


def test_the_best_of_several_accepted_answers_counts() -> None:
    golds = ("Rialto Bridge", "Ponte di Rialto")
    assert best("ponte di rialto", golds, closed=False).em == 1
    assert best("the Rialto", golds, closed=False).f1 == pytest.approx(2 / 3)
    assert best("x", (), closed=False).f1 == 0


def test_joint_figures_are_products() -> None:
    answer = match_answer("Ada Quill the mayor", "Ada Quill", closed=True)
    facts = compare_facts(frozenset("ab"), frozenset("bc"))
    both = joint(answer, facts)
    assert (facts.em, facts.f1) == (0, 0.5)
    assert both.precision == pytest.approx(2 / 3 * 0.5)
    assert both.recall == pytest.approx(0.5)
    assert joint(answer, compare_facts(frozenset(), frozenset("b"))).f1 == 0
