"""Runs that share an account: nobody starves beside others, and nobody overspends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command

from outlay.agent import Agent, RunLabels
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.account import Account, Hold
from outlay.ledger.amount import Amount
from outlay.ledger.budget import Budget
from outlay.ledger.usage import Usage
from outlay.planners import State
from outlay.policies import ScriptedPolicy
from outlay.testing import LoopbackServer, ScriptedAnswer
from outlay.tools import Tool, tool
from outlay.tools.wrappers import ApprovalRequest, approved, by_interrupt

from .conftest import JournalFiles

USAGE = Usage(input=10, output=5)
RUNS = 10


def paid(ran: list[str], *, read_only: bool = True, price: str = "0.001") -> Tool:
    @tool(price=price, read_only=read_only)
    def search(query: str) -> str:
        """Searches.

        Args:
            query: what to look for.
        """
        ran.append(query)
        return f"{query} is here"

    return search


def searches(*queries: str) -> Callable[[Request], Reply]:
    """Returns a policy that makes these calls at once, and then answers."""

    def decide(request: Request) -> Reply:
        if any(message.role == "tool" for message in request.messages):
            return Reply(Message("assistant", "Answer: done"), USAGE)
        wishes = enumerate(queries)
        calls = (ToolCall(f"c{n}", "search", json.dumps({"query": q})) for n, q in wishes)
        return Reply(Message("assistant", "", tuple(calls)), USAGE)

    return decide


async def together(agent: Agent, account: Account, runs: int = RUNS) -> list[Any]:
    return await asyncio.gather(
        *(agent.run("go", account=account, labels=RunLabels(repeat=n)) for n in range(runs))
    )


def one_search(body: dict[str, Any]) -> ScriptedAnswer:
    if any(message["role"] == "tool" for message in body["messages"]):
        return ScriptedAnswer(content="Answer: done")
    return ScriptedAnswer(
        content="I search.", tool_calls=({"name": "search", "arguments": {"query": "x"}},)
    )


@pytest.mark.parametrize("stream", [False, True])
async def test_tool_calls_do_not_starve_beside_the_calls_of_others(
    server: LoopbackServer, agent_for: Callable[..., Agent], book: JournalFiles, stream: bool
) -> None:
    """At 81ca84b the tool ran 3 of 10 times here: each open policy call holds 4,096 tokens."""
    server.script = one_search
    ran: list[str] = []
    tools = [paid(ran, price="0.005")]
    agent = agent_for(endpoint={"stream": stream}, tools=tools, budget="usd=1")
    alone = (await agent.run("go")).cost
    assert alone is not None
    ran.clear()
    account = Account(Budget(usd=RUNS * alone * Decimal("1.2")), name="total")
    results = await together(agent, account)
    assert [result.answer for result in results] == ["done"] * RUNS
    assert len(ran) == RUNS
    assert account.spent.usd == sum(result.cost for result in results)
    assert book.events("refused") == []


async def test_eight_runs_on_one_account_never_overshoot(
    server: LoopbackServer, agent_for: Callable[..., Agent], served_usd: Callable[[], Decimal]
) -> None:
    ran: list[str] = []
    server.script = one_search
    agent = agent_for(tools=[paid(ran)], budget="usd=1")
    for cents in ("0.3", "0.6", "1.1", "2.5", "4"):
        account = Account(Budget(usd=Decimal(cents) / 100), name="total")
        before = served_usd() + Decimal("0.001") * len(ran)
        await asyncio.gather(
            *(agent.run("go", account=account) for _ in range(8)), return_exceptions=True
        )
        billed = served_usd() + Decimal("0.001") * len(ran) - before
        assert billed == account.spent.usd <= Decimal(cents) / 100


async def test_calls_side_by_side_of_two_runs_do_not_lock_each_other_out(home: Path) -> None:
    """Each could hold one of its two calls and wait for the other for ever."""
    ran: list[str] = []
    agent = Agent(
        model=ScriptedPolicy(searches("a", "b")),
        tools=[paid(ran, price="0.01")], budget="usd=1", home=home,
    )  # fmt: skip
    account = Account(Budget(usd="0.04"), name="total")
    other = account.child()
    elsewhere = other.try_hold(Amount({"usd": Decimal("0.01")}), soft=("usd",))
    assert isinstance(elsewhere, Hold)
    running = asyncio.create_task(together(agent, account, 2))
    await asyncio.sleep(0.1)
    other.release(elsewhere)
    assert [result.answer for result in await running] == ["done", "done"]
    assert len(ran) == 4


async def test_a_blocked_tool_call_waits_for_its_money(home: Path, book: JournalFiles) -> None:
    ran: list[str] = []
    agent = Agent(model=ScriptedPolicy(searches("a")), tools=[paid(ran)], budget="usd=1", home=home)
    account = Account(Budget(usd="0.0015"), name="total")
    other = account.child()
    elsewhere = other.try_hold(Amount({"usd": Decimal("0.001")}), soft=("usd",))
    assert isinstance(elsewhere, Hold)
    running = asyncio.create_task(agent.run("go", account=account))
    while not any(event.kind == "settle" for event in book.events()):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert (ran, running.done()) == ([], False)
    other.settle(elsewhere, Amount({"usd": Decimal("0.0004")}))
    assert (await running).answer == "done"
    assert ran == ["a"]
    assert book.events("refused") == []


async def test_nobody_is_asked_about_a_call_that_cannot_be_paid(home: Path) -> None:
    asked: list[ApprovalRequest] = []
    ran: list[str] = []
    search = approved(
        paid(ran, read_only=False, price="0.02"), lambda question: asked.append(question) or True
    )
    agent = Agent(model=ScriptedPolicy(searches("a")), tools=[search], budget="usd=0.01", home=home)
    result = await agent.run("go")
    assert (asked, ran, result.spend.usd) == ([], [], 0)


@pytest.mark.parametrize("answer", [True, False])
async def test_the_money_is_held_while_somebody_is_asked(home: Path, answer: bool) -> None:
    account = Account(Budget(usd="0.05"), name="total")
    ran: list[str] = []
    held: list[Decimal] = []

    async def ask(question: ApprovalRequest) -> bool:
        held.append(account.held.usd)
        await asyncio.sleep(0)
        return answer

    search = approved(paid(ran, read_only=False, price="0.02"), ask)
    agent = Agent(model=ScriptedPolicy(searches("a")), tools=[search], budget="usd=1", home=home)
    result = await agent.run("go", account=account)
    assert held == [Decimal("0.02")]
    assert (account.held.usd, result.spend.usd) == (0, Decimal("0.02") if answer else 0)


async def test_an_answer_never_goes_to_another_question_when_the_money_has_gone(
    home: Path,
) -> None:
    """The graph stops for the first call; when it goes on, the budget cannot pay that call."""
    ran: list[str] = []
    price = [Decimal("0.01")]

    @tool(price=lambda query: price[0] if query == "a" else Decimal("0.01"))
    def search(query: str) -> str:
        """Searches."""
        ran.append(query)
        return "found"

    agent = Agent(
        model=ScriptedPolicy(searches("a", "b")), tools=[approved(search, by_interrupt)],
        budget="usd=0.05", home=home,
    )  # fmt: skip
    outer = StateGraph(State)
    outer.add_node("agent", agent.graph)
    outer.add_edge(START, "agent")
    graph = outer.compile(checkpointer=InMemorySaver())
    place: Any = {"configurable": {"thread_id": "1"}}
    state = await graph.ainvoke({"task": "go"}, place)
    assert "a" in state["__interrupt__"][0].value["arguments"]
    price[0] = Decimal("1")
    state = await graph.ainvoke(Command(resume=True), place)
    assert "b" in state["__interrupt__"][0].value["arguments"]
    assert ran == []
    await graph.ainvoke(Command(resume=False), place)
    assert ran == []
