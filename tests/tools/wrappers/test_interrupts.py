"""A batch of calls that a person approves one by one through LangGraph interrupts."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command

from outlay.agent import Agent
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.usage import Usage
from outlay.planners import State
from outlay.policies import Endpoint, Policy, ScriptedPolicy
from outlay.testing import LoopbackServer, ScriptedAnswer
from outlay.tools import tool
from outlay.tools.wrappers import approved, by_interrupt

USAGE = Usage(input=10, output=5)
PLACE: Any = {"configurable": {"thread_id": "1"}}
ran: list[str] = []


@tool(price="0.01")
def send(name: str) -> str:
    """Sends something away."""
    ran.append(name)
    return "sent"


@tool(price="0.01", read_only=True)
def buy(name: str) -> str:
    """Buys a report."""
    ran.append(name)
    return "bought"


def three(request: Request) -> Reply:
    if any(message.role == "tool" for message in request.messages):
        return Reply(Message("assistant", "Answer: done"), USAGE)
    calls = (ToolCall(f"c{name}", "send", json.dumps({"name": name})) for name in "ABC")
    return Reply(Message("assistant", "", tuple(calls)), USAGE)


async def asked(policy: Policy, home: Path, answers: tuple[Any, ...]) -> tuple[list[str], Any]:
    """Runs in a user's graph; returns who was asked about, and the last state."""
    ran.clear()
    tools = [approved(send, by_interrupt), approved(buy, by_interrupt)]
    agent = Agent(model=policy, tools=tools, budget="tool_calls=9", home=home)
    outer = StateGraph(State)
    outer.add_node("agent", agent.graph)
    outer.add_edge(START, "agent")
    graph = outer.compile(checkpointer=InMemorySaver())
    state = await graph.ainvoke({"task": "go"}, PLACE)
    names = []
    for answer in answers:
        names.append(json.loads(state["__interrupt__"][0].value["arguments"])["name"])
        state = await graph.ainvoke(Command(resume=answer), PLACE)
    return names, state


@pytest.mark.parametrize("answers", [*product([True, False], repeat=3), ("no", 1, {"yes": True})])
async def test_each_answer_goes_to_its_own_question(
    answers: tuple[Any, ...], tmp_path: Path
) -> None:
    names, state = await asked(ScriptedPolicy(three), tmp_path, answers)
    assert names == ["A", "B", "C"]
    assert sorted(ran) == [n for n, answer in zip("ABC", answers, strict=True) if answer is True]
    assert state["status"] == "answered"


@pytest.mark.parametrize("answer", [True, False])
async def test_a_streamed_call_waits_for_its_answer(
    answer: bool, server: LoopbackServer, tmp_path: Path
) -> None:
    wishes = tuple({"name": "buy", "arguments": {"name": name}} for name in "AB")
    server.steps(ScriptedAnswer(tool_calls=wishes), ScriptedAnswer(content="Answer: done"))
    policy = Endpoint("m", base_url=server.url, stream=True)
    names, state = await asked(policy, tmp_path, (answer, not answer))
    assert names == ["A", "B"]
    assert ran == ["A" if answer else "B"]
    assert (state["status"], server.served.requests) == ("answered", 2)
