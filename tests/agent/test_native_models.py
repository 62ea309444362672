"""Providers' own APIs under an agent: budgets hold, bills are exact, opaque parts come back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from planned_anthropic import PlannedAnthropic, PlannedForLangChain
from planned_gemini import PlannedGemini
from planned_responses import PlannedResponses
from planned_typed import PlannedTypedServer, two_turns

from outlay.agent import Agent
from outlay.ledger.account import Account
from outlay.ledger.budget import Budget
from outlay.ledger.errors import BudgetError
from outlay.ledger.prices.price_book import PriceBook
from outlay.ledger.usage import Usage
from outlay.policies import (
    AnthropicMessages,
    Gemini,
    LangChainPolicy,
    OpenAIResponses,
    Policy,
)
from outlay.testing.planned import PlannedReply
from outlay.tools import Tool

from .conftest import JournalFiles

pytestmark = pytest.mark.usefixtures("forgotten_clients")

Make = Callable[..., Policy]

WRITES = Usage(input=30, cache_write=20, cache_write_1h=40, output=5, reasoning=15)
"""What each call of Anthropic's bills, with both kinds of cache writes."""
READS = Usage(input=30, cache_read=20, output=5, reasoning=15)


def anthropic(url: str, **options: Any) -> Policy:
    return AnthropicMessages("claude-opus-4-5", base_url=url, api_key="k", **options)


def responses(url: str, **options: Any) -> Policy:
    return OpenAIResponses("gpt-5-mini", base_url=url, api_key="k", **options)


def gemini(url: str, **options: Any) -> Policy:
    return Gemini("gemini-2.5-flash", base_url=url, api_key="k", **options)


def langchain(url: str, **options: Any) -> Policy:
    return LangChainPolicy("anthropic/claude-haiku-4-5", base_url=url, api_key="k", **options)


_KINDS: Mapping[str, tuple[Callable[[], PlannedTypedServer], Make, Usage]] = {
    "anthropic": (PlannedAnthropic, anthropic, WRITES),
    "responses": (PlannedResponses, responses, READS),
    "gemini": (PlannedGemini, gemini, READS),
    "langchain": (PlannedForLangChain, langchain, Usage(input=30, cache_read=20, output=20)),
}


@pytest.fixture(params=_KINDS)
def native(request: pytest.FixtureRequest) -> Iterator[tuple[PlannedTypedServer, Make]]:
    serve, make, usage = _KINDS[request.param]
    with serve() as server:
        server.script = two_turns(server, usage)
        yield server, lambda **options: make(server.url, **options)


def billed(server: PlannedTypedServer, policy: Policy) -> Decimal:
    """Returns what the provider will ask for all that it has sent."""
    price = PriceBook().model(policy.name)
    assert price is not None
    return sum((price.cost(usage) for usage in server.billed), Decimal(0))


@pytest.mark.parametrize("stream", [False, True])
async def test_a_run_costs_what_the_provider_bills(
    native: tuple[PlannedTypedServer, Make], home: Path, lookup: Tool, stream: bool
) -> None:
    server, make = native
    policy = make(stream=stream)
    agent = Agent(model=policy, tools=[lookup], budget="usd=1,lookup=9", home=home)
    result = await agent.run("What?")
    assert (result.status, result.answer) == ("answered", "7")
    assert result.spend["tool_calls.lookup"] == 4
    assert len(server.billed) == 3
    assert result.spend.usd == billed(server, policy) > 0
    assert (await agent.replay(result.run)).spend == result.spend
    assert len(server.bodies) == 3


@pytest.mark.parametrize("stream", [False, True])
async def test_resume_and_fork_give_opaque_parts_back(
    native: tuple[PlannedTypedServer, Make], home: Path, lookup: Tool, stream: bool
) -> None:
    server, make = native
    policy = make(stream=stream)
    agent = Agent(model=policy, tools=[lookup], budget="usd=1,model_calls=2", home=home)
    first = await agent.run("What?")
    assert first.status == "budget_exhausted"
    resumed = await agent.resume(first.run, add="model_calls=7")
    fork = await agent.fork(resumed.run, 2)
    assert fork.answer == resumed.answer == "7"
    sent = server.sent_opaque_parts()
    given_back = [server.opaque_parts(body) for body in server.bodies]
    assert any(len(parts) == 2 for parts in given_back)
    assert all(part in sent for parts in given_back for part in parts)
    assert all(
        len(parts) == server.turn(b) for parts, b in zip(given_back, server.bodies, strict=True)
    )


async def test_eight_runs_on_one_account_do_not_overspend(
    native: tuple[PlannedTypedServer, Make], home: Path, lookup: Tool
) -> None:
    server, make = native
    policy = make(max_output=400)
    price = PriceBook().model(policy.name)
    assert price is not None
    limit = 12 * price.bound(400, 400)
    account = Account(Budget(usd=limit))
    agent = Agent(model=policy, tools=[lookup], budget=f"usd={limit}", home=home)
    results = await asyncio.gather(*[agent.run(f"What {n}?", account=account) for n in range(8)])
    assert billed(server, policy) == sum(result.spend.usd for result in results) <= limit
    assert {result.status for result in results} <= {"answered", "budget_exhausted"}
    assert any(result.status == "answered" for result in results)


async def test_a_cancelled_call_stays_booked_and_the_run_goes_on(
    native: tuple[PlannedTypedServer, Make], home: Path, lookup: Tool
) -> None:
    server, make = native
    server.plan(PlannedReply(text="late", wait=0.5))
    agent = Agent(model=make(), tools=[lookup], budget="usd=1", home=home)
    task = asyncio.create_task(agent.run("What?"))
    while not server.bodies:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (run,) = JournalFiles(home).runs
    resumed = await agent.resume(run)
    assert resumed.answer == "7"
    assert resumed.spend.usd > billed(server, make())


@pytest.mark.parametrize("stream", [False, True])
async def test_thinking_stays_below_every_limit_that_a_budget_leaves(
    home: Path, lookup: Tool, stream: bool
) -> None:
    with PlannedAnthropic() as server:
        server.script = two_turns(server, Usage(input=100, output=20, reasoning=1000))
        policy = anthropic(server.url, stream=stream, thinking=1024, max_output=4000)
        price = PriceBook().model(policy.name)
        assert price is not None
        for calls in range(2, 12):
            limit = calls * price.bound(500, 1300)
            agent = Agent(model=policy, tools=[lookup], budget=f"usd={limit}", home=home)
            try:
                result = await agent.run("What?")
            except BudgetError:
                continue
            assert result.spend.usd <= limit
    assert server.bodies
    assert all(body["max_tokens"] > 1024 for body in server.bodies)
    assert len({body["max_tokens"] for body in server.bodies}) > 1


async def test_a_budget_without_room_to_think_is_refused_before_any_hold(
    home: Path, lookup: Tool
) -> None:
    with PlannedAnthropic() as server:
        policy = anthropic(server.url, thinking=2048)
        agent = Agent(model=policy, tools=[lookup], budget="output_tokens=1500", home=home)
        with pytest.raises(BudgetError):
            await agent.run("What?")
    assert server.bodies == []
