"""Plans, verdicts, choices and notes in the transformer's dialect."""

from __future__ import annotations

import json

import pytest
from chat_bodies import Body, request_of
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from outlay.embedded.reader.memory_notes import with_notes
from outlay.embedded.reader.planner_replies import SUMMARISE, VERIFY
from outlay.embedded.reader.planner_requests import find
from outlay.embedded.reader.transcript import read_transcript
from outlay.embedded.transformer.dialect import prompt_ids
from outlay.embedded.transformer.planner_requests import (
    phase_of,
    phase_text,
    read_reply,
    remembered,
    reply_ids,
    request_ids,
)
from outlay.embedded.transformer.vocabulary import END, IDS, PHASES, decode, encode
from outlay.journal.records import Request
from outlay.planners import prompt
from outlay.planners.budget_tracker import BudgetLine, budget_block
from outlay.planners.candidates import JudgeChoice
from outlay.planners.critic import Critique
from outlay.planners.loops.auto import ModeChoice as Mode
from outlay.planners.loops.plan_execute import StepwisePlan
from outlay.planners.structured_output import read
from outlay.planners.verified.bavt import StepScore
from outlay.planners.verified.checklist import Decomposition
from outlay.planners.verified.verifier import Verdict

FORMS: dict[str, type[BaseModel]] = {
    "plan": Decomposition, "steps": StepwisePlan, "verify": Verdict, "select": JudgeChoice,
    "critic": Critique, "value": StepScore, "mode": Mode,
}  # fmt: skip
QUESTION = "Who is the mayor of Vokizu's birthplace?"
TOOLS = [{"type": "function", "function": {"name": name}} for name in ("search", "open")]
BORN = "[Vokizu] Vokizu was born in Navazi."
RUN = "[Navazi] Navazi is run by Kasa (old)."


def asking(phase: str, *seen: str, answer: str = "", extra: str = "") -> Request:
    """Returns a phase's request after searches and an answer."""
    messages: list[Body] = [{"role": "system", "content": "s"}]
    messages.append(
        {
            "role": "user",
            "content": f"{QUESTION}\n\n{budget_block([BudgetLine('tool_calls.search', 0, 9)])}",
        }
    )
    for place, text in enumerate(seen):
        called = {"name": "search", "arguments": json.dumps({"query": "Vokizu birthplace"})}
        call = {"id": f"c{place}", "type": "function", "function": called}
        messages.append({"role": "assistant", "content": "", "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": f"c{place}", "content": text})
    if answer:
        messages.append({"role": "assistant", "content": f"Answer: {answer}"})
    instruction = f"# {phase}" if phase[0].isupper() else prompt(phase).text
    messages.append({"role": "user", "content": f"{instruction}\n\n{extra}"})
    return request_of({"messages": messages, "tools": TOOLS, "tool_choice": "none"})


def ruled(request: Request) -> list[int]:
    """Returns what the rules find, as the transformer would write it."""
    transcript = with_notes(read_transcript(request), request)
    assert transcript.question is not None
    finding = find(transcript, transcript.question)
    assert finding is not None
    return reply_ids(finding)


@pytest.mark.parametrize(
    ("body", "shown", "said"),
    [
        (
            asking("plan"),
            "<plan> <t>",
            "Vokizu birthplace mayor . <e>",
        ),
        (
            asking("verify", BORN, RUN, answer="Kasa"),
            "<verify> <a> Kasa <t>",
            "mayor Vokizu birthplace : Navazi . Navazi mayor : Kasa (old) ? . <a> Kasa "
            "continue <e>",
        ),
        (
            asking("value", BORN),
            "<value> <t>",
            "mayor Vokizu birthplace : Navazi . Navazi mayor : none . n6 <e>",
        ),
        (
            asking("select", extra="Candidate 1: Answer: Kasa\n\nCandidate 2: Answer: Memu"),
            "<select> n1 <a> Kasa n2 <a> Memu <t>",
            "<a> Kasa n1 <e>",
        ),
        (
            asking(
                "distill",
                extra="Draft 1:\nVokizu birthplace : Navazi .\nAnswer: Kasa\n\nDraft 2:\n"
                "Answer: kasa.",
            ),
            "<distil> n1 Vokizu birthplace : Navazi . <a> Kasa n2 <a> Kasa <t>",
            "mayor Vokizu birthplace : Navazi . Navazi mayor : none . <a> Kasa <e>",
        ),
        (
            asking(SUMMARISE, BORN),
            "<summary> <t>",
            "mayor Vokizu birthplace : Navazi . Navazi mayor : none . <s> Vokizu birthplace <e>",
        ),
        (asking("mode"), "<mode> <t>", "agentic <e>"),
        (asking("critic"), "<critic> <t>", "go <e>"),
    ],
)
def test_the_dialect(body: Request, shown: str, said: str) -> None:
    assert decode(request_ids(body)).endswith(f" {shown}")
    assert decode(ruled(body)) == said


@pytest.mark.parametrize("phase", FORMS)
@pytest.mark.parametrize("seen", [(), (BORN,), (BORN, RUN)])
def test_planners_can_read_what_is_written(phase: str, seen: tuple[str, ...]) -> None:
    body = asking(phase, *seen, answer="Kasa", extra="Candidate 1: Answer: Kasa")
    assert isinstance(read(FORMS[phase], phase_text(body, ruled(body))), FORMS[phase])


@pytest.mark.parametrize("phase", FORMS)
@given(said=st.lists(st.sampled_from(sorted(IDS.values())), max_size=40))
def test_whatever_is_decoded_can_be_read(phase: str, said: list[int]) -> None:
    body = asking(phase, BORN, answer="Kasa")
    assert isinstance(read(FORMS[phase], phase_text(body, said)), FORMS[phase])


@pytest.mark.parametrize("phase", ["verify", "value", "reflect", "select"])
def test_a_reply_is_read_as_it_was_written(phase: str) -> None:
    body = asking(phase, BORN, RUN, answer="Kasa", extra="Candidate 1: Answer: Kasa")
    said = ruled(body)
    assert reply_ids(read_reply(phase_of(body), said)) == said


def test_a_malformed_verdict_goes_on() -> None:
    verdict = read(Verdict, phase_text(asking("verify", BORN, answer="Kasa"), [IDS[END]]))
    assert isinstance(verdict, Verdict)
    assert verdict.verdict == "continue"


def test_a_verdict_names_what_is_known() -> None:
    said = [*encode("mayor Vokizu birthplace : Navazi . Navazi mayor : none ."), IDS["continue"]]
    verdict = read(Verdict, phase_text(asking("verify", BORN, answer="unknown"), said))
    assert isinstance(verdict, Verdict)
    assert [check.state for check in verdict.checks] == ["satisfied", "unverifiable"]
    assert verdict.summary == "Vokizu was born in Navazi."


def test_an_answer_that_contradicts_what_is_known_is_named() -> None:
    body = asking("verify", BORN, "[Navazi] Navazi is run by Memu.", answer="Kasa")
    verdict = read(Verdict, phase_text(body, ruled(body)))
    assert isinstance(verdict, Verdict)
    assert verdict.verdict == "pivot"
    assert verdict.checks[-1].state == "contradicted"


def test_notes_of_earlier_attempts_are_read_again() -> None:
    body = asking(SUMMARISE, BORN)
    text = phase_text(body, ruled(body))
    asked = {"role": "user", "content": f"{QUESTION}\n\n{text}"}
    later = request_of({"messages": [asked], "tools": TOOLS})
    assert decode(prompt_ids(later)).endswith(
        "? Vokizu was born in Navazi . <s> Vokizu birthplace <t>"
    )


@pytest.mark.parametrize("mark", ["<report>", "<state>"])
def test_a_turn_carries_notes_where_a_memory_wants_them(mark: str) -> None:
    report = f'{mark}\nVokizu was born in Navazi. Tried: search "vokizu"\n'
    messages = [
        {"role": "system", "content": f"Begin with {mark}"},
        {"role": "user", "content": QUESTION},
        {"role": "user", "content": report},
    ]
    thought = "Navazi mayor : Kasa (old) ."
    content = remembered(thought, request_of({"messages": messages, "tools": TOOLS}))
    for fact in ("Vokizu was born in Navazi", "Navazi is run by Kasa (old)", 'search "vokizu"'):
        assert fact in content
    assert content.endswith(thought)
    said = {"role": "assistant", "content": content}
    shown = decode(prompt_ids(request_of({"messages": [*messages, said], "tools": TOOLS})))
    assert shown.endswith(f"<t> {thought} <e> <t>")


def test_other_memories_want_no_notes() -> None:
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": QUESTION}]
    assert remembered("Kasa .", request_of({"messages": messages})) == "Kasa ."


def test_what_is_no_phase_is_a_turn() -> None:
    body = asking("instant")
    assert phase_of(body) == ""
    assert decode(request_ids(body)).endswith("<u> <w> <t>")


def test_every_phase_has_a_mark_of_its_own() -> None:
    assert len(set(PHASES.values())) == len(PHASES) == 10
    assert VERIFY in PHASES
