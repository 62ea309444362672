"""Planners in whole runs: what they spend, keep back, repair, and how they resume."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent, Result
from outlay.journal.events import Event
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.usage import Usage
from outlay.planners import planner_names
from outlay.policies import ScriptedPolicy
from outlay.policies.scripted import Step
from outlay.tools import tool

PRICES = '[models."scripted"]\ninput = 1\noutput = 10\n'
ASKING = [name for name in planner_names() if name != "toolpath"]
"""Planners that ask the policy."""
VERDICT = {"checks": [{"condition": "c", "state": "satisfied"}], "decision": "success"}


@tool(price="0.001", read_only=True, inline=True)
def search(query: str) -> str:
    """Searches."""
    return f"found {query}"


@tool(price="0.002", inline=True)
def post(text: str) -> str:
    """Posts a text."""
    return f"posted {text}"


def call(name: str, **arguments: Any) -> Message:
    return Message("assistant", "So.", (ToolCall("c", name, json.dumps(arguments)),))


def heading(request: Request) -> str:
    line = request.messages[-1].content.split("\n")[0]
    return line.removeprefix("# ") if line.startswith("# ") else ""


def turn(request: Request) -> int:
    return sum(message.role == "assistant" for message in request.messages)


def billed(step: Message | str) -> Reply:
    message = Message("assistant", step) if isinstance(step, str) else step
    return Reply(message, Usage(input=200, output=20))


def searching(request: Request) -> Message | str:
    """One search, then the answer."""
    return call("search", query="q") if turn(request) == 0 else "Answer: 7"


def agent_for(
    home: Path, script: Callable[[Request], Step], planner: str, budget: str = "usd=1"
) -> tuple[Agent, ScriptedPolicy]:
    prices = home.parent / "prices.toml"
    prices.write_text(PRICES)
    policy = ScriptedPolicy(script, max_output=300)
    agent = Agent(
        model=policy, tools=[search, post], planner=planner, budget=budget, home=home, prices=prices
    )
    return agent, policy


def nodes(events: list[Event]) -> list[str]:
    return [e.body["node"] for e in events if e.kind == "hold" and e.body["call"] == "model"]


async def test_bats_digs_deeper_in_place_then_ends_with_the_verifiers_success(home: Path) -> None:
    verdicts = iter(
        [{"decision": "continue", "why": "no year", "advice": "find the year"}, VERDICT]
    )

    def script(request: Request) -> Step:
        if heading(request) == "Verify the answer":
            return billed(json.dumps(next(verdicts)))
        if heading(request):
            return billed('{"steps": [{"id": "1", "text": "look"}]}')
        last = request.messages[-1].content
        if last.startswith("Your answer was checked."):
            return billed(call("search", query="year"))
        return billed(searching(request))

    agent, policy = agent_for(home, script, "bats:early_stop=true")
    result = await agent.run("Where?")
    assert (result.status, result.answer) == ("answered", "7")
    assert nodes(agent.home.events(result.run)) == [
        "plan", "think", "think", "verify", "think", "think", "verify",
    ]  # fmt: skip
    told = next(m.content for m in policy.requests[4].messages if "checked" in m.content)
    assert told.startswith("Your answer was checked. no year\nfind the year\nDig deeper.")
    assert policy.requests[4].messages[:4] == policy.requests[2].messages[:4]


async def test_a_plan_edit_that_cannot_be_followed_is_told_once(home: Path) -> None:
    def script(request: Request) -> Step:
        if heading(request) == "Plan the search":
            return billed('{"steps": [{"id": "1", "text": "look"}]}')
        if heading(request):
            return billed(json.dumps(VERDICT))
        asked = call("search", query=f"q{turn(request)}")
        edited = Message("assistant", "<plan>\n[x] 7\n[~] 1\n</plan>", asked.tool_calls)
        return billed(edited if turn(request) < 3 else "Answer: 7")

    agent, _ = agent_for(home, script, "bats:early_stop=true")
    result = await agent.run("Where?")
    said = [m.content for m in result.trajectory if m.role == "tool"]
    told = [("could not be followed: there is no step 7." in text) for text in said]
    assert told == [True, False, False]


async def test_an_endless_continue_without_calls_ends(home: Path) -> None:
    def script(request: Request) -> Step:
        if heading(request) == "Verify the answer":
            return billed('{"decision": "continue"}')
        return billed("Answer: 7")

    agent, _ = agent_for(home, script, "bats:attempts=6")
    result = await agent.run("Where?")
    assert (result.status, result.answer) == ("answered", "7")
    assert nodes(agent.home.events(result.run)).count("verify") == 4


async def test_the_verifiers_money_is_kept_back_from_the_start(home: Path) -> None:
    """However long the policy acts, the verifier can be asked, and the judge after it."""

    def script(request: Request) -> Step:
        if heading(request) == "Verify the answer":
            return billed(json.dumps(VERDICT))
        if request.tool_choice == "none":
            return billed("Answer: 3")
        return billed(
            call("search", query=f"q{turn(request)}") if turn(request) < 15 else "Answer: 7"
        )

    seen = set()
    for mills in range(30, 60, 3):
        place = home / str(mills)
        place.parent.mkdir(exist_ok=True)
        agent, _ = agent_for(place, script, "bats:planning=false", f"usd=0.0{mills}")
        result = await agent.run("Where?")
        assert result.spend.usd <= Decimal(f"0.0{mills}")
        asked = nodes(agent.home.events(result.run))
        if result.status == "answered":
            assert "verify" in asked
        seen.add(result.status)
        agent.home.close()
    assert seen == {"answered", "budget_exhausted"}


async def test_unreadable_verdicts_are_repaired_once_and_then_count_for_nothing(
    home: Path,
) -> None:
    def script(request: Request) -> Step:
        texts = [message.content for message in request.messages]
        if any(text.startswith("# Verify") for text in texts):
            return billed("I like it.")
        return billed("Answer: 7")

    agent, policy = agent_for(home, script, "reflexion")
    result = await agent.run("Where?")
    assert result.answer == "7"
    assert nodes(agent.home.events(result.run)) == ["think", "verify", "verify"]
    assert "holds no JSON object" in policy.requests[-1].messages[-1].content


async def test_reflections_are_told_to_the_next_attempt(home: Path) -> None:
    def script(request: Request) -> Step:
        if heading(request) == "Verify the answer":
            return billed('{"decision": "pivot"}')
        if heading(request) == "Reflect on the attempt":
            return billed("Mind the year.")
        return billed(searching(request))

    agent, policy = agent_for(home, script, "reflexion:n=2")
    result = await agent.run("Where?")
    assert result.answer == "7"
    openings = dict.fromkeys(request.messages[1].content for request in policy.requests)
    assert list(openings) == [
        "Where?",
        "Where?\n\nWhat earlier attempts have taught:\n\nMind the year.",
    ]


async def test_attempts_are_drawn_with_other_seeds_and_the_judge_chooses(home: Path) -> None:
    answers = iter(["Answer: 1", "Answer: 2", "Answer: 3"])

    def script(request: Request) -> Step:
        return billed('{"choice": 2}' if heading(request) else next(answers))

    agent, policy = agent_for(home, script, "best_of:n=3")
    agent = Agent(
        model=policy, tools=[search], planner="best_of:n=3", budget="usd=1", home=home,
        prices=home.parent / "prices.toml", options=agent.options.__class__(seed=5),
    )  # fmt: skip
    result = await agent.run("Where?")
    assert result.answer == "2"
    assert [request.seed for request in policy.requests] == [5, 6, 7, 5]


async def test_pdr_logs_the_tokens_of_the_longest_way_and_of_all(home: Path) -> None:
    def script(request: Request) -> Step:
        return billed("Notes." if heading(request) else searching(request))

    agent, _ = agent_for(home, script, "pdr:drafts=3:rounds=2")
    result = await agent.run("Where?")
    values = [e.body["value"] for e in agent.home.events(result.run) if e.kind == "value"]
    sums = next(v for v in values if isinstance(v, dict) and "sequential_tokens" in v)
    draft, distilling = 440, 220
    assert sums["total_tokens"] == 4 * draft + distilling == result.spend["tokens"]
    assert sums["sequential_tokens"] == draft + distilling + draft


async def test_the_critic_looks_at_risky_calls_once(home: Path) -> None:
    def script(request: Request) -> Step:
        if heading(request) == "Look before acting":
            return billed('{"decision": "stop", "why": "too soon"}')
        steps = [
            call("search", query="q"),
            call("post", text="t"),
            call("post", text="t"),
            "Answer: 7",
        ]
        return billed(steps[turn(request)])

    agent, _ = agent_for(home, script, "react:critic=0.5")
    result = await agent.run("Where?")
    said = [m.content for m in result.trajectory if m.role == "tool"]
    assert said[0] == "found q"
    assert said[1].startswith("Not run. A critic says: too soon")
    assert said[2] == "posted t"
    assert nodes(agent.home.events(result.run)).count("critic") == 1


async def test_reminders_come_every_so_many_turns(home: Path) -> None:
    def script(request: Request) -> Step:
        return billed(call("search", query="q") if turn(request) < 4 else "Answer: 7")

    agent, _ = agent_for(home, script, "react:remind=2")
    result = await agent.run("Where, in May?")
    said = [m.content for m in result.trajectory if m.role == "tool"]
    reminder = "found q\n\nRemember the task, with every condition in it:\nWhere, in May?"
    assert said == ["found q", reminder, "found q", reminder]


@pytest.mark.parametrize("name", ASKING)
async def test_a_run_cut_off_anywhere_resumes_to_the_same_end(name: str, home: Path) -> None:
    """The policy breaks off once at its k-th call, for every k that there is."""
    whole = await played(home / "whole", name, breaks_at=None)
    assert whole[0].status == "answered"
    for place in range(1, whole[1]):
        result, calls = await played(home / str(place), name, breaks_at=place)
        assert (result.text, result.status) == (whole[0].text, whole[0].status)
        assert plain(result) == plain(whole[0])
        assert calls == whole[1] + 1


def plain(result: Result) -> list[str]:
    """Returns what was said; what is left differs by the call that broke off."""
    return [message.content.partition("\n\n<budget>")[0] for message in result.trajectory]


async def played(home: Path, name: str, breaks_at: int | None) -> tuple[Result, int]:
    asked = 0

    def script(request: Request) -> Step:
        nonlocal asked
        asked += 1
        if asked == breaks_at:
            raise RuntimeError("the line is dead")
        if heading(request) == "Verify the answer":
            return billed('{"decision": "pivot", "advice": "look"}')
        if heading(request) == "Plan the search":
            return billed('{"steps": [{"id": "1", "text": "look"}]}')
        if heading(request) == "Plan the steps":
            return billed('{"steps": ["look", "tell"]}')
        return billed(f"Notes. {asked * 0}" if heading(request) else searching(request))

    home.parent.mkdir(exist_ok=True)
    agent, _ = agent_for(home, script, name + (":attempts=3" if name == "bats" else ""), "usd=0.3")
    try:
        result = await agent.run("Where?", run="r")
        if result.status == "failed":
            assert "the line is dead" in result.why
            result = await agent.resume("r")
        return result, asked
    finally:
        agent.home.close()


async def test_batched_arguments_count_one_unit_each(home: Path) -> None:
    """BATS: every string of a batched query is a call; what does not fit is refused whole."""

    @tool(price="0.001", read_only=True, inline=True, batched="queries")
    def find(queries: list[str]) -> str:
        """Searches for each query."""
        return ", ".join(queries)

    batches = [["a", "b", "c"], ["d", "e", "f"], ["g"]]

    def script(request: Request) -> Step:
        at = turn(request)
        return billed(call("find", queries=batches[at]) if at < len(batches) else "Answer: 7")

    agent = Agent(
        model=ScriptedPolicy(script), tools=[find], budget="find=4,tokens=100k", home=home
    )
    result = await agent.run("Where?")
    said = [m.content for m in result.trajectory if m.role == "tool"]
    assert said[0] == "a, b, c"
    assert said[1].startswith("Not run: the run has 1 of 4 tool_calls.find left, and 3 would")
    assert said[2].startswith("g\n\nUsed up")
    assert result.spend["tool_calls.find"] == 4
    assert result.spend["usd.find"] == Decimal("0.004")
    assert (await agent.resume(result.run)).spend == result.spend
