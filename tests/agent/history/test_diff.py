"""Where two runs part, and what each has cost."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from outlay.agent import Agent, Result, costs, first_divergence
from outlay.journal.records import Message, Reply, ToolCall
from outlay.ledger.usage import Usage
from outlay.policies import ScriptedPolicy
from outlay.policies.scripted import by_turn
from outlay.tools import tool

PRICES = '[models."scripted"]\ninput = 1\noutput = 10\n'


@tool(price="0.001", read_only=True, inline=True)
def search(query: str) -> str:
    """Searches."""
    return f"found {query}"


async def played(
    home: Path, queries: list[str], answer: str, planner: str = "react", budget: str = "usd=1"
) -> tuple[Agent, Result]:
    prices = home.parent / "prices.toml"
    prices.write_text(PRICES)
    calls = [ToolCall("c", "search", json.dumps({"query": query})) for query in queries]
    said = [Message("assistant", "", (call,)) for call in calls]
    steps = [
        Reply(message, Usage(input=90, cache_read=10, output=20))
        for message in (*said, Message("assistant", answer))
    ]
    policy = ScriptedPolicy(by_turn(steps), max_output=100)
    agent = Agent(
        model=policy, tools=[search], planner=planner, budget=budget, home=home, prices=prices
    )
    return agent, await agent.run("Where?")


@pytest.mark.parametrize(
    ("queries", "answer", "step", "what", "texts"),
    [
        (["a", "x"], "Answer: 7", 3, "reply", ("→ search", "→ search")),
        (["a", "b"], "Answer: 8", 5, "reply", ("Answer: 7", "Answer: 8")),
        (["a"], "Answer: 7", 3, "reply", ('→ search {"query": "b"}', "Answer: 7")),
    ],
)
async def test_two_runs_part_at_their_first_difference(
    home: Path, queries: list[str], answer: str, step: int, what: str, texts: tuple[str, str]
) -> None:
    agent, one = await played(home, ["a", "b"], "Answer: 7")
    _, other = await played(home, queries, answer)
    found = first_divergence(agent.home.record(one.run), agent.home.record(other.run))
    assert found is not None
    for moment, text in zip((found.first, found.second), texts, strict=True):
        assert moment is not None
        assert (moment.step, moment.what) == (step, what)
        assert moment.text.startswith(text)


async def test_the_same_way_is_no_parting(home: Path) -> None:
    agent, one = await played(home, ["a", "b"], "Answer: 7")
    _, other = await played(home, ["a", "b"], "Answer: 7")
    assert first_divergence(agent.home.record(one.run), agent.home.record(other.run)) is None


async def test_planners_part_in_what_the_policy_is_told(home: Path) -> None:
    agent, one = await played(home, ["a"], "Answer: 7")
    _, other = await played(home, ["a"], "Answer: 7", planner="tracker")
    found = first_divergence(agent.home.record(one.run), agent.home.record(other.run))
    assert found is not None
    assert found.second is not None
    assert (found.second.step, found.second.what) == (1, "prompt")
    assert "<budget>" in found.second.text


async def test_costs_sum_to_what_was_spent(home: Path) -> None:
    agent, result = await played(home, ["a", "b"], "Answer: 7")
    found = costs(agent.home.record(result.run))
    assert {name: cost.calls for name, cost in found.items()} == {"think": 3, "search": 2}
    assert sum((cost.usd for cost in found.values()), Decimal(0)) == result.spend.usd
    assert found["think"].tokens["cache_read"] == 30
    assert sum(found["think"].tokens.values()) == result.spend["tokens"]
