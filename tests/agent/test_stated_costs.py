"""What a provider says that it charges is what is booked, and later holds cover it."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from raw_server import JSON, TEXT, USAGE, WHOLE, events, raw_server

from outlay.agent import Agent, Home
from outlay.testing import LoopbackServer, ScriptedAnswer

Ask = Callable[..., Any]

COMPUTED = Decimal("0.0015")


def told(**usage: Any) -> dict[str, Any]:
    return {**USAGE, **usage}


STATED: dict[str, tuple[dict[str, Any], str]] = {
    "OpenRouter": (told(cost=0.0123), "0.0123"),
    "cheaper than the prices say": (told(cost=0.0003), "0.0003"),
    "a key of one's own": (
        told(cost=0.001, is_byok=True, cost_details={"upstream_inference_cost": 0.0113}),
        "0.0123",
    ),
    "Perplexity": (told(cost={"total_cost": 0.0123, "input_tokens_cost": 0.01}), "0.0123"),
    "xAI": (told(cost_in_usd_ticks=123_000_000), "0.0123"),
    "nothing": (told(), "0.0015"),
    "no cost": (told(cost=None), "0.0015"),
    "0 is no statement": (told(cost=0), "0.0015"),
    "below 0": (told(cost=-1), "0.0015"),
    "a text": (told(cost="free"), "0.0015"),
    "other money": (told(cost={"total_cost": 0.0123, "currency": "EUR"}), "0.0015"),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("case", STATED)
async def test_the_stated_cost_is_settled(case: str, stream: bool, ask: Ask, book: Any) -> None:
    usage, usd = STATED[case]
    body = json.dumps({**WHOLE, "usage": usage}).encode()
    if stream:
        body = events(TEXT, {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": usage})
    async with raw_server(body, JSON) as raw:
        result = await ask(raw, stream=stream)
    (settle,) = book.events("settle")
    parts = {name: Decimal(part) for name, part in settle.body["usd_by_class"].items()}
    assert (result.status, Decimal(settle.body["usd"])) == ("answered", Decimal(usd))
    assert result.cost == Decimal(usd)
    assert sum(parts.values()) == Decimal(usd)
    assert sum(parts.values()) - parts.get("correction", 0) == COMPUTED
    assert not book.events("overrun")


def answers(count: int, **usage: Any) -> list[ScriptedAnswer]:
    calls = ({"name": "lookup", "arguments": {"query": "x"}},)
    *first, last = (told(**usage) for _ in range(count))
    return [
        *(ScriptedAnswer(tool_calls=calls, usage=one) for one in first),
        ScriptedAnswer("Answer: 7", usage=last),
    ]


LITTLE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
STALE = {**LITTLE, "cost": 0.0024}
"""Eight times the $0.0003 that the prices make of it."""


async def test_stale_prices_are_a_factor_of_later_holds(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    server.steps(*answers(3, **STALE))
    result = await agent_for(budget="usd=2").run("What is it?")
    assert (result.status, result.cost) == ("answered", Decimal("0.0072"))
    assert not book.events("overrun")
    first, *later = book.model_holds
    assert "factor" not in first.body
    for hold in later:
        assert Decimal(hold.body["factor"]) == 8
        price = Decimal(hold.body["input_tokens"]) + 10 * Decimal(hold.body["output_tokens"])
        assert Decimal(hold.body["usd"]) == 8 * price / 10**6


async def test_a_later_bill_within_the_raised_hold_is_no_overrun(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    agent = agent_for(budget="usd=2", endpoint={"max_output": 50})
    large = {**STALE, "completion_tokens": 50, "total_tokens": 150, "cost": 0.0048}
    little = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12, "cost": 0.00024}
    server.steps(ScriptedAnswer("Answer: 7", usage=little))
    assert (await agent.run("What is it?")).status == "answered"
    server.steps(ScriptedAnswer("Answer: 7", usage=large))
    assert (await agent.run("What is it?")).status == "answered"
    first, second = book.model_holds
    assert Decimal(first.body["usd"]) < Decimal("0.0048") <= Decimal(second.body["usd"])
    assert not book.events("overrun")


async def test_a_bill_above_its_hold_is_an_overrun(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    server.steps(ScriptedAnswer("Answer: 7", usage={**LITTLE, "cost": 0.9}))
    await agent_for(budget="usd=2").run("What is it?")
    (overrun,) = book.events("overrun")
    assert (overrun.body["resource"], Decimal(overrun.body["billed"])) == ("usd", Decimal("0.9"))


async def test_a_run_replays_and_supposes_at_stated_costs(
    agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    server.steps(*answers(3, **STALE))
    agent = agent_for(budget="usd=2")
    result = await agent.run("What is it?")
    again = await agent.replay(result.run)
    assert (again.answer, again.cost) == ("7", result.cost)
    supposed = await agent_for(budget="usd=2").what_if(result.run, budget="usd=1.9")
    assert supposed.exact, supposed.why


async def test_sql_has_both(ask: Ask, home: Path) -> None:
    body = json.dumps({**WHOLE, "usage": told(cost=0.0123)}).encode()
    async with raw_server(body, JSON) as raw:
        await ask(raw, stream=False)
    store = Home.at(home).store
    found = store.query("select usd, usd - usd_correction from calls").rows
    assert [tuple(row) for row in found] == [(Decimal("0.0123"), COMPUTED)]


async def test_litellm_states_it_in_a_header(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    headers = {"x-litellm-response-cost": "0.0123"}
    server.steps(ScriptedAnswer("Answer: 7", usage=USAGE, headers=headers))
    result = await agent_for(budget="usd=1").run("What is it?")
    assert result.cost == Decimal("0.0123")
