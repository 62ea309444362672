"""What users hand over can raise what it likes: no bill is lost by it, and no run."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent
from outlay.journal.events import Event
from outlay.journal.notices import DeniedCall, FailedCall, UnpricedCall
from outlay.journal.records import Message, Observation, Reply, Request, ToolCall
from outlay.ledger.account import Account
from outlay.ledger.budget import Budget
from outlay.ledger.usage import Usage
from outlay.planners import planner
from outlay.policies import ScriptedPolicy
from outlay.testing import LoopbackServer, ScriptedAnswer
from outlay.tools import Tool, ToolContext, tool
from outlay.tools.invocation import Invocation
from outlay.tools.protocol import Wrapper
from outlay.tools.wrappers import ApprovalRequest, approved, retried

PAID = ScriptedAnswer("Answer: 7", prompt_tokens=20, completion_tokens=10)
BILL = Decimal("0.00012")
ENDING = (KeyboardInterrupt, SystemExit)
"""What is meant to end the process: it does, once all is written."""
ERRORS = (ValueError, asyncio.CancelledError, GeneratorExit, *ENDING)


@pytest.mark.parametrize("error", ERRORS)
def test_whoever_hears_of_spending_loses_no_bill(
    error: type[BaseException],
    agent_for: Callable[..., Agent],
    server: LoopbackServer,
    book: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.steps(PAID)
    account, written, heard = Account(Budget.parse("usd=1")), [], []

    def broken(account: Account) -> None:
        written.extend(event.kind for event in book.events("settle"))
        raise error("broken")

    account.on_spend("0.0001", broken)
    account.on_spend("0.0001", lambda account: heard.append(account.spent.usd))
    agent = agent_for(budget="usd=1")
    if error in ENDING:
        with pytest.raises(error):
            agent.run_sync("go", account=account)
    else:
        assert agent.run_sync("go", account=account).answer == "7"
        assert "broken failed when run had spent $0.00012" in caplog.text
    assert (written, heard) == (["settle"], [BILL])
    assert (account.spent.usd, account.held.usd, book.spent.usd) == (BILL, 0, BILL)
    assert book.events()[-1].kind == "run_ended"


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("kind", ["run_started", "hold", "text", "settle", "run_ended"])
def test_a_listener_loses_no_bill(
    kind: str, error: type[BaseException], agent_for: Callable[..., Agent],
    server: LoopbackServer, book: Any,
) -> None:  # fmt: skip
    server.steps(PAID)
    account, heard = Account(Budget.parse("usd=1")), []

    def broken(event: Event) -> None:
        if event.kind == kind:
            raise error("broken")

    agent = agent_for(budget="usd=1", endpoint={"stream": True}, listeners=[broken])
    agent.home.listen(lambda event: heard.append(event.kind))
    if error in ENDING:
        with pytest.raises(error):
            agent.run_sync("go", account=account)
    else:
        assert agent.run_sync("go", account=account).answer == "7"
    agent.home.close()  # writes what has waited for a hold
    assert account.held.usd == 0
    assert account.spent.usd == (book.spent.usd if book.runs else 0)
    assert [name for name in heard if name != "text"] == [event.kind for event in book.events()]
    if kind in ("settle", "run_ended"):
        assert account.spent.usd == BILL


async def test_a_settled_bill_is_on_the_account_when_listeners_hear_of_it(
    agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    server.steps(PAID)
    account, seen = Account(Budget.parse("usd=1")), []

    def listen(event: Event) -> None:
        if event.kind == "settle":
            seen.append(account.spent.usd)

    await agent_for(budget="usd=1").run("go", account=account, listen=listen)
    assert seen == [BILL]


@tool(price="0.01", name="look")
def look(name: str) -> str:
    """Looks something up.

    Args:
        name: what to look up.
    """
    return f"{name} is here"


class Foreign(Wrapper):
    """A tool that breaks its promise and raises."""

    def __init__(self, inner: Tool, breaks: str) -> None:
        super().__init__(inner)
        self._breaks = breaks

    def cost(self, call: Invocation) -> Decimal | None:
        if self._breaks == "price":
            return "free"  # type: ignore[return-value]
        return self.inner.cost(call)

    async def run(self, call: ToolCall, context: ToolContext) -> Observation:
        if self._breaks == "run":
            raise TimeoutError("the disk sleeps")
        return await self.inner.run(call, context)


def unwilling(question: ApprovalRequest) -> bool:
    raise RuntimeError("nobody is there")


def _unsure(failed: Observation) -> bool:
    raise RuntimeError("no idea")


@tool(price="0.01", read_only=True, name="look")
def failing(name: str) -> str:
    """Fails.

    Args:
        name: of what.
    """
    raise ValueError("no such thing")


@tool(price=lambda name: 1 / 0, name="look")
def priceless(name: str) -> str:
    """Is never run.

    Args:
        name: of what.
    """
    return name


def speaker() -> ScriptedPolicy:
    def script(request: Request) -> Reply:
        if any(message.role == "tool" for message in request.messages):
            message = Message("assistant", "Answer: done")
        elif request.tool_choice == "none":
            message = Message("assistant", '{"decision": "go", "why": ""}')
        else:
            call = ToolCall("c0", "look", json.dumps({"name": "x"}))
            message = Message("assistant", "", (call,))
        return Reply(message, Usage(input=9, output=3))

    return ScriptedPolicy(script)


@pytest.mark.parametrize("way", ["react", "react:critic=0", "react:critic=0.5", "sequential"])
@pytest.mark.parametrize(
    ("broken", "notice", "usd"),
    [
        (approved(look, unwilling), DeniedCall, "0"),
        (Foreign(look, "price"), UnpricedCall, "0"),
        (priceless, UnpricedCall, "0"),
        (Foreign(look, "run"), FailedCall, "0.01"),
        (retried(failing, 3, when=_unsure), FailedCall, "0.01"),
    ],
    ids=["approver", "no price", "price function", "run", "condition of a retry"],
)
async def test_what_a_tool_raises_is_an_observation(
    broken: Tool, notice: type, usd: str, way: str, home: Path, book: Any
) -> None:
    agent = Agent(model=speaker(), tools=[broken], planner=planner(way), budget="usd=1", home=home)
    result = await agent.run("go")
    assert (result.status, result.answer) == ("answered", "done")
    (shown,) = [message for message in result.trajectory if message.role == "tool"]
    assert isinstance(shown.notice, notice), shown
    assert result.spend.usd == Decimal(usd) == book.spent.usd
    replayed = await agent.replay(result.run)
    assert replayed.trajectory == result.trajectory


async def test_what_keeps_a_call_from_starting_ahead_does_not_break_its_reply(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    call = ToolCall("c0", "look", json.dumps({"name": "x"}))

    async def script(request: Request) -> Reply:
        if request.messages[-1].role == "tool":
            return Reply(Message("assistant", "Answer: done"), Usage(input=9, output=3))
        assert request.on_call is not None
        request.on_call(0, "not a call")  # type: ignore[arg-type]
        return Reply(Message("assistant", "", (call,)), Usage(input=9, output=3))

    agent = Agent(model=ScriptedPolicy(script), tools=[look], budget="usd=1", home=home)
    with caplog.at_level(logging.ERROR):
        result = await agent.run("go")
    assert (result.status, result.answer) == ("answered", "done")


def test_a_batched_call_costs_the_same_by_its_own_price_and_by_a_prices_file(
    home: Path, tmp_path: Path
) -> None:
    @tool(price="0.01", batched="names", name="look")
    def own(names: list[str]) -> str:
        """Looks things up.

        Args:
            names: what to look up.
        """
        return ", ".join(names)

    prices = tmp_path / "prices.toml"
    prices.write_text("[tools.look]\ncall = 0.01\n")
    call = ToolCall("c0", "look", json.dumps({"names": ["a", "b", "c"]}))
    spent = []
    for book in (None, prices):
        agent = Agent(
            model=ScriptedPolicy([call, "Answer: done"]), tools=[own], budget="usd=1,look=3",
            home=home, prices=book,
        )  # fmt: skip
        result = agent.run_sync("go")
        spent.append((result.spend.usd, result.spend["tool_calls.look"]))
    assert spent == [(Decimal("0.03"), 3)] * 2
