from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.suites.almanac.grammar import (
    FOLLOWERS,
    INITIALS,
    RELATIONS,
    Statement,
    clause,
    read_statements,
)
from outlay.embedded.transformer.vocabulary import IDS, UNK, VOCABULARY, decode, encode

names = st.builds(
    lambda first, rest: first + "".join(rest),
    st.sampled_from(INITIALS),
    st.lists(st.sampled_from(FOLLOWERS), min_size=1, max_size=2),
)


@given(names, st.sampled_from(list(RELATIONS.values())), names, st.integers(0, 1), st.booleans())
def test_a_sentence_keeps_its_facts(subject, relation, thing, phrase, old) -> None:  # type: ignore[no-untyped-def]
    fact = Statement(subject, relation.name, thing, old)
    shown = decode(encode(f"{clause(fact, relation.phrases[phrase])}."))
    assert read_statements(shown.replace(" .", ".")) == (fact,)


@given(st.lists(names, min_size=1, max_size=5))
def test_names_that_follow_each_other_stay_apart(found: list[str]) -> None:
    assert decode(encode(" ".join(found))) == " ".join(found)


@given(st.text(max_size=200))
def test_any_text_has_ids_and_its_decoding_the_same(text: str) -> None:
    once = decode(encode(text))
    assert decode(encode(once.replace(UNK, "qqq"))) == once


def test_a_fixed_phrase_is_one_token() -> None:
    text = "Who is the mayor of Vokizu's birthplace?"
    assert [VOCABULARY[i] for i in encode(text)] == [
        "Who is", "the mayor of", "Vo", "##ki", "##zu", "'s birthplace", "?",
    ]  # fmt: skip


def test_words_of_other_languages_are_one_unknown_token() -> None:
    assert encode("Kasa dort, Kasa") == [
        IDS["Ka"], IDS["##sa"], IDS[UNK], IDS[","], IDS["Ka"], IDS["##sa"],
    ]  # fmt: skip
    assert encode("so ein Haus") == [IDS[UNK]]


def test_every_token_has_one_id() -> None:
    assert len(IDS) == len(VOCABULARY)
