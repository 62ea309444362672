"""BATS in whole runs: which answer it gives, what it keeps back, what attempts are told."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent, Result
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.usage import Usage
from outlay.planners import prompt
from outlay.policies import ScriptedPolicy
from outlay.policies.scripted import Step
from outlay.tools import Tool, tool

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
        tools: Sequence[Tool] = (search,),
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
            model=policy, tools=tools, planner=planner, budget=budget, home=home, prices=prices
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
    given, query = iter(answers), itertools.count()

    def act(request: Request) -> Message | str:
        last = [m.role for m in request.messages].index("user")
        acted = any(m.role == "tool" for m in request.messages[last:])
        return f"Answer: {next(given)}" if acted else call(f"q{next(query)}")

    verdicts = [verdict("pivot")] * 3
    play = Play(home, act, verdicts, planner="bats:attempts=3", choice=2)
    result = await play.run()
    openings = [request.messages[1].content for request in play.told["think"]][::2]
    kept = ["and the choice)" in text for text in openings]
    differ = len(set(answers)) > 1
    assert kept == [False, False, differ]
    assert play.phases.count("select") == differ
    assert result.answer == ("2" if differ else "1")


def attempts(play: Play) -> list[str]:
    """Returns what each attempt was told at its beginning."""
    return list(dict.fromkeys(request.messages[1].content for request in play.told["think"]))


class Answering:
    """Searches once in each attempt, for something new unless it repeats itself, and answers."""

    def __init__(self, answers: list[str], *, repeats: bool = False) -> None:
        self.answers = iter(answers)
        self.queries = itertools.repeat("q") if repeats else map("q{}".format, itertools.count())

    def __call__(self, request: Request) -> Message | str:
        acted = any(m.role == "tool" for m in request.messages)
        return f"Answer: {next(self.answers)}" if acted else call(next(self.queries))


async def test_two_accepted_answers_that_agree_end_the_run(home: Path) -> None:
    play = Play(home, Answering(["7"] * 9), [verdict("success", advice="Stop.")] * 9)
    result = await play.run()
    assert (result.status, result.answer) == ("answered", "7")
    assert play.phases.count("verify") == 2
    assert "select" not in play.phases


async def test_an_accepted_answer_is_put_to_the_test_with_its_evidence(home: Path) -> None:
    verdicts = [verdict("pivot"), verdict("success", summary="All of it.", advice="Stop."),
                verdict("pivot")]  # fmt: skip
    play = Play(home, Answering(["6", "7", "8"]), verdicts, planner="bats:attempts=3")
    assert (await play.run()).answer == "7"
    first, second, third = attempts(play)
    assert "accepted" not in first + second
    assert "Answers that did not hold so far: 6" in second
    assert prompt("accepted").text in third
    assert "- 7\n  - the year: found q" in third
    assert "Answers that did not hold so far: 6" in third
    assert "Stop." not in third
    assert "All of it." not in third
    golden = Path(__file__).parents[1] / "golden" / "bats_accepted.md"
    assert f"{third}\n" == golden.read_text("utf-8")


async def test_an_answer_that_is_accepted_once_is_not_told_as_rejected(home: Path) -> None:
    verdicts = [verdict("pivot"), verdict("success"), verdict("success")]
    play = Play(home, Answering(["7", "7", "7"]), verdicts)
    assert (await play.run()).answer == "7"
    assert "did not hold" not in attempts(play)[-1]


async def test_evidence_of_earlier_attempts_is_shown_to_the_verifier(home: Path) -> None:
    play = Play(home, Answering(["7", "8"]), [verdict("success")] * 2, planner="bats:attempts=2")
    await play.run()
    first, second = (request.messages[-1].content for request in play.told["verify"])
    evidence = "it counts as evidence too:\n- the year: found q"
    assert evidence not in first
    assert evidence in second


@pytest.mark.parametrize("decision", ["success", "pivot"])
async def test_an_attempt_without_a_new_call_is_the_last(decision: str, home: Path) -> None:
    play = Play(home, Answering([str(n) for n in range(9)], repeats=True), [verdict(decision)] * 9)
    await play.run()
    assert play.phases.count("verify") == 2


async def test_without_tools_an_answer_that_was_given_before_is_the_last(home: Path) -> None:
    answers = iter(["1", "2", "2", "3"])

    def act(request: Request) -> str:
        return f"Answer: {next(answers)}"

    play = Play(home, act, [verdict("pivot")] * 9, tools=[])
    await play.run()
    assert play.phases.count("verify") == 3
