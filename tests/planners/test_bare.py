"""The bare model: one call, no tools, and the answer as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from outlay.agent import Agent
from outlay.journal.records import Message, Request
from outlay.ledger.usage import Usage
from outlay.policies import ScriptedPolicy
from outlay.policies.scripted import Reply
from outlay.tools import calculator


@pytest.mark.parametrize(
    ("name", "asked"), [("instant", "Answer at once"), ("reasoning", "Reason it out")]
)
def test_one_call_without_tools(tmp_path: Path, name: str, asked: str) -> None:
    seen: list[Request] = []

    def script(request: Request) -> Reply:
        seen.append(request)
        return Reply(Message("assistant", "6 * 7 = 42\nAnswer: 42"), Usage(input=9, output=3))

    with Agent(
        model=ScriptedPolicy(script), tools=[calculator], planner=name, budget="tokens=50k",
        home=tmp_path,
    ) as agent:  # fmt: skip
        result = agent.run_sync("What is 6 times 7?")
    (request,) = seen
    assert request.tool_choice == "none"
    assert asked in request.messages[-1].content
    assert (result.status, result.answer, result.spend["model_calls"]) == ("answered", "42", 1)
