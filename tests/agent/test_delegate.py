"""Sub-agents as a tool: they spend their caller's money, and survive its crash."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from outlay.agent import Agent, delegate
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.usage import Usage
from outlay.policies import ScriptedPolicy
from outlay.tools import tool

USAGE = Usage(input=100, output=5)


@tool(price="0.001", read_only=True)
def lookup(name: str) -> str:
    """Looks up a name."""
    return f"{name} is a fish."


def asked(request: Request) -> int:
    return sum(message.role == "tool" for message in request.messages)


def worker(request: Request) -> Reply:
    if asked(request) < 2 and request.tool_choice != "none":
        call = ToolCall(f"c{asked(request)}", "lookup", json.dumps({"name": "x"}))
        return Reply(Message("assistant", "", (call,)), USAGE)
    return Reply(Message("assistant", "Answer: fish"), USAGE)


def boss(request: Request) -> Reply:
    if asked(request) == 0:
        calls = (ToolCall(f"d{n}", "delegate", json.dumps({"task": f"{n}"})) for n in range(3))
        return Reply(Message("assistant", "", tuple(calls)), USAGE)
    return Reply(Message("assistant", "Answer: done"), USAGE)


def agents(
    home: Path, budget: str, caller: Callable[[Request], Reply] = boss
) -> tuple[Agent, Agent]:
    sub = Agent(model=ScriptedPolicy(worker), tools=[lookup], budget="usd=1", home=home)
    return sub, Agent(model=ScriptedPolicy(caller), tools=[delegate(sub)], budget=budget, home=home)


async def test_three_sub_agents_share_what_their_caller_has_left(tmp_path: Path) -> None:
    sub, caller = agents(tmp_path, "usd=0.0045,model_calls=20")
    result = await caller.run("go")
    assert result.status == "answered"
    assert result.spend.usd == Decimal("0.004")
    assert result.spend["tool_calls.lookup"] == 4
    rows = sub.home.store.query("select usd, parent from runs where parent is not null").rows
    assert sum(usd for usd, _ in rows) == Decimal("0.004")
    assert {parent for _, parent in rows} == {result.run}


async def test_what_a_sub_agent_spent_counts_when_its_caller_is_resumed(tmp_path: Path) -> None:
    failing = True

    def once_broken(request: Request) -> Reply:
        if failing and asked(request):
            raise RuntimeError("the power went out")
        return boss(request)

    _, caller = agents(tmp_path, "usd=1", once_broken)
    result = await caller.run("go")
    assert result.status == "failed"
    failing = False
    again = await caller.resume(result.run)
    assert again.status == "answered"
    assert again.spend["tool_calls.lookup"] == 6
    assert again.spend.usd == Decimal("0.006")
    assert len(again.trajectory) == 7


async def test_a_sub_agent_that_cannot_be_paid_is_an_observation(tmp_path: Path) -> None:
    _, caller = agents(tmp_path, "usd=1,model_calls=3")
    result = await caller.run("go")
    shown = [m.content for m in result.trajectory if m.role == "tool"]
    assert any("no sub-agent was started" in text for text in shown)
    assert result.spend["model_calls"] <= 3


@pytest.mark.parametrize("name", ["delegate", "researcher"])
def test_it_goes_by_the_name_it_is_given(tmp_path: Path, name: str) -> None:
    sub, _ = agents(tmp_path, "usd=1")
    assert delegate(sub, name=name).spec.name == name


async def test_runs_that_had_ended_and_not_are_resumed_side_by_side(tmp_path: Path) -> None:
    """As those of sub-agents are; neither keeps the other from changing hands."""
    broken = False

    def once_broken(request: Request) -> Reply:
        nonlocal broken
        if request.messages[1].content == "b" and not broken:
            broken = True
            raise RuntimeError("the power went out")
        return worker(request)

    agent = Agent(model=ScriptedPolicy(once_broken), tools=[lookup], budget="usd=1", home=tmp_path)
    runs = [(await agent.run(task)).run for task in ("a", "b")]
    resumed = await asyncio.gather(*map(agent.resume, runs))
    assert [result.status for result in resumed] == ["answered", "answered"]
