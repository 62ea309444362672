"""Calls wait for the endpoint's rate before money is held, and the server never has to say 429."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.account import Account
from outlay.ledger.budget import Budget
from outlay.ledger.errors import BudgetError
from outlay.ledger.usage import Usage
from outlay.policies import RateLimit, ScriptedPolicy
from outlay.policies.rate_limits import RateLimiter
from outlay.testing import LoopbackServer, ScriptedAnswer
from outlay.testing.answers import default_script
from outlay.tools import Tool

MINUTE = 0.3


class CountingServer:
    """Answers 429 where more than `rpm` requests came within a minute."""

    def __init__(self, rpm: int) -> None:
        self.rpm = rpm
        self.arrivals: deque[float] = deque()

    def __call__(self, body: dict[str, Any]) -> ScriptedAnswer:
        now = time.monotonic()
        while self.arrivals and self.arrivals[0] <= now - MINUTE:
            self.arrivals.popleft()
        self.arrivals.append(now)
        if len(self.arrivals) > self.rpm:
            return ScriptedAnswer(status=429)
        return default_script({**body, "model": "turns-2-calls-1"})


def limited(agent: Agent, limit: RateLimit, minute: float = MINUTE) -> RateLimiter:
    agent.policy.rate = rate = RateLimiter(limit, minute=minute)  # type: ignore[union-attr]
    return rate


async def test_a_server_that_counts_requests_never_refuses_one(
    agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    agent = agent_for(budget="usd=1")
    await agent.run("Task")  # what is imported at the first call would make it late
    before = server.served.requests
    server.script = CountingServer(rpm=5)
    limited(agent, RateLimit(rpm=5), minute=2 * MINUTE)  # a busy machine sends late
    results = await asyncio.gather(*[agent.run(f"Task {n}") for n in range(6)])
    assert {result.status for result in results} == {"answered"}
    assert (server.served.requests - before, server.served.refused) == (18, 0)


async def test_whoever_waits_for_the_rate_holds_no_money(
    agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    """Two calls fit the money at a time; a waiting one that held any would starve the others."""
    agent = agent_for(budget="usd=1")
    rate = limited(agent, RateLimit(rpm=1), minute=3600)
    shared = Account(Budget.parse("usd=1"), name="shared")
    runs = [asyncio.create_task(agent.run(f"Task {n}", account=shared)) for n in range(4)]
    while server.served.replies < 1 or len(rate._waiters) < 3:
        await asyncio.sleep(0.01)
    assert not shared.held
    for run in runs:
        run.cancel()
    await asyncio.gather(*runs, return_exceptions=True)
    assert not rate._waiters
    assert server.served.requests == 1


async def test_a_turn_after_the_deadline_ends_the_run_at_once(
    agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    agent = agent_for("turns-2-calls-1", budget="usd=1,seconds=600")
    limited(agent, RateLimit(rpm=1), minute=3600)
    result = await agent.run("What?")
    assert result.status == "budget_exhausted"
    assert "due after the deadline" in result.why
    assert server.served.requests == 1


async def test_a_429_pauses_every_caller(
    agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    agent = agent_for(budget="usd=1")
    rate = limited(agent, RateLimit(rpm=1000))
    server.steps(ScriptedAnswer(status=429, headers={"retry-after": "0.2"}))
    result = await agent.run("What?")
    assert result.status == "answered"
    assert rate._paused_until > 0
    assert server.served.requests == 2


async def test_tokens_are_counted_by_the_bill(home: Path, lookup: Tool) -> None:
    model = ScriptedPolicy(lambda _: Reply(Message("assistant", "7"), Usage(input=50, output=5)))
    agent = Agent(model=model, tools=[lookup], budget="model_calls=9", home=home)
    rate = limited(agent, RateLimit(tpm=20_000), minute=3600)
    results = [await agent.run(f"Task {n}") for n in range(20)]
    assert {result.status for result in results} == {"answered"}
    assert sum(turn.tokens for turn in rate._turns) == 20 * 55


class Crowd(ScriptedPolicy):
    """Counts how many calls are under way at the same time."""

    now = most = 0

    async def reply(self, request: Request) -> Reply:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.01)
        self.now -= 1
        return await super().reply(request)


async def test_no_more_calls_are_under_way_than_a_server_has_slots(
    home: Path, lookup: Tool
) -> None:
    policy = Crowd([ToolCall("a", "lookup", '{"query":"x"}')] * 8 + ["done"] * 8)
    agent = Agent(model=policy, tools=[lookup], budget="model_calls=9", home=home)
    limited(agent, RateLimit(at_once=2))
    results = await asyncio.gather(*[agent.run(f"Task {n}") for n in range(8)])
    assert {result.status for result in results} == {"answered"}
    assert policy.most == 2


@pytest.mark.parametrize("times", ["20", "60", "200"])
async def test_slots_and_a_tight_account_do_not_lock_each_other_out(
    agent_for: Callable[..., Agent], server: LoopbackServer, times: str
) -> None:
    """Who has the slot may wait for money that is kept back by one who waits for the slot."""
    server.script = lambda body: replace(
        default_script({**body, "model": "turns-2-calls-1"}), wait=0.01
    )
    agent = agent_for(budget="usd=1", endpoint={"max_output": 200})
    alone = (await agent.run("Task")).cost
    assert alone is not None
    limited(agent, RateLimit(at_once=1))
    total = Decimal(times) * alone
    account = Account(Budget(usd=total), name="total")
    async with asyncio.timeout(60):
        ends = await asyncio.gather(
            *[agent.run(f"Task {n}", account=account) for n in range(6)], return_exceptions=True
        )
    answered = [end for end in ends if not isinstance(end, BaseException)]
    assert {end.status for end in answered} <= {"answered", "budget_exhausted"}
    assert account.spent.usd <= total
    if times == "200":
        assert len(answered) == 6


async def test_an_account_without_money_for_a_call_is_named(
    agent_for: Callable[..., Agent],
) -> None:
    account = Account(Budget(usd="0.00001"), name="total")
    with pytest.raises(BudgetError, match=r"the budget \(total\) cannot pay for one call"):
        await agent_for(budget="usd=1").run("Task", account=account)
