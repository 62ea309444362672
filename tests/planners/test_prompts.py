"""What the policy is told, word for word, and that a prompt only ever grows."""

from __future__ import annotations

import itertools
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from bursar.agent import Agent, Result
from bursar.ledger.errors import UsageError
from bursar.ledger.records import Message, Reply, Request, ToolCall, Usage
from bursar.planners import Line, block, planner, planner_names, prompt
from bursar.policies import Scripted
from bursar.policies.scripted import Step, by_turn
from bursar.tools import tool

GOLDEN = Path(__file__).with_name("golden")
BUDGET = "usd=0.02,search=3,tool_calls=9,tokens=100k"


@tool(price="0.001", read_only=True, inline=True)
def search(query: str) -> str:
    """Searches."""
    return f"found {query}"


def searching(turns: int) -> list[Step]:
    """A search in each turn, then an answer, each billed at 110 tokens."""
    calls = [ToolCall(f"c{n}", "search", json.dumps({"query": f"q{n}"})) for n in range(turns)]
    said = [Message("assistant", f"Turn {n}.", (call,)) for n, call in enumerate(calls)]
    answer = Message("assistant", "Answer: 7")
    return [Reply(message, Usage(input=100, output=10)) for message in (*said, answer)]


async def played(name: str, home: Path, turns: int = 2, budget: str = BUDGET) -> list[Request]:
    policy = Scripted(by_turn(searching(turns)), max_output=200)
    agent = Agent(model=policy, tools=[search], planner=name, budget=budget, home=home)
    result = await agent.run("Where is it?")
    assert isinstance(result, Result)
    return policy.requests


@pytest.mark.parametrize("name", planner_names())
async def test_prompts_are_these_words(name: str, home: Path) -> None:
    last = (await played(name, home))[-1]
    text = "\n".join(f"## {m.role}\n\n{m.content}\n" for m in last.messages)
    assert text == (GOLDEN / f"{name}.md").read_text("utf-8")


async def test_wrap_up_is_these_words(home: Path) -> None:
    last = (await played("tracker", home, turns=4))[-1]
    assert last.tool_choice == "none"
    assert [spec.name for spec in last.tools] == ["search"]
    assert f"{last.messages[-1].content}\n" == (GOLDEN / "wrap_up.md").read_text("utf-8")


@pytest.mark.parametrize("turns", [2, 4])
@pytest.mark.parametrize("name", planner_names())
async def test_each_prompt_is_the_beginning_of_the_next(name: str, turns: int, home: Path) -> None:
    requests = await played(name, home, turns)
    assert len(requests) > 2
    for before, after in itertools.pairwise(requests):
        assert after.messages[: len(before.messages)] == before.messages
        assert after.tools == before.tools


async def test_the_budget_is_told_after_the_task_and_each_batch_and_nowhere_else(
    home: Path,
) -> None:
    messages = (await played("tracker", home))[-1].messages
    told = [bool(re.search(r"^<budget>$", m.content, re.MULTILINE)) for m in messages]
    roles = ["system", "user", "assistant", "tool", "assistant", "tool"]
    assert [m.role for m in messages] == roles
    assert told == [False, True, False, True, False, True]
    assert all(m.content.endswith("</budget>") for m in messages if m.role in ("user", "tool"))


async def test_react_is_told_nothing_of_its_budget(home: Path) -> None:
    for message in (await played("react", home))[-1].messages:
        assert "<budget>" not in message.content


def test_block() -> None:
    lines = [
        Line("usd", Decimal("0.0123456789"), Decimal("-0.5")),
        Line("tokens", 1_200, 98_800),
        Line("tool_calls", 3, 6),
        Line("tool_calls.search", 3, 0),
        Line("usd.search", Decimal("0.003"), Decimal("10")),
    ]
    assert f"{block(lines)}\n" == (GOLDEN / "block.txt").read_text("utf-8")
    assert block([]) == ""


def test_planners_are_named_where_one_is_unknown() -> None:
    assert planner_names() == ("react", "tracker")
    with pytest.raises(UsageError, match="the planners are react, tracker"):
        planner("raect")


@pytest.mark.parametrize("name", ["react", "budget", "wrap_up"])
def test_prompts_have_versions(name: str) -> None:
    assert prompt(name).version >= 1
    assert "version:" not in prompt(name).text


@pytest.mark.parametrize("name", planner_names())
def test_the_drawing_names_the_steps(name: str, home: Path) -> None:
    agent = Agent(model=Scripted(["x"]), planner=name, budget="usd=1", home=home)
    drawing = agent.graph.get_graph()
    assert set(drawing.nodes) == {"__start__", "think", "act", "wrap_up", "__end__"}
    edges = {(edge.source, edge.target) for edge in drawing.edges}
    assert {("think", "act"), ("act", "think"), ("think", "wrap_up")} <= edges
    assert {("wrap_up", "__end__"), ("think", "__end__"), ("act", "__end__")} <= edges
    assert all(node in drawing.draw_mermaid() for node in ("think", "act", "wrap_up"))
