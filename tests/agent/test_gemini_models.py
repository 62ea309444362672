"""Gemini as an agent's policy: budgets hold, and thought signatures come back to the letter."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from gemini_server import check_request, response
from typed_server import HttpAnswer, TypedServer, event

from outlay.agent import Agent, Result
from outlay.ledger.account import Account
from outlay.ledger.budget import Budget
from outlay.ledger.errors import BudgetError
from outlay.policies import Gemini
from outlay.tools import Tool

SIGNATURE = "c2lnbmVkPz8+Pg=="
INPUT, OUTPUT = Decimal("0.000001"), Decimal("0.00001")


def playing(path: str, body: dict[str, Any]) -> HttpAnswer:
    """Calls `lookup` twice and answers; forty tokens of thought each time."""
    check_request(body)
    turns = sum(content["role"] == "model" for content in body["contents"])
    wish = {"functionCall": {"name": "lookup", "args": {"query": f"q{turns}"}}}
    parts: list[dict[str, Any]] = [{**wish, "thoughtSignature": SIGNATURE}]
    if turns >= 2 or body.get("toolConfig"):
        parts = [{"text": "Answer: 7", "thoughtSignature": SIGNATURE}]
    usage = {
        "promptTokenCount": 100 + turns, "candidatesTokenCount": 5, "thoughtsTokenCount": 40,
        "totalTokenCount": 145 + turns,
    }  # fmt: skip
    said = {**response(parts, "STOP", usage), "responseId": f"resp{turns}"}
    return HttpAnswer(events=[event(said)]) if "stream" in path else HttpAnswer(said)


@pytest.fixture
def google() -> Iterator[TypedServer]:
    with TypedServer(playing) as running:
        yield running
        assert running.problems == []


def gemini(google: TypedServer, **options: Any) -> Gemini:
    return Gemini("gemini-3-flash", base_url=google.url, api_key="k", name="priced", **options)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_run_costs_what_google_bills(
    google: TypedServer, home: Path, prices: Path, lookup: Tool, stream: bool
) -> None:
    model = gemini(google, stream=stream)
    agent = Agent(model=model, tools=[lookup], budget="usd=0.05", home=home, prices=prices)
    result = await agent.run("What?")
    assert (result.status, result.answer) == ("answered", "7")
    assert result.spend.usd == (100 + 101 + 102) * INPUT + 3 * 45 * OUTPUT
    assert (await agent.replay(result.run)).spend == result.spend


async def test_resume_and_fork_give_signatures_back(
    google: TypedServer, home: Path, prices: Path, lookup: Tool
) -> None:
    agent = Agent(
        model=gemini(google), tools=[lookup], budget="model_calls=2", home=home, prices=prices
    )
    first = await agent.run("What?")
    assert first.status == "budget_exhausted"
    resumed = await agent.resume(first.run, add="model_calls=7")
    assert (await agent.fork(resumed.run, 2)).answer == "7"
    for body in google.bodies:
        said = [c["parts"] for c in body["contents"] if c["role"] == "model"]
        assert all(parts[0]["thoughtSignature"] == SIGNATURE for parts in said)


async def test_eight_runs_on_one_account_never_overspend(
    google: TypedServer, home: Path, prices: Path, lookup: Tool
) -> None:
    shared = Account(Budget.parse("usd=0.02"), name="shared")
    agent = Agent(
        model=gemini(google, max_output=500), tools=[lookup], budget="usd=0.02", home=home,
        prices=prices,
    )  # fmt: skip
    runs = [agent.run(f"Task {n}", account=shared) for n in range(8)]
    outcomes = await asyncio.gather(*runs, return_exceptions=True)
    assert all(isinstance(outcome, Result | BudgetError) for outcome in outcomes)
    assert any(isinstance(outcome, Result) for outcome in outcomes)
    assert shared.spent.usd <= Decimal("0.02")
    assert shared.spent["model_calls"] == len(google.bodies)
    assert not shared.held
