"""Whatever is limited, the server never serves more than that, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from outlay.agent import Agent, Result
from outlay.journal.records import ToolCall
from outlay.ledger.account import Account
from outlay.ledger.budget import Budget
from outlay.ledger.errors import BudgetError, BudgetExhausted, Unpriced
from outlay.policies import ScriptedPolicy
from outlay.testing import LoopbackServer, ScriptedAnswer
from outlay.tools import Tool, tool

TURNS = "turns-20-calls-1"


@pytest.fixture
def within(
    server: LoopbackServer, served_usd: Callable[[], Decimal], book: Any
) -> Callable[[Budget], None]:
    """Checks the server's own count against a budget, and that no reply is lost."""

    def check(budget: Budget) -> None:
        served = {
            "usd": served_usd(),
            "input_tokens": server.served.prompt_tokens,
            "output_tokens": server.served.completion_tokens,
            "tokens": server.served.prompt_tokens + server.served.completion_tokens,
            "model_calls": server.served.replies,
        }
        spent = book.spent
        for resource, quantity in served.items():
            assert quantity <= budget.limits.get(resource, quantity), resource
            assert quantity == spent[resource], resource
        assert len(book.replies) == server.served.replies == server.served.requests

    return check


@pytest.mark.parametrize(
    "limit",
    ["usd=0.009", "tokens=4k", "input_tokens=3200", "output_tokens=600", "model_calls=6"],
)
async def test_a_limit_ends_a_run_of_twenty_turns(
    limit: str, agent_for: Callable[..., Agent], within: Callable[[Budget], None]
) -> None:
    result = await agent_for(TURNS, budget=limit).run("What is it?")
    assert result.status == "budget_exhausted"
    assert result.text is not None
    assert result.text.startswith("The answer after")
    assert result.text.endswith("turns is 42.")
    assert result.why
    within(Budget.parse(limit))


@pytest.mark.parametrize(("limit", "calls"), [("tool_calls=5", 5), ("lookup=5", 5)])
async def test_used_up_tools_end_a_run(
    limit: str, calls: int, agent_for: Callable[..., Agent], within: Callable[[Budget], None]
) -> None:
    result = await agent_for(TURNS, budget=limit).run("What is it?")
    assert (result.status, result.answer) == (
        "budget_exhausted", f"The answer after {calls} turns is 42.",
    )  # fmt: skip
    assert result.spend["tool_calls"] == calls
    within(Budget.parse(limit))


@pytest.mark.parametrize("limit", ["usd=0.021", "lookup.usd=0.021"])
async def test_money_of_a_tool(
    limit: str, agent_for: Callable[..., Agent], lookup: Tool, server: LoopbackServer
) -> None:
    dear = tool(name="lookup", price="0.005", read_only=True)(lookup.function)
    free = ScriptedPolicy(by_calling("lookup"))
    agent = Agent(model=free, tools=[dear], budget=limit, home=agent_for(budget=limit).home.path)
    result = await agent.run("What is it?")
    assert result.status == "budget_exhausted"
    assert (result.spend["tool_calls"], result.cost) == (4, Decimal("0.020"))


async def test_a_used_up_tool_is_withdrawn_and_the_run_goes_on(
    agent_for: Callable[..., Agent], server: LoopbackServer, lookup: Tool, book: Any
) -> None:
    other = tool(name="other", price=0, read_only=True)(lookup.function)
    agent = agent_for(budget="lookup=1", tools=[lookup, other])
    server.steps(wishing("lookup"), wishing("other"), ScriptedAnswer("Answer: yes"))
    result = await agent.run("What is it?")
    assert (result.status, result.answer) == ("answered", "yes")
    assert "no longer available: lookup" in server.bodies[1]["messages"][-1]["content"]
    assert [event.body["name"] for event in book.events("withdrawn")] == ["lookup"]


async def test_deadline(agent_for: Callable[..., Agent], server: LoopbackServer, book: Any) -> None:
    result = await agent_for("turns-20-calls-1-wait-100ms", budget="seconds=0.75").run("What?")
    assert result.status == "budget_exhausted"
    assert "deadline" in result.why
    assert 0 < server.served.requests < 20
    assert len(book.model_holds) == server.served.requests
    assert result.spend["tokens"] >= server.served.prompt_tokens + server.served.completion_tokens


async def test_reply_longer_than_asked_closes_the_account(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    server.steps(replace(wishing("lookup"), words=9_000, ignore_limit=True))
    result = await agent_for(TURNS, budget="output_tokens=2k").run("What is it?")
    assert result.status == "budget_exhausted"
    (overrun,) = book.events("overrun")
    assert overrun.body["resource"] == "output_tokens"
    assert overrun.body["billed"] == result.spend["output_tokens"] == 9_007
    assert server.served.requests == 1


async def test_prompt_billed_above_its_bound_closes_the_account(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    server.steps(ScriptedAnswer("Answer: 1", prompt_tokens=50_000))
    result = await agent_for(budget="usd=0.03").run("What is it?")
    assert (result.status, result.answer) == ("answered", "1")
    assert {event.body["resource"] for event in book.events("overrun")} == {"usd"}
    assert result.cost == Decimal("0.05002")


async def test_a_bill_that_was_learned_is_no_overrun_the_next_time(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    agent = agent_for(budget="input_tokens=100k")
    for _ in range(3):
        server.steps(ScriptedAnswer("Answer: 1", prompt_tokens=20_000))
        await agent.run("What is it?")
    assert len(book.events("overrun")) == 1
    assert server.served.replies == 3


@pytest.mark.parametrize("limit", ["tool_calls=2", "lookup=2", "lookup.usd=0.01", "usd=0.014"])
async def test_eight_parallel_calls_against_a_cap_for_two(
    limit: str, agent_for: Callable[..., Agent], book: Any
) -> None:
    ran: list[str] = []

    @tool(price="0.005", read_only=True)
    async def lookup(query: str) -> str:
        """Looks a thing up."""
        ran.append(query)
        await asyncio.sleep(0.01)
        return query

    home = agent_for(budget=limit).home.path
    agent = Agent(
        model=ScriptedPolicy(by_calling("lookup", 8)), tools=[lookup], budget=limit, home=home
    )
    result = await agent.run("What is it?")
    assert sorted(ran) == ["0", "1"]
    assert result.spend["tool_calls"] == 2
    assert result.cost == Decimal("0.010")
    shown = [m.content for m in result.trajectory if m.role == "tool"]
    assert (len(shown), [text[:8] for text in shown[2:]]) == (8, ["Not run:"] * 6)
    assert len(book.events("refused")) >= 6


@pytest.mark.parametrize("again", [None, "the same", "others"])
async def test_calls_that_start_while_the_reply_streams_keep_to_the_cap(
    again: str | None, agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    """Also where the stream is cut and the next try wants the same calls, or others."""
    ran: list[str] = []

    @tool(price="0.005", read_only=True)
    async def lookup(query: str) -> str:
        """Looks a thing up."""
        ran.append(query)
        return query

    wish = wishing("lookup", 8)
    if again is not None:
        server.steps(replace(wish, fault="cut"))
    server.steps(replace(wish, tool_calls=wish.tool_calls[:: -1 if again == "others" else 1]))
    server.steps(ScriptedAnswer("Answer: 7"))
    agent = agent_for(budget="lookup=5,usd=1", tools=[lookup], endpoint={"stream": True})
    result = await agent.run("What is it?")
    assert result.answer == "7"
    assert len(ran) == result.spend["tool_calls"] <= 5
    assert result.spend == book.spent
    replayed = await agent.replay(result.run)
    assert (replayed.trajectory, replayed.spend) == (result.trajectory, result.spend)
    assert len(ran) == result.spend["tool_calls"]


@pytest.mark.parametrize(
    "limit", ["model_calls=2", "model_calls=3", "usd=0.024", "tokens=8k", "output_tokens=1200"]
)
@pytest.mark.parametrize("model", ["m", "turns-2-calls-1-wait-20ms"])
async def test_eight_parallel_agents_against_a_cap_for_two_calls(
    limit: str,
    model: str,
    agent_for: Callable[..., Agent],
    server: LoopbackServer,
    within: Callable[[Budget], None],
) -> None:
    shared = Account(Budget.parse(limit), name="shared")
    agent = agent_for(model, budget=limit)
    runs = [agent.run(f"Task {n}", account=shared) for n in range(8)]
    outcomes = await asyncio.gather(*runs, return_exceptions=True)
    assert all(isinstance(outcome, Result | BudgetError) for outcome in outcomes)
    finished = [outcome for outcome in outcomes if isinstance(outcome, Result)]
    assert finished
    assert {outcome.status for outcome in finished} <= {"answered", "budget_exhausted"}
    within(Budget.parse(limit))
    assert shared.spent["model_calls"] == server.served.replies
    assert not shared.held
    assert not shared.reserved


async def test_what_others_only_hold_is_waited_for(
    agent_for: Callable[..., Agent], within: Callable[[Budget], None]
) -> None:
    """Each call may take all that is left, so one waits for another's bill; none is refused."""
    budget = Budget(usd="0.1", tool_calls=17)
    shared = Account(budget, name="shared")
    agent = agent_for("turns-2-calls-1-wait-10ms", budget="model_calls=4")
    outcomes = await asyncio.gather(*[agent.run(f"Task {n}", account=shared) for n in range(8)])
    assert {outcome.status for outcome in outcomes} == {"answered"}
    within(budget)


async def test_exhausted_is_raised_where_that_is_wanted(agent_for: Callable[..., Agent]) -> None:
    agent = agent_for(TURNS, budget="model_calls=3", raise_on_exhausted=True)
    with pytest.raises(BudgetExhausted, match="ended for want of budget") as caught:
        await agent.run("What is it?")
    assert caught.value.result.status == "budget_exhausted"
    assert caught.value.result.answer == "The answer after 2 turns is 42."


@pytest.mark.parametrize("planner", ["react", "tracker"])
@pytest.mark.parametrize(
    "limit", ["usd=0.0001", "tokens=100", "input_tokens=100", "output_tokens=5", "model_calls=1"]
)
async def test_too_small_a_budget_is_refused_with_the_least_that_works(
    limit: str, planner: str, agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    agent = agent_for(TURNS, budget=limit, planner=planner)
    with pytest.raises(BudgetError, match="it takes at least") as caught:
        await agent.run("What is it?")
    assert (server.served.requests, book.events()) == (0, [])
    least = str(caught.value).rpartition("at least ")[2]
    result = await agent.run("What is it?", budget=least)
    assert result.status == "budget_exhausted"
    assert result.answer == f"The answer after {server.served.requests - 1} turns is 42."


async def test_unpriced_is_an_error_before_anything_is_sent(
    server: LoopbackServer, home: Any, lookup: Tool
) -> None:
    with pytest.raises(Unpriced, match="nameless"):
        Agent(model=f"{server.url}#nameless", budget="usd=1", home=home)
    unpriced = tool(name="lookup")(lookup.function)
    with pytest.raises(Unpriced, match="lookup"):
        Agent(model=ScriptedPolicy(["x"]), budget="usd=1", tools=[unpriced], home=home)
    with pytest.raises(BudgetError, match="serach"):
        Agent(model=ScriptedPolicy(["x"]), budget="serach=1", home=home)


def wishing(name: str, calls: int = 1) -> ScriptedAnswer:
    wish = [{"name": name, "arguments": {"query": str(n)}} for n in range(calls)]
    return ScriptedAnswer("Let me see.", tool_calls=tuple(wish))


def by_calling(name: str, calls: int = 1) -> Callable[[Any], Any]:
    """Returns a script that calls a tool in every turn and answers the wrap-up."""

    def script(request: Any) -> Any:
        if request.tool_choice == "none":
            return "Answer: enough"
        turn = len(request.messages)
        return [ToolCall(f"c{turn}-{n}", name, f'{{"query": "{n}"}}') for n in range(calls)]

    return script
