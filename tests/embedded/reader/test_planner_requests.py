"""What the reader says when a planner asks for a plan, a verdict, a score or a choice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chat_bodies import in_chat_form, request_of

from outlay.embedded.reader.reader import AlmanacReader
from outlay.planners import prompt
from outlay.planners.candidates import JudgeChoice
from outlay.planners.critic import Critique
from outlay.planners.loops.plan_execute import StepwisePlan
from outlay.planners.structured_output import read
from outlay.planners.verified.bavt import StepScore
from outlay.planners.verified.checklist import Decomposition
from outlay.planners.verified.verifier import Verdict

QUESTION = "What is the country of the birthplace of Vokizu?"
BORN, LIES = "Vokizu was born in Navazi.", "Navazi lies in Temika."
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"properties": {key: {}}}}}
    for name, key in (("search", "query"), ("open", "name"))
]
FORMS: dict[str, Any] = {
    "plan": Decomposition, "steps": StepwisePlan, "verify": Verdict, "select": JudgeChoice,
    "critic": Critique, "value": StepScore,
}  # fmt: skip


def said(phase: str, *seen: str, answer: str = "", extra: str = "", opened: str = "") -> str:
    """Returns the reader's reply to a phase, after tool results and an answer."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": "s"}]
    messages.append({"role": "user", "content": QUESTION})
    for text in seen:
        called = {"name": "open" if opened else "search", "arguments": json.dumps({"q": opened})}
        call = {"id": "c", "type": "function", "function": called}
        messages.append({"role": "assistant", "content": "", "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": "c", "content": text})
    if answer:
        messages.append({"role": "assistant", "content": f"So.\nAnswer: {answer}"})
    messages.append({"role": "user", "content": f"{prompt(phase).text}\n\n{extra}"})
    body = {"messages": messages, "tools": TOOLS, "tool_choice": "none"}
    message, finish = in_chat_form(AlmanacReader().reply(request_of(body)))
    assert (finish, message.get("tool_calls")) == ("stop", None)
    return str(message["content"])


@pytest.mark.parametrize("phase", sorted(FORMS))
def test_every_phase_gets_its_form(phase: str) -> None:
    for seen in ((), (BORN,), (BORN, LIES)):
        text = said(phase, *seen, answer="Temika", extra="Candidate 1: Answer: Temika")
        assert isinstance(read(FORMS[phase], text), FORMS[phase])


@pytest.mark.parametrize(
    ("seen", "answer", "decision"),
    [
        ((BORN, LIES), "Temika", "success"),
        ((BORN, LIES), "Navazi", "pivot"),
        ((BORN,), "Navazi", "continue"),
        ((BORN, "Navazi lies in Temika (old)."), "Temika", "continue"),
        ((), "unknown", "continue"),
    ],
)
def test_verdicts_follow_from_what_was_seen(
    seen: tuple[str, ...], answer: str, decision: str
) -> None:
    verdict = read(Verdict, said("verify", *seen, answer=answer))
    assert isinstance(verdict, Verdict)
    assert (verdict.decision, verdict.verdict) == (decision, decision)


def test_what_is_as_sure_as_it_can_be_is_accepted() -> None:
    """An old fact whose document was opened, and tells nothing newer, is the best there is."""
    text = said("verify", BORN, "Navazi lies in Temika (old).", answer="Temika", opened="Navazi")
    verdict = read(Verdict, text)
    assert isinstance(verdict, Verdict)
    assert verdict.verdict == "success"


def test_the_summary_can_be_read_again() -> None:
    verdict = read(Verdict, said("verify", BORN, LIES, answer="Navazi"))
    assert isinstance(verdict, Verdict)
    assert verdict.summary == f"{BORN} {LIES}"


@pytest.mark.parametrize(
    ("answers", "choice"), [("ABB", 2), ("AB", 1), (["unknown", "unknown", "A"], 1)]
)
def test_the_judge_goes_with_the_majority(answers: str, choice: int) -> None:
    listed = "\n\n".join(f"Candidate {n}: Answer: {a}" for n, a in enumerate(answers, 1))
    found = read(JudgeChoice, said("select", extra=listed))
    assert isinstance(found, JudgeChoice)
    assert found.choice == choice


def test_scores_grow_with_what_is_known() -> None:
    scores = [
        json.loads(said("value", *seen, answer=answer))["score"]
        for seen, answer in (((), ""), ((BORN,), ""), ((BORN, LIES), ""), ((BORN, LIES), "Temika"))
    ]
    assert scores == sorted(scores)
    assert (scores[0], scores[-1]) == (1, 10)
    assert json.loads(said("value", BORN, LIES, answer="Navazi"))["score"] == 1


def test_drafts_that_agree_end_the_search() -> None:
    drafts = "Draft 1:\nAnswer: Temika\n\nDraft 2:\nAnswer: temika."
    notes = said("distill", extra=drafts)
    body = {
        "messages": [
            {"role": "system", "content": "s"},
            {"role": "user", "content": f"{QUESTION}\n\nWhat earlier drafts have found:\n{notes}"},
        ],
        "tools": TOOLS,
    }
    message, _ = in_chat_form(AlmanacReader().reply(request_of(body)))
    assert message["content"].endswith("Answer: temika")
