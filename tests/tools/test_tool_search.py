"""Five hundred tools, offered as two."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from outlay.agent import Agent
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.errors import UsageError
from outlay.ledger.usage import Usage
from outlay.policies import Endpoint, ScriptedPolicy
from outlay.policies.endpoint.wire import tool_bytes
from outlay.testing import LoopbackServer, ScriptedAnswer
from outlay.tools import Tool, ToolContext, recall, tool
from outlay.tools.tool_search import SearchableRegistry, offered

USAGE = Usage(input=10, output=5)


def numbered(number: int) -> Tool:
    @tool(price="0.002", read_only=True, name=f"convert_unit_{number}")
    def convert(amount: float, precision: int = 2) -> str:
        """Converts an amount from one unit of measurement into another one.

        Args:
            amount: how much.
            precision: digits after the point.
        """
        return str(amount)

    return convert


@tool(price="0.01", read_only=True)
def getHarbourTides(harbour: str) -> str:  # noqa: N802
    """Tells when the water is high in a harbour."""
    return f"high at noon in {harbour}"


class Harbour(BaseModel):
    town: str = Field(description="a town on the coast")


MANY: list[Tool] = [*(numbered(n) for n in range(499)), getHarbourTides]


def wire(tools: Any) -> int:
    return sum(len(tool_bytes(spec)) for spec in tools.specs)


def test_500_tools_cost_less_than_10() -> None:
    assert (
        wire(SearchableRegistry(MANY))
        < wire(offered(MANY[:10], 40))
        < wire(offered(MANY, 500)) / 40
    )


def test_few_tools_are_offered_as_they_are() -> None:
    assert offered(MANY[:40], 40).specs == tuple(each.spec for each in MANY[:40])


def scripted(*calls: tuple[str, dict[str, Any]]) -> ScriptedPolicy:
    def script(request: Request) -> Reply:
        turn = sum(message.role == "tool" for message in request.messages)
        if turn >= len(calls) or request.tool_choice == "none":
            return Reply(Message("assistant", "Answer: noon"), USAGE)
        name, arguments = calls[turn]
        call = ToolCall(f"c{turn}", name, json.dumps(arguments))
        return Reply(Message("assistant", "", (call,)), USAGE)

    return ScriptedPolicy(script)


async def test_a_tool_is_found_called_and_booked_as_itself(tmp_path: Path) -> None:
    wish = {"name": "getHarbourTides", "arguments": {"harbour": "Ostend"}}
    policy = scripted(("tool_search", {"query": "when is high tide"}), ("call_tool", wish))
    budget = "usd=1,getHarbourTides=5"
    agent = Agent(model=policy, tools=MANY, budget=budget, home=tmp_path)
    result = await agent.run("When is the water high in Ostend?")
    found, told = (m.content for m in result.trajectory if m.role == "tool")
    assert found.startswith("getHarbourTides: Tells when the water is high")
    assert told == "high at noon in Ostend"
    assert result.spend.usd == Decimal("0.01")
    assert result.spend["tool_calls.getHarbourTides"] == 1
    assert result.spend["tool_calls.call_tool"] == 0
    assert {len(request.tools) for request in policy.requests} == {2}
    replayed = await agent.replay(result.run)
    assert replayed.trajectory == result.trajectory


@pytest.mark.parametrize("place", ["calls alone", "search first"])
async def test_a_task_costs_less_with_500_than_with_10(
    place: str, server: LoopbackServer, tmp_path: Path
) -> None:
    given: dict[str, Any] = {"harbour": "Ostend"}
    name, tools = "getHarbourTides", MANY[-10:]
    if place == "search first":
        server.steps(
            ScriptedAnswer(tool_calls=({"name": "tool_search", "arguments": {"query": "tide"}},))
        )
        given, name, tools = {"name": name, "arguments": given}, "call_tool", MANY
    server.steps(*[ScriptedAnswer(tool_calls=({"name": name, "arguments": given},))] * 3)
    server.steps(ScriptedAnswer(content="Answer: noon"))
    model = Endpoint("m", base_url=server.url)
    agent = Agent(model=model, tools=tools, budget="tool_calls=9", home=tmp_path)
    result = await agent.run("When is the water high in Ostend?")
    sent = sum(len(json.dumps(body)) for body in server.bodies)
    assert result.spend["tool_calls.getHarbourTides"] == 3
    assert (sent < 13_000) == (place == "search first")


async def test_the_limit_of_the_tool_that_is_meant_holds(tmp_path: Path) -> None:
    wish = {"name": "getHarbourTides", "arguments": {"harbour": "Ostend"}}
    policy = scripted(*[("call_tool", wish)] * 3)
    agent = Agent(model=policy, tools=MANY, budget="getHarbourTides=1", home=tmp_path)
    result = await agent.run("go")
    assert result.spend["tool_calls.getHarbourTides"] == 1
    shown = [m.content for m in result.trajectory if m.role == "tool"]
    assert "no longer available: getHarbourTides" in shown[0]
    assert shown[1].startswith("Not run: the run has 0 of 1 tool_calls.getHarbourTides left")


async def test_wrong_wishes_are_told_how_to_find_a_tool(tmp_path: Path) -> None:
    policy = scripted(
        ("call_tool", {"name": "nope", "arguments": {}}),
        ("call_tool", {"arguments": []}),
        ("tool_search", {"query": "zzz qqq"}),
    )
    agent = Agent(model=policy, tools=MANY, budget="tool_calls=9", home=tmp_path)
    result = await agent.run("go")
    shown = [m.content for m in result.trajectory if m.role == "tool"]
    assert shown[0].endswith("find one of the 500 tools with tool_search")
    assert "name" in shown[1]
    assert shown[2] == "No tool fits 'zzz qqq'. Try other words: there are 500 tools."
    assert result.status == "answered"


async def test_arguments_as_text_and_huge_numbers_arrive_as_they_are() -> None:
    tools = SearchableRegistry(MANY)
    for wish in (
        '{"name": "a", "arguments": {"n": %d}}',
        '{"name": "a", "arguments": "{\\"n\\": %d}"}',
    ):
        meant = tools.resolve(ToolCall("c", "call_tool", wish % (2**70 + 1)))
        assert (meant.name, json.loads(meant.arguments)) == ("a", {"n": 2**70 + 1})


@given(st.text() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
def test_no_wish_raises(text: str) -> None:
    tools = SearchableRegistry([getHarbourTides])
    for wish in (text, json.dumps({"name": text, "arguments": text}), "[" * 100_000):
        assert tools.resolve(ToolCall("c", "call_tool", wish)).id == "c"


def test_what_observations_refer_to_is_offered() -> None:
    names = [spec.name for spec in offered([*MANY, recall], 40).specs]
    assert names == ["tool_search", "call_tool", "recall"]


async def test_nested_arguments_are_described_in_full(context: ToolContext) -> None:
    @tool(price=0)
    def sail(to: Harbour) -> str:
        """Sails away."""
        return to.town

    search = SearchableRegistry([*MANY, sail]).get("tool_search")
    found = await search.run(ToolCall("c", "tool_search", '{"query": "sail"}'), context)
    assert "a town on the coast" in found.text


def test_names_in_always_are_names_of_tools() -> None:
    with pytest.raises(UsageError, match="there is no tool 'nope'"):
        SearchableRegistry(MANY, always=["nope"])
