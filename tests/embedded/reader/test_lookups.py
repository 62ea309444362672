from __future__ import annotations

from chat_bodies import request_of
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.suites.almanac.grammar import (
    ALIAS,
    FOLLOWERS,
    INITIALS,
    RELATIONS,
    Statement,
    read_question,
)
from outlay.embedded.reader.lookups import LookUp, look_ups, missing, read_look_ups, told
from outlay.embedded.reader.transcript import read_transcript
from outlay.embedded.transformer.vocabulary import decode, encode

names = st.builds(
    lambda first, rest: first + "".join(rest),
    st.sampled_from(INITIALS),
    st.lists(st.sampled_from(FOLLOWERS), min_size=1, max_size=2),
)
relations = st.sampled_from(list(RELATIONS))


@st.composite
def steps(draw: st.DrawFn) -> LookUp:
    name, relation = draw(names), draw(relations)
    fact = Statement(name, relation, draw(names), draw(st.booleans()))
    alias = Statement(name, ALIAS, draw(names))
    found = draw(st.sampled_from([fact, alias, None]))
    return LookUp(
        name=name,
        relation=relation,
        rest=tuple(draw(st.lists(relations, max_size=3))),
        compared=draw(st.one_of(st.just(""), names)),
        found=found,
        is_open=found is fact and draw(st.booleans()),
    )


@given(st.lists(steps(), max_size=4))
def test_look_ups_are_read_as_they_were_written(found: list[LookUp]) -> None:
    text = " ".join(map(str, found))
    assert read_look_ups(text) == tuple(found)
    assert decode(encode(text)) == text


@given(st.text(max_size=60))
def test_anything_can_be_read(text: str) -> None:
    assert told(read_look_ups(text)) is not None


def shown(question: str, *seen: str) -> list[str]:
    task = {"role": "user", "content": question}
    tools = [{"role": "tool", "tool_call_id": "c", "content": text} for text in seen]
    asked = read_question(question)
    assert asked is not None
    body = {"messages": [task, *tools], "tools": TOOLS}
    return list(map(str, look_ups(asked, read_transcript(request_of(body)))))


TOOLS = [{"type": "function", "function": {"name": name}} for name in ("search", "open")]


def test_a_way_is_followed_as_far_as_it_is_known() -> None:
    seen = "Vokizu was born in Navazi (old). Navazi is another name for Rota."
    assert shown("Who is the mayor of Vokizu's birthplace?", seen) == [
        "mayor Vokizu birthplace : Navazi (old) ? .",
        "Navazi mayor : alias Rota .",
        "Rota mayor : none .",
    ]


def test_two_ways_are_followed_one_after_the_other() -> None:
    seen = "Vokizu was born in Navazi."
    assert shown("Are Vokizu's birthplace and Kasa's base the same?", seen) == [
        "Vokizu birthplace : Navazi .",
        "Navazi = Kasa base : none .",
    ]


def test_names_that_are_names_of_each_other_end_somewhere() -> None:
    seen = "Kofu is another name for Rota. Rota is another name for Kofu."
    found = shown("What is Kofu's river?", seen)
    assert found[-1] == "Kofu river : none ."


def test_what_is_missing_is_all_that_comes_after() -> None:
    found = read_look_ups("mayor Vokizu birthplace : none .")
    assert missing(found) == ("birthplace", "mayor")
