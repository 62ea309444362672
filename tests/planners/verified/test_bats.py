"""BATS in whole runs: which answer it gives, what it keeps back, what attempts are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent, Result
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.usage import Usage
from outlay.policies import ScriptedPolicy
from outlay.policies.scripted import Step
from outlay.tools import tool

PRICES = '[models."scripted"]\ninput = 1\noutput = 10\n'


@tool(price="0.001", read_only=True, inline=True)
def search(query: str) -> str:
    """Searches."""
    return f"found {query}"


def call(query: str) -> Message:
    return Message("assistant", "So.", (ToolCall("c", "search", json.dumps({"query": query})),))


def verdict(decision: str, **more: Any) -> str:
    state = {"success": "satisfied", "continue": "unverifiable", "pivot": "contradicted"}[decision]
    checks = [{"condition": "the year", "state": state, "evidence": "found q"}]
    return json.dumps({"checks": checks, "decision": decision, **more})


class Play:
    """A run of bats: what it asked, and what it came to."""

    def __init__(
        self,
        home: Path,
        act: Callable[[Request], Message | str],
        verdicts: list[str],
        *,
        planner: str = "bats",
        budget: str = "usd=1",
        choice: int = 1,
    ) -> None:
        prices = home.parent / "prices.toml"
        prices.write_text(PRICES)
        self.phases: list[str] = []
        self.told = dict[str, list[Request]]()
        given = iter(verdicts)

        def script(request: Request) -> Step:
            phase = heading(request)
            self.phases.append(phase)
            self.told.setdefault(phase, []).append(request)
            replies = {
                "plan": '{"steps": [{"id": "1", "text": "look"}]}',
                "select": json.dumps({"choice": choice}),
            }
            if phase == "verify":
                said: Message | str = next(given)
            else:
                said = replies[phase] if phase in replies else act(request)
            message = Message("assistant", said) if isinstance(said, str) else said
            return Reply(message, Usage(input=200, output=20))

        policy = ScriptedPolicy(script, max_output=300)
        self.agent = Agent(
            model=policy, tools=[search], planner=planner, budget=budget, home=home, prices=prices
        )

    async def run(self) -> Result:
        return await self.agent.run("Where?", run="r")


def heading(request: Request) -> str:
    line = request.messages[-1].content.split("\n")[0]
    phases = {
        "# Plan the search": "plan",
        "# Verify the answer": "verify",
        "# Select an answer": "select",
    }
    return phases.get(line, "wrap_up" if request.tool_choice == "none" else "think")


def turn(request: Request) -> int:
    return sum(message.role == "assistant" for message in request.messages)


async def test_a_later_answer_comes_before_one_that_was_rejected(home: Path) -> None:
    """The one search is used for an answer that is contradicted; then no attempt can begin."""

    def act(request: Request) -> Message | str:
        if request.tool_choice == "none":
            return "Answer: right"
        asked = [m.content for m in request.messages if m.role == "user"]
        if any("did not hold" in text for text in asked):
            return call(f"q{turn(request)}")
        return "Answer: wrong" if turn(request) else call("q")

    play = Play(home, act, [verdict("pivot"), verdict("continue")], budget="usd=1,search=3")
    result = await play.run()
    assert (result.status, result.answer) == ("budget_exhausted", "right")
    assert play.phases.count("verify") == 2  # what was kept back for a check pays for this one


async def test_a_wrap_up_that_is_the_only_answer_is_not_checked(home: Path) -> None:
    def act(request: Request) -> Message | str:
        return "Answer: 7" if request.tool_choice == "none" else call(f"q{turn(request)}")

    play = Play(home, act, [], budget="usd=1,search=2")
    assert (await play.run()).answer == "7"
    assert "verify" not in play.phases


@pytest.mark.parametrize("answers", [["1", "1", "1"], ["1", "2", "3"]])
async def test_money_for_the_judge_is_kept_back_once_answers_differ(
    answers: list[str], home: Path
) -> None:
    given = iter(answers)

    def act(request: Request) -> Message | str:
        last = [m.role for m in request.messages].index("user")
        acted = any(m.role == "tool" for m in request.messages[last:])
        return f"Answer: {next(given)}" if acted else call("q")

    verdicts = [verdict("pivot")] * 3
    play = Play(home, act, verdicts, planner="bats:attempts=3", choice=2)
    result = await play.run()
    openings = [request.messages[1].content for request in play.told["think"]][::2]
    kept = ["and the choice)" in text for text in openings]
    differ = len(set(answers)) > 1
    assert kept == [False, False, differ]
    assert play.phases.count("select") == differ
    assert result.answer == ("2" if differ else "1")
