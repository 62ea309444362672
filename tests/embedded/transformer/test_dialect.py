from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from chat_bodies import request_of
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.suites.almanac.grammar import FOLLOWERS, INITIALS, RELATIONS
from outlay.embedded.transformer.dialect import (
    DialectTurn,
    observation_ids,
    prompt_ids,
    question_ids,
    read_turn,
)
from outlay.embedded.transformer.vocabulary import IDS, LAST, TOLD, TURN, decode
from outlay.journal.notice_text import for_policy
from outlay.journal.notices import FailedCall, Notice, RefusedCall, WithdrawnTools
from outlay.journal.records import Message, Request
from outlay.planners.budget_tracker import BudgetLine, budget_block
from outlay.policies.endpoint.wire import chat_message

QUESTION = "Who is the mayor of Vokizu's birthplace?"
TOOLS = [{"type": "function", "function": {"name": name}} for name in ("search", "open")]

names = st.builds(
    lambda first, rest: first + "".join(rest),
    st.sampled_from(INITIALS),
    st.lists(st.sampled_from(FOLLOWERS), min_size=1, max_size=2),
)
relations = st.sampled_from(list(RELATIONS))
lookups = st.builds("{} {} : {} .".format, names, relations, names)
thoughts = st.lists(lookups, max_size=3).map(" ".join)
calls = st.one_of(
    st.tuples(st.just("search"), st.builds("{} {}".format, names, relations)),
    st.tuples(st.just("open"), st.one_of(names, names.map("{} (city)".format))),
)
turns = st.one_of(
    st.builds(
        lambda t, c: DialectTurn(thought=t, calls=tuple(c)), thoughts, st.lists(calls, min_size=1)
    ),
    st.builds(lambda t, a: DialectTurn(thought=t, answer=a), thoughts, names),
)


def asking(*messages: dict[str, Any], **more: Any) -> Request:
    task = {"role": "user", "content": QUESTION}
    opening = [{"role": "system", "content": "Be good."}, task]
    return request_of({"messages": [*opening, *messages], **more})


def said_by(turn: DialectTurn, place: int) -> dict[str, Any]:
    return chat_message(turn.message(place))


@given(turns)
def test_a_turn_is_read_as_it_was_written(turn: DialectTurn) -> None:
    assert read_turn(turn.ids()[1:]) == turn


@given(turns, turns)
def test_a_transcript_only_grows(first: DialectTurn, second: DialectTurn) -> None:
    told = {"role": "tool", "content": "[Kasa] Kasa comes from Memu.", "tool_call_id": "c"}
    prompts = [
        prompt_ids(asking(tools=TOOLS)),
        prompt_ids(asking(said_by(first, 0), told, tools=TOOLS)),
        prompt_ids(asking(said_by(first, 0), told, said_by(second, 1), told, tools=TOOLS)),
    ]
    for turn, before, after in zip((first, second), prompts, prompts[1:], strict=False):
        grown = [*before, *turn.ids()[1:]]
        assert after[: len(grown)] == grown


def test_the_transcript_of_a_request() -> None:
    budget = budget_block([BudgetLine("usd", 0, 0), BudgetLine("tool_calls.search", 1, 3)])
    turn = DialectTurn(thought="mayor Vokizu birthplace : none .", calls=(("search", "Vokizu"),))
    told = {"role": "tool", "content": f"[Vokizu] Vokizu comes from Navazi.\n\n{budget}"}
    assert decode(prompt_ids(asking(said_by(turn, 0), told, tools=TOOLS))) == (
        "<q> Who is the mayor of Vokizu 's birthplace ? "
        "<t> mayor Vokizu birthplace : none . <s> Vokizu <e> "
        "<obs> [ Vokizu ] Vokizu comes from Navazi . <b> n0 <t>"
    )


def test_what_training_shows_is_what_the_agent_shows() -> None:
    gone = WithdrawnTools(tools=("open",))
    text = f"[Kasa] Kasa comes from Memu.\n\n{for_policy(gone)}"
    shown = f"{text}\n\n{budget_block([BudgetLine('tool_calls.search', 1, 2)])}"
    asked = f"{QUESTION}\n\n{budget_block([BudgetLine('tool_calls.search', 0, 3)])}"
    body = {
        "messages": [{"role": "user", "content": asked}, {"role": "tool", "content": shown}],
        "tools": TOOLS,
    }
    request = request_of(body)
    told = replace(request.messages[-1], notice=gone)
    request = replace(request, messages=(*request.messages[:-1], told))
    assert prompt_ids(request) == [
        *question_ids(QUESTION, 3), *observation_ids(text, 2, gone), IDS[TURN],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "notice",
    [
        FailedCall(tool="open", why="no such tool"),
        RefusedCall(tool="open", resource="usd", account=""),
    ],
)
def test_a_failed_call_is_one_token(notice: Notice) -> None:
    assert decode(observation_ids(for_policy(notice), None, notice)) == "<err>"


@pytest.mark.parametrize("more", [{}, {"tools": TOOLS, "tool_choice": "none"}])
def test_a_turn_without_tools_is_announced(more: dict[str, Any]) -> None:
    body = asking({"role": "user", "content": "Reply now."}, **more)
    assert prompt_ids(body)[-3:] == [IDS[TOLD], IDS[LAST], IDS[TURN]]


def test_a_state_is_told_after_the_question_wherever_it_is_shown() -> None:
    said = said_by(DialectTurn(calls=(("search", "Kasa birthplace"),)), 0)
    told = {"role": "tool", "content": "[Kasa] Kasa is known for music.", "tool_call_id": "c"}
    state = {"role": "user", "content": "<state>\nfound: Kasa comes from Memu;\n</state>"}
    [last] = {
        decode(prompt_ids(asking(said, told, state))),
        decode(prompt_ids(asking(state, said, told))),
    }
    question, _, rest = last.partition(TOLD)
    assert question.startswith("<q> Who is")
    assert rest.startswith(" Kasa was born in Memu")
    assert rest.endswith("[ Kasa ] Kasa is known for music . <w> <t>")


def test_facts_that_a_later_message_tells_are_read() -> None:
    body = asking({"role": "user", "content": "Known: Kasa is led by Memu (old)."}, tools=TOOLS)
    assert decode(prompt_ids(body)).endswith("<u> Kasa is led by Memu (old) . <t>")


@given(st.lists(st.sampled_from(sorted(IDS.values())), max_size=30))
def test_whatever_is_decoded_makes_a_message(ids: list[int]) -> None:
    message = read_turn(ids).message(0)
    assert message.tool_calls or "Answer:" in message.content


@pytest.mark.parametrize("text", ["You still have budget. Go on.", "Your answer was checked. No."])
def test_being_sent_on_has_a_mark_of_its_own(text: str) -> None:
    said = {"role": "assistant", "content": "Answer: Kasa"}
    body = asking(said, {"role": "user", "content": text}, tools=TOOLS)
    assert decode(prompt_ids(body)).endswith("<t> <a> Kasa <e> <m> <t>")


def test_calls_and_answers_that_notes_tell_are_read() -> None:
    notes = 'Tried: search "vokizu birthplace"; open "kasa"\nAll drafts agree on this answer: memu'
    body = asking({"role": "user", "content": notes}, tools=TOOLS)
    assert decode(prompt_ids(body)).endswith("<u> <s> Vokizu birthplace <o> Kasa <a> Memu <t>")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[r12 is out of view]", "<obs>"),
        ("[r3] pruned", "<obs>"),
        ("[r3] [Kasa] Kasa comes from Memu.", "<obs> [ Kasa ] Kasa comes from Memu ."),
        (
            "Nothing found.\n\nRemember the task, with every condition in it",
            "<obs> Nothing found .",
        ),
    ],
)
def test_what_memories_and_planners_add_to_an_observation_is_left_out(
    text: str, shown: str
) -> None:
    body = asking({"role": "tool", "tool_call_id": "c", "content": text}, tools=TOOLS)
    assert decode(prompt_ids(body)).endswith(f"{shown} <t>")


@pytest.mark.parametrize(
    ("notice", "shown"),
    [
        (RefusedCall(tool="open", resource="usd", account="the run"), "<err>"),
        (FailedCall(tool="open", why="no such entry"), "<err>"),
        (WithdrawnTools(tools=("open",)), "<obs> Kasa comes from Memu . <err>"),
        (None, "<obs> Kasa comes from Memu ."),
    ],
)
def test_a_notice_is_read_as_a_value_whatever_its_words(notice: Notice | None, shown: str) -> None:
    told = Message("tool", "Kasa comes from Memu.", tool_call_id="c", notice=notice)
    asked = asking(tools=TOOLS)
    assert decode(prompt_ids(replace(asked, messages=(*asked.messages, told)))).endswith(
        f"{shown} <t>"
    )
