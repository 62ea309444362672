"""A call's arguments are parsed once, whoever asks about them; what is told is journalled."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent, Home
from outlay.journal import notice_text
from outlay.journal.notices import CriticAdvice, InvalidArguments, RefusedCall, UnknownTool
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.usage import Usage
from outlay.planners import planner
from outlay.policies import ScriptedPolicy
from outlay.tools import FunctionTool, tool
from outlay.tools.functions.signature import Signature
from outlay.tools.wrappers import approved, cached, redacted, retried


@dataclass(frozen=True)
class CountingSignature(Signature):
    read_texts: Counter[str] = field(default_factory=Counter)

    def read(self, arguments: str) -> tuple[dict[str, Any], frozenset[str]]:
        self.read_texts[arguments] += 1
        return super().read(arguments)


def counting(subject: FunctionTool) -> tuple[FunctionTool, Counter[str]]:
    signature = CountingSignature(**vars(subject.signature))
    return replace(subject, signature=signature), signature.read_texts


@tool(price=lambda urls: Decimal("0.001") * len(urls), read_only=True, batched="urls")
def fetch(urls: list[str]) -> str:
    """Fetches."""
    if len(urls) == 1:
        raise ValueError(urls)
    return str(urls)


GOOD, FAILING, WRONG = '{"urls": ["a", "b"]}', '{"urls": ["a"]}', '{"urls": 1}'


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("critic", [None, Decimal(0)])
async def test_each_text_is_parsed_once(
    streams: bool, critic: Decimal | None, home: Path, tmp_path: Path
) -> None:
    subject, texts = counting(fetch)
    wrapped = approved(redacted(subject, ["a secret"]), lambda question: True)
    steady = retried(cached(wrapped, tmp_path / "cache"), 3, pause=0.001)
    wishes = tuple(
        ToolCall(f"c{place}", "fetch", text) for place, text in enumerate((GOOD, FAILING, WRONG))
    )

    def says(request: Request) -> Reply:
        if request.messages[-1].role == "tool":
            return Reply(Message("assistant", "Answer: 7"), Usage(input=1, output=1))
        if "decision" in request.messages[-1].content:
            return Reply(Message("assistant", '{"decision": "go"}'), Usage(input=1, output=1))
        if streams and request.on_call is not None:
            for place, wish in enumerate(wishes):
                request.on_call(place, wish)
        return Reply(Message("assistant", "", wishes), Usage(input=1, output=1))

    strategy = planner("react", **({} if critic is None else {"critic": critic}))
    agent = Agent(
        model=ScriptedPolicy(says), tools=[steady], planner=strategy, budget="tool_calls=20",
        home=home,
    )  # fmt: skip
    result = await agent.run("Go.")
    assert result.status == "answered"
    assert texts == {GOOD: 1, FAILING: 1, WRONG: 1}


DEAR = Decimal("0.0015")
STOP = '{"decision": "stop", "why": "Too dear."}'


def hinted(home: Path) -> Agent:
    """Returns an agent whose run is told of an unknown tool, of wrong arguments, of a critic's
    advice, and of a budget that does not reach."""
    turns = [
        (ToolCall("c1", "fech", "{}"), ToolCall("c2", "fetch", WRONG)),
        (ToolCall("c3", "fetch", GOOD),),
        (ToolCall("c4", "fetch", GOOD), ToolCall("c5", "fetch", GOOD)),
    ]

    def says(request: Request) -> Reply:
        said = sum(message.role == "assistant" for message in request.messages)
        if "# " in request.messages[-1].content and request.messages[-1].role == "user":
            return Reply(Message("assistant", STOP), Usage(input=1, output=1))
        if said >= len(turns) or request.tool_choice == "none":
            return Reply(Message("assistant", "Answer: 7"), Usage(input=1, output=1))
        return Reply(Message("assistant", "", turns[said]), Usage(input=1, output=1))

    return Agent(
        model=ScriptedPolicy(says), tools=[fetch], planner=planner("react", critic=DEAR),
        budget="fetch=3", home=home,
    )  # fmt: skip


async def test_what_is_told_is_in_the_journal_with_its_value(home: Path) -> None:
    agent = hinted(home)
    result = await agent.run("Go.")
    events = agent.home.events(result.run)
    told = [e for e in events if e.kind in ("observed", "refused")]
    kinds = [e.body["observation"]["notice"]["kind"] for e in told]
    assert kinds == ["unknown_tool", "invalid_arguments", "critic", "refused"]
    notices = [m.notice for m in result.trajectory if m.role == "tool"]
    assert [type(notice) for notice in notices[:3]] == [UnknownTool, InvalidArguments, CriticAdvice]
    assert isinstance(notices[4], RefusedCall)
    assert (notices[4].left, notices[4].asked) == (1, 2)


async def test_better_words_strand_no_old_run(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = await hinted(home).run("Go.")
    monkeypatch.setattr(notice_text, "for_policy", lambda notice: "Other words.")
    again = await hinted(home).replay(result.run)
    assert (again.answer, again.trajectory) == (result.answer, result.trajectory)
    Home.at(home).close()
