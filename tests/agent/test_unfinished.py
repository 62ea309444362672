"""Replies that neither call nor answer: one nudge, then they count as what they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import pytest

from outlay.agent import Agent, Result
from outlay.journal.notices import NothingDone
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.usage import Usage
from outlay.planners import planner_names
from outlay.policies import ScriptedPolicy
from outlay.tools import tool

PLAN = "To answer this, I need to search for the director."
CALL = '```json\n{"name": "find", "arguments": {"of": "director"}}\n```'
ASKING = [name for name in planner_names() if name != "toolpath"]
PRICES = '[models."scripted"]\ninput = 1\noutput = 10\n'


@tool(price="0.001", read_only=True, inline=True)
def search(query: str) -> str:
    """Searches."""
    return f"found {query}"


def searching() -> Message:
    return Message("assistant", "So.", (ToolCall("c", "search", '{"query": "q"}'),))


@pytest.fixture
def agent_saying(tmp_path: Path) -> Callable[..., Agent]:
    prices = tmp_path / "prices.toml"
    prices.write_text(PRICES)

    def agent(*said: str | Message, planner: str = "react", budget: str = "usd=1") -> Agent:
        says = cycle(said)

        def script(request: Request) -> Reply:
            step = next(says)
            message = Message("assistant", step) if isinstance(step, str) else step
            return Reply(message, Usage(input=200, output=20))

        return Agent(
            model=ScriptedPolicy(script, max_output=300), tools=[search], planner=planner,
            budget=budget, home=tmp_path / "home", prices=prices,
        )  # fmt: skip

    return agent


def nudges(result: Result) -> list[NothingDone]:
    told = (message.notice for message in result.trajectory)
    return [notice for notice in told if isinstance(notice, NothingDone)]


async def test_a_plan_gets_one_nudge(agent_saying: Callable[..., Agent]) -> None:
    agent = agent_saying(PLAN, searching(), "Answer: Ed Wood")
    result = await agent.run("Who?")
    assert (result.status, result.answer) == ("answered", "Ed Wood")
    assert nudges(result) == [NothingDone(said="plan", tools=("search",))]
    told = next(m.content for m in result.trajectory if m.notice)
    assert told == (
        "You said what you are about to do, but did not do it. If you need a tool (search), call "
        "it now; if not, give your answer and end with the line\n\nAnswer: <the answer>"
    )
    assert (await agent.replay(result.run)).text == result.text


@pytest.mark.parametrize(("said", "why"), [(PLAN, "said what it was"), (CALL, "wrote a tool call")])
async def test_a_second_one_ends_the_run_as_what_it_is(
    agent_saying: Callable[..., Agent], said: str, why: str
) -> None:
    agent = agent_saying(said)
    result = await agent.run("Who?")
    assert (result.status, result.reason) == ("failed", "no_answer")
    assert why in result.why
    assert len(nudges(result)) == 1
    assert result.spend["model_calls"] == 2


async def test_a_plan_after_work_was_done_gets_a_nudge_of_its_own(
    agent_saying: Callable[..., Agent],
) -> None:
    result = await agent_saying(PLAN, searching(), PLAN, "Answer: Ed Wood").run("Who?")
    assert (result.status, result.answer, len(nudges(result))) == ("answered", "Ed Wood", 2)


async def test_an_answer_gets_none(agent_saying: Callable[..., Agent]) -> None:
    result = await agent_saying("I looked it up: it was Ed Wood.").run("Who?")
    assert (result.status, nudges(result)) == ("answered", [])


@pytest.mark.parametrize("planner", ASKING)
@pytest.mark.parametrize("said", [PLAN, CALL], ids=["plan", "call"])
async def test_no_run_is_answered_by_a_plan_or_a_call(
    agent_saying: Callable[..., Agent], planner: str, said: str
) -> None:
    result = await agent_saying(said, planner=planner, budget="usd=0.05").run("Who?")
    assert result.status in ("failed", "budget_exhausted")
    if result.status == "failed":
        assert result.reason == "no_answer"


@pytest.mark.parametrize("planner", ASKING)
async def test_nor_where_plans_and_verdicts_are_well_formed(
    agent_saying: Callable[..., Agent], planner: str
) -> None:
    form = {"steps": ["look"], "decision": "success", "mode": "instant", "choice": 1, "score": 9}
    agent = agent_saying(json.dumps(form), PLAN, PLAN, planner=planner, budget="usd=0.05")
    result = await agent.run("Who?")
    assert result.status != "answered" or "search" not in (result.text or "")
