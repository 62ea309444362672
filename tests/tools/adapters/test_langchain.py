from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Annotated, Any

import pytest
from langchain_core.tools import (
    BaseTool,
    InjectedToolArg,
    InjectedToolCallId,
    StructuredTool,
    ToolException,
)
from langchain_core.tools import Tool as SimpleTool
from langchain_core.tools import tool as langchain_tool
from pydantic import BaseModel, Field, v1
from reading import cost, fault

from outlay.journal.records import Observation, ToolCall
from outlay.ledger.errors import UsageError
from outlay.tools import Tool, ToolContext
from outlay.tools.adapters import from_langchain


@langchain_tool
def weather(city: str, days: int = 1) -> str:
    """Tells the weather of a city."""
    return f"{city}: sun for {days} days"


@langchain_tool
async def slow(seconds: float) -> str:
    """Waits."""
    await asyncio.sleep(seconds)
    return "done"


@langchain_tool
def broken(city: str) -> str:
    """Always fails."""
    raise ToolException(f"no such city: {city}")


class Classic(BaseTool):
    name: str = "classic search!"
    description: str = "Searches."

    def _run(self, query: str) -> list[dict[str, Any]]:
        return [{"type": "text", "text": query}, {"type": "image_url", "image_url": "data:"}]


async def use(tool: Tool, arguments: str, context: ToolContext) -> Observation:
    return await tool.run(ToolCall("call-1", tool.spec.name, arguments), context)


async def test_a_tool_keeps_its_name_its_schema_and_its_default(context: ToolContext) -> None:
    tool = from_langchain(weather, price="0.01", read_only=True)
    assert (tool.spec.name, tool.spec.description) == ("weather", "Tells the weather of a city.")
    assert tool.spec.parameters["required"] == ["city"]
    assert tool.least_cost == Decimal("0.01")
    observation = await use(tool, '{"city": "Melun"}', context)
    assert observation.text == "Melun: sun for 1 days"


def test_wrong_arguments_are_a_fault_that_costs_nothing() -> None:
    tool = from_langchain(weather, price=1)
    why = fault(tool, '{"days": "many"}')
    assert why is not None
    assert "wrong arguments for weather: 'city': Field required" in why
    assert cost(tool, '{"days": "many"}') == 0


def test_a_price_can_depend_on_the_arguments() -> None:
    tool = from_langchain(weather, price=lambda city, days=1: Decimal("0.1") * days)
    assert cost(tool, '{"city": "Melun", "days": 3}') == Decimal("0.3")


async def test_what_a_tool_raises_is_an_observation(context: ToolContext) -> None:
    observation = await use(from_langchain(broken), '{"city": "Ys"}', context)
    assert observation.error
    assert "no such city: Ys" in observation.text


async def test_a_tool_that_hangs_is_given_up(context: ToolContext) -> None:
    observation = await use(from_langchain(slow, timeout=0.1), '{"seconds": 60}', context)
    assert observation.text.startswith("Error: slow gave no result within 0.1 seconds")


async def test_content_blocks_become_text_and_names_are_mended(context: ToolContext) -> None:
    tool = from_langchain(Classic())
    assert tool.spec.name == "classic_search"
    assert (await use(tool, '{"query": "river"}', context)).text == "river\n[image_url: not shown]"


async def test_a_tool_with_a_bare_json_schema(context: ToolContext) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    double = StructuredTool.from_function(
        func=lambda n: n * 2, name="double", description="Doubles.", args_schema=schema
    )
    assert (await use(from_langchain(double), '{"n": 4}', context)).text == "8"


def greeting(text: str) -> str:
    return f"Hello, {text}!"


async def agreeting(text: str) -> str:
    return f"Hallo, {text}!"


class Query(BaseModel):
    query: str = Field(description="Whom to greet.")


class OldQuery(v1.BaseModel):
    query: str


class Two(BaseModel):
    query: str
    times: int = 1


@pytest.mark.parametrize(
    ("tool", "argument", "said"),
    [
        (SimpleTool(name="greet", func=greeting, description="Greets."), "tool_input", "Hello"),
        (SimpleTool("greet", greeting, "Greets.", args_schema=Query), "query", "Hello"),
        (SimpleTool("greet", None, "Greets.", coroutine=agreeting), "tool_input", "Hallo"),
        (SimpleTool("greet", greeting, "Greets.", coroutine=agreeting), "tool_input", "Hallo"),
        (
            StructuredTool.from_function(
                func=lambda query: greeting(query), name="greet", description="Greets.",
                args_schema=OldQuery,
            ),
            "query",
            "Hello",
        ),
    ],
)  # fmt: skip
async def test_a_tool_of_one_argument(
    tool: BaseTool, argument: str, said: str, context: ToolContext
) -> None:
    """Every way to say what the argument is: not at all, as a model, as one of pydantic 1."""
    made = from_langchain(tool)
    properties = made.spec.parameters["properties"]
    assert list(properties) == made.spec.parameters["required"] == [argument]
    assert properties[argument]["type"] == "string"
    observation = await use(made, json.dumps({argument: "Melun"}), context)
    assert observation.text == f"{said}, Melun!"


def test_a_tool_of_one_argument_refuses_others_before_it_costs() -> None:
    made = from_langchain(SimpleTool("greet", greeting, "Greets."), price=1)
    for wrong in ("{}", '{"tool_input": 1}', '{"tool_input": "a", "b": 1}'):
        assert "wrong arguments for greet" in (fault(made, wrong) or "")
        assert cost(made, wrong) == 0


def test_a_tool_of_one_argument_with_a_schema_of_two_cannot_be_called() -> None:
    with pytest.raises(UsageError, match="one argument only, and its schema has 2"):
        from_langchain(SimpleTool("greet", greeting, "Greets.", args_schema=Two))


@langchain_tool
def numbered(city: str, call: Annotated[str, InjectedToolCallId]) -> str:
    """Numbers."""
    return f"{city} in {call}"


@langchain_tool
def personal(city: str, user: Annotated[str, InjectedToolArg]) -> str:
    """Needs a user."""
    return city + user


@langchain_tool
def personal_or_mine(city: str, user: Annotated[str, InjectedToolArg] = "me") -> str:
    """Takes a user."""
    return city + user


async def test_what_langgraph_injects(context: ToolContext) -> None:
    made = from_langchain(numbered)
    assert list(made.spec.parameters["properties"]) == ["city"]
    observation = await use(made, '{"city": "Melun"}', context)
    assert observation.text == f"Melun in {context.call_id}"
    made = from_langchain(personal_or_mine)
    assert (await use(made, '{"city": "Melun"}', context)).text == "Melunme"
    with pytest.raises(UsageError, match="needs 'user' injected, which only LangGraph does"):
        from_langchain(personal)


def test_what_is_no_langchain_tool_is_refused() -> None:
    with pytest.raises(UsageError, match="str is no LangChain tool"):
        from_langchain("weather")  # type: ignore[arg-type]
