"""The set-ups that the overhead benchmark compares: outlay, and the floors below it.

Each one plays the same conversation with the same server: a model call a turn, a trivial tool
call after every turn but the last, and the whole prompt sent again each time. Libraries are
imported where they are used, so that no set-up carries those of another in its memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import orjson

from ...agent import Agent
from ...journal.records import Message, Request
from ...ledger.prices.price_book import ModelPrice, PriceBook, Rate
from ...policies import Endpoint
from ...policies.endpoint.wire import chat_tool
from ...tools import tool
from .peers.scripts import stage
from .peers.scripts.stage import SYSTEM, Play

if TYPE_CHECKING:
    import aiohttp

SetUp = Callable[[str, str, Path], AbstractAsyncContextManager[Play]]
"""From the server's address, the model and a folder to write in."""

lookup = tool(price="0.001", read_only=True, inline=True)(stage.lookup)


@asynccontextmanager
async def bare_aiohttp(url: str, model: str, folder: Path) -> AsyncIterator[Play]:
    """A loop by hand on aiohttp: what the conversation costs at the very least."""
    async with _http() as http:

        async def play(question: str) -> str:
            messages = _opening(question)
            while True:
                message = await _complete(http, url, model, messages)
                messages.append(message)
                if not message.get("tool_calls"):
                    return str(message["content"])
                messages += _observations(message)

        yield play


@asynccontextmanager
async def endpoint(url: str, model: str, folder: Path) -> AsyncIterator[Play]:
    """outlay's endpoint alone, in a loop by hand: the openai client's raw post on aiohttp."""
    policy = _endpoint(url, model)

    async def play(question: str) -> str:
        messages = [Message("system", SYSTEM), Message("user", question)]
        while True:
            request = Request(tuple(messages), (lookup.spec,))
            reply = await policy.reply(request)
            messages.append(reply.message)
            if not reply.message.tool_calls:
                return reply.message.content
            for call in reply.message.tool_calls:
                text = lookup(**orjson.loads(call.arguments))
                messages.append(Message("tool", text, tool_call_id=call.id))

    yield play
    await policy.close()


@asynccontextmanager
async def langgraph(url: str, model: str, folder: Path) -> AsyncIterator[Play]:
    """A two-node LangGraph graph on aiohttp, without a checkpointer."""
    from langgraph.graph import END, START, StateGraph

    async with _http() as http:

        async def think(state: _Messages) -> _Messages:
            message = await _complete(http, url, model, state["messages"])
            return {"messages": [*state["messages"], message]}

        async def act(state: _Messages) -> _Messages:
            return {"messages": [*state["messages"], *_observations(state["messages"][-1])]}

        def after(state: _Messages) -> str:
            return "act" if state["messages"][-1].get("tool_calls") else END

        graph = StateGraph(_Messages)
        graph.add_node("think", think)
        graph.add_node("act", act)
        graph.add_edge(START, "think")
        graph.add_conditional_edges("think", after, ["act", END])
        graph.add_edge("act", "think")
        compiled = graph.compile()

        async def play(question: str) -> str:
            state = await compiled.ainvoke(
                {"messages": _opening(question)}, {"recursion_limit": 1_000_000}
            )
            return str(state["messages"][-1]["content"])

        yield play


@asynccontextmanager
async def outlay(url: str, model: str, folder: Path) -> AsyncIterator[Play]:
    """An agent on a budget in USD, tokens and tool calls: ledger, fsynced journal and graph."""
    agent = Agent(
        model=_endpoint(url, model),
        tools=[lookup],
        planner="react",
        budget="usd=10,tokens=10m,tool_calls=10k",
        prices=_prices(model),
        home=folder,
    )

    async def play(question: str) -> str:
        result = await agent.run(question)
        if result.status != "answered":
            raise RuntimeError(f"the run ended as {result.status}: {result.why}")
        return result.answer or ""

    yield play
    await agent.close()
    agent.home.close()


SET_UPS: dict[str, SetUp] = {
    "aiohttp by hand": bare_aiohttp,
    "endpoint alone": endpoint,
    "LangGraph on aiohttp": langgraph,
    "outlay": outlay,
}
"""By the name that tables show; outlay last."""


class _Messages(TypedDict):
    messages: list[dict[str, Any]]


def _http() -> aiohttp.ClientSession:
    import aiohttp

    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


def _opening(question: str) -> list[dict[str, Any]]:
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]


async def _complete(
    http: aiohttp.ClientSession, url: str, model: str, messages: list[dict[str, Any]]
) -> dict[str, Any]:
    body = {"model": model, "messages": messages, "tools": [chat_tool(lookup.spec)]}
    async with http.post(
        f"{url}/chat/completions",
        data=orjson.dumps(body),
        headers={"content-type": "application/json"},
    ) as response:
        reply: dict[str, Any] = orjson.loads(await response.read())["choices"][0]["message"]
    return reply


def _observations(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "role": "tool",
            "tool_call_id": call["id"],
            "content": lookup(**orjson.loads(call["function"]["arguments"])),
        }
        for call in message["tool_calls"]
    ]


def _endpoint(url: str, model: str) -> Endpoint:
    return Endpoint(model, base_url=url, api_key="none")


def _prices(model: str) -> PriceBook:
    cheap, dear = Rate(Decimal("0.25")), Rate(Decimal(2))
    price = ModelPrice(
        model, input=cheap, cache_read=cheap, cache_write=cheap, output=dear, reasoning=dear,
        source="the benchmark",
    )  # fmt: skip
    return PriceBook({model: price})
