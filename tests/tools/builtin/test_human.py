from __future__ import annotations

import asyncio
import io
import json
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from outlay.agent import Agent
from outlay.journal.records import Message, Observation, ToolCall
from outlay.policies import ReplayPolicy
from outlay.tools import Tool, ToolContext
from outlay.tools.builtin.human import ask_human, think


async def call(subject: Tool, context: ToolContext, /, **arguments: object) -> Observation:
    return await subject.run(ToolCall("1", subject.spec.name, json.dumps(arguments)), context)


async def test_a_question_reaches_a_person_and_the_answer_comes_back(context: ToolContext) -> None:
    async def later(question: str) -> str:
        await asyncio.sleep(0)
        return f" {question.upper()} \n"

    for ask in (later, lambda question: f"{question.upper()}\n"):
        seen = await call(ask_human(ask), context, question="which?")
        assert (seen.text, seen.error) == ("WHICH?", False)


async def test_attention_has_a_price_and_questions_wait_for_one_another() -> None:
    subject = ask_human(str)
    assert subject.least_cost == Decimal("0.50")
    assert ask_human(str, price=2).least_cost == 2
    assert (subject.spec.name, subject.spec.read_only, subject.concurrency) == (
        "ask_human", False, 1,
    )  # fmt: skip
    assert set(subject.spec.parameters["properties"]) == {"question"}


async def test_a_person_who_fails_or_says_nothing_is_an_observation(context: ToolContext) -> None:
    def fail(question: str) -> str:
        raise OSError("the line is dead")

    async def never(question: str) -> str:
        await asyncio.Event().wait()
        return ""

    assert (await call(ask_human(fail), context, question="?")).error
    seen = await call(ask_human(never, timeout=0.05), context, question="?")
    assert "no result within 0.05 seconds" in seen.text
    seen = await call(ask_human(lambda question: ""), context, question="?")
    assert seen.text == "(the person gave no answer)"
    assert len((await call(ask_human(lambda q: "x" * 10_000), context, question="?")).text) <= 4_000


async def test_without_a_terminal_nobody_is_asked_and_paid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    asking = ToolCall("1", "ask_human", '{"question": "?"}')
    script = [Message("assistant", "", (asking,)), Message("assistant", "Answer: no")]
    agent = Agent(model=ReplayPolicy(script), tools=[ask_human()], budget="usd=1", home=tmp_path)
    result = await agent.run("ask")
    seen = next(message.content for message in result.trajectory if message.role == "tool")
    assert seen == "Not run: nobody can be asked, for there is no terminal."
    assert result.spend.usd == 0


async def test_at_a_terminal_a_question_cannot_steer_it(
    context: ToolContext, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("forty-two\n"))
    seen = await call(ask_human(), context, question="how\n\x1b[2Jmany?")
    assert seen.text == "forty-two"
    shown = capsys.readouterr().err
    assert shown.startswith("\n1│ how\n2│ \N{SYMBOL FOR ESCAPE}[2Jmany?\n(2 lines, ")
    assert shown.endswith("\n> ")


async def test_thinking_is_free_and_changes_nothing(context: ToolContext) -> None:
    assert (await call(think, context, thought="hm")).text == "noted"
    assert (think.least_cost, think.spec.read_only) == (Decimal(0), True)
