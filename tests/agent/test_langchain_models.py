"""LangChain chat models as an agent's policy: budgets hold, and opaque parts come back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typed_server import HttpAnswer, TypedServer

from outlay.agent import Agent, Result
from outlay.ledger.account import Account
from outlay.ledger.budget import Budget
from outlay.ledger.errors import BudgetError, Unpriced
from outlay.ledger.prices.price_book import PriceBook
from outlay.ledger.usage import Usage
from outlay.policies import LangChainPolicy
from outlay.testing import LoopbackServer
from outlay.testing.answers import default_script
from outlay.tools import Tool

pytestmark = pytest.mark.usefixtures("forgotten_clients")

SIGNED = {"type": "thinking", "thinking": "Hm…", "signature": "c2lnbmVk"}


def claude_says(path: str, body: dict[str, Any]) -> HttpAnswer:
    turns = sum(message["role"] == "assistant" for message in body["messages"])
    content: list[dict[str, Any]] = [SIGNED, {"type": "text", "text": "Answer: 7"}]
    if turns < 2 and (body.get("tool_choice") or {}).get("type") != "none":
        call = {"type": "tool_use", "id": f"toolu_{turns}", "name": "lookup"}
        content = [SIGNED, {**call, "input": {"query": f"q{turns}"}}]
    return HttpAnswer(
        {
            "id": f"msg_{turns}", "type": "message", "role": "assistant", "model": body["model"],
            "content": content, "stop_sequence": None,
            "stop_reason": "tool_use" if content[-1]["type"] == "tool_use" else "end_turn",
            "usage": {"input_tokens": 100 + turns, "output_tokens": 20},
        }
    )  # fmt: skip


@pytest.fixture
def claude() -> Iterator[TypedServer]:
    with TypedServer(claude_says) as running:
        yield running


def model(url: str, provider: str, name: str, **options: Any) -> LangChainPolicy:
    return LangChainPolicy(f"{provider}/{name}", base_url=url, api_key="k", timeout=20, **options)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_run_costs_what_the_provider_bills(
    server: LoopbackServer, home: Path, lookup: Tool, stream: bool
) -> None:
    policy = model(server.url, "openai", "gpt-5-mini", stream=stream)
    server.script = lambda body: default_script({**body, "model": "turns-3-calls-2"})
    agent = Agent(model=policy, tools=[lookup], budget="usd=0.05", home=home)
    result = await agent.run("What?")
    assert (result.status, result.answer) == ("answered", "The answer after 3 turns is 42.")
    served = server.served
    price = PriceBook().model("openai/gpt-5-mini")
    billed = Usage(input=served.prompt_tokens, output=served.completion_tokens)
    assert result.spend.usd == price.cost(billed)
    assert (await agent.replay(result.run)).spend == result.spend


async def test_resume_and_fork_give_opaque_parts_back(
    claude: TypedServer, home: Path, lookup: Tool
) -> None:
    policy = model(claude.url, "anthropic", "claude-sonnet-5")
    agent = Agent(model=policy, tools=[lookup], budget="usd=0.05,model_calls=2", home=home)
    first = await agent.run("What?")
    assert first.status == "budget_exhausted"
    resumed = await agent.resume(first.run, add="model_calls=7")
    fork = await agent.fork(resumed.run, 2)
    assert fork.answer == resumed.answer == "7"
    for body in claude.bodies:
        said = [m["content"] for m in body["messages"] if m["role"] == "assistant"]
        assert all(content[0] == SIGNED for content in said)


async def test_eight_runs_on_one_account_never_overspend(
    server: LoopbackServer, home: Path, lookup: Tool
) -> None:
    shared = Account(Budget.parse("usd=0.011"), name="shared")
    policy = model(server.url, "openai", "gpt-5-mini", max_output=1000)
    agent = Agent(model=policy, tools=[lookup], budget="usd=0.011", home=home)
    runs = [agent.run(f"Task {n}", account=shared) for n in range(8)]
    outcomes = await asyncio.gather(*runs, return_exceptions=True)
    assert all(isinstance(outcome, Result | BudgetError) for outcome in outcomes)
    assert any(isinstance(outcome, Result) for outcome in outcomes)
    assert shared.spent.usd <= Budget.parse("usd=0.011").usd
    assert shared.spent["model_calls"] == server.served.replies
    assert not shared.held


def test_without_a_price_there_is_no_budget_in_usd(
    server: LoopbackServer, home: Path, lookup: Tool
) -> None:
    policy = model(server.url, "openai", "nobody-knows-this")
    with pytest.raises(Unpriced, match="langchain:openai/nobody-knows-this"):
        Agent(model=policy, tools=[lookup], budget="usd=1", home=home).run_sync("What?")
