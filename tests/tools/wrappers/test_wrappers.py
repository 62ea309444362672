"""Each wrapper changes one thing; money, approval and secrets as a real run sees them."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import urllib.parse
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command
from reading import cost, denied

from outlay.agent import Agent, Result
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.errors import ToolError, UsageError
from outlay.ledger.usage import Usage
from outlay.planners import State
from outlay.policies import ScriptedPolicy
from outlay.tools import Tool, ToolContext, recall, tool
from outlay.tools.wrappers import (
    ApprovalRequest,
    approve_harmless,
    approved,
    by_interrupt,
    cached,
    filtered,
    limited,
    prefixed,
    rate_limited,
    redacted,
    retried,
)  # fmt: skip

USAGE = Usage(input=10, output=5)
ran: list[str] = []


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    ran.clear()


@tool(price="0.002", read_only=True)
def look(name: str) -> str:
    """Looks something up."""
    ran.append(name)
    return f"{name} is here"


@tool(price="0.01")
def send(name: str) -> str:
    """Sends something away."""
    ran.append(name)
    return "sent"


def calling(*calls: tuple[str, dict[str, Any]]) -> Callable[[Request], Reply]:
    """A policy that makes the calls one by one and then answers."""

    def script(request: Request) -> Reply:
        turn = sum(message.role == "tool" for message in request.messages)
        if turn >= len(calls) or request.tool_choice == "none":
            return Reply(Message("assistant", "Answer: done"), USAGE)
        name, arguments = calls[turn]
        call = ToolCall(f"c{turn}", name, json.dumps(arguments))
        return Reply(Message("assistant", "", (call,)), USAGE)

    return script


async def run(
    home: Path, tools: list[Tool], *calls: tuple[str, dict[str, Any]], budget: str = "usd=1"
) -> tuple[Result, list[str]]:
    agent = Agent(model=ScriptedPolicy(calling(*calls)), tools=tools, budget=budget, home=home)
    result = await agent.run("go")
    replayed = await agent.replay(result.run)
    assert replayed.trajectory == result.trajectory
    return result, [m.content for m in result.trajectory if m.role == "tool"]


async def test_a_hit_is_free_and_booked_so(tmp_path: Path) -> None:
    tools = [cached(look, tmp_path / "cache")]
    calls = [("look", {"name": "Ada"}), ("look", {"name": "Ada"}), ("look", {"name": "Bo"})]
    result, shown = await run(tmp_path, tools, *calls)
    assert shown == ["Ada is here", "Ada is here", "Bo is here"]
    assert ran == ["Ada", "Bo"]
    assert result.spend.usd == Decimal("0.004")
    assert result.spend["tool_calls.look"] == 3


async def test_the_same_arguments_in_another_order_are_a_hit(
    tmp_path: Path, context: ToolContext
) -> None:
    @tool(price=1, read_only=True)
    def add(a: int, b: int) -> int:
        """Adds."""
        return a + b

    kept = cached(add, tmp_path)
    await kept.run(ToolCall("1", "add", '{"a": 1, "b": 2}'), context)
    assert cost(kept, '{"b":2,"a":1}') == 0
    assert cost(kept, '{"a": 1, "b": 3}') == 1


async def test_errors_and_torn_entries_are_asked_again(
    tmp_path: Path, context: ToolContext
) -> None:
    tries: list[int] = []

    @tool(price=0, read_only=True)
    def shy() -> str:
        """Fails at first."""
        tries.append(1)
        if len(tries) == 1:
            raise ToolError("not yet")
        return "now"

    kept = cached(shy, tmp_path)
    call = ToolCall("1", "shy", "{}")
    assert (await kept.run(call, context)).error
    assert (await kept.run(call, context)).text == "now"
    for entry in tmp_path.iterdir():
        entry.write_bytes(b'{"te')
    assert (await kept.run(call, context)).text == "now"
    assert len(tries) == 3


@pytest.mark.parametrize("wrap", [lambda t: cached(t, "x"), retried])
def test_side_effects_are_neither_cached_nor_retried(wrap: Callable[[Tool], Tool]) -> None:
    with pytest.raises(UsageError, match="'send' is not read-only"):
        wrap(send)


async def test_each_try_has_a_hold_of_its_own(tmp_path: Path) -> None:
    tries: list[int] = []

    @tool(price="0.01", read_only=True)
    def flaky() -> str:
        """Fails twice."""
        tries.append(1)
        if len(tries) < 3:
            raise ToolError("busy")
        return "at last"

    result, shown = await run(tmp_path, [retried(flaky, 3, pause=0.001)], ("flaky", {}))
    assert shown == ["at last"]
    assert result.spend.usd == Decimal("0.03")


async def test_tries_end_with_the_money(tmp_path: Path) -> None:
    @tool(price="0.01", read_only=True)
    def broken() -> str:
        """Always fails."""
        raise ToolError("busy")

    tools = [retried(broken, 9, pause=0.001)]
    result, shown = await run(tmp_path, tools, ("broken", {}), budget="usd=0.025")
    assert result.spend.usd == Decimal("0.02")
    assert shown[0].startswith("Not run: the run has 0.005 of 0.025 usd left")


async def test_at_most_two_at_once(tmp_path: Path) -> None:
    under_way = most = 0

    @tool(price=0, read_only=True)
    async def slow(name: str) -> str:
        """Takes a while."""
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return name

    def batch(request: Request) -> Reply:
        if any(message.role == "tool" for message in request.messages):
            return Reply(Message("assistant", "Answer: done"), USAGE)
        calls = (ToolCall(f"c{n}", "slow", json.dumps({"name": f"{n}"})) for n in range(8))
        return Reply(Message("assistant", "", tuple(calls)), USAGE)

    agent = Agent(
        model=ScriptedPolicy(batch), tools=[limited(slow, 2)], budget="tool_calls=9", home=tmp_path
    )
    result = await agent.run("go")
    assert [m.content for m in result.trajectory if m.role == "tool"] == list("01234567")
    assert most == 2


async def test_a_rate_is_kept_by_waiting(context: ToolContext) -> None:
    now = 0.0
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    steady = rate_limited(look, 2, 60, clock=lambda: now)
    call = ToolCall("1", "look", '{"name": "x"}')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "sleep", sleep)
        for _ in range(5):
            assert await denied(steady, call, context) is None
    assert slept == [60, 60, 120]


async def test_names_with_a_prefix_and_some_of_many(tmp_path: Path) -> None:
    both = prefixed([look, send], "web")
    assert [each.spec.name for each in both] == ["web_look", "web_send"]
    harmless = filtered(both, lambda spec: spec.read_only)
    result, shown = await run(
        tmp_path, harmless, ("web_look", {"name": "Ada"}), budget="usd=1,web_look=3"
    )
    assert shown == ["Ada is here"]
    assert result.spend["tool_calls.web_look"] == 1
    with pytest.raises(UsageError, match="choose a shorter prefix"):
        prefixed([look], "p" * 64)


async def test_only_true_approves(tmp_path: Path) -> None:
    asked: list[ApprovalRequest] = []

    def ask(question: ApprovalRequest) -> Any:
        asked.append(question)
        return "yes" if question.arguments.count("Bo") else True

    tools = [approved(send, ask), approved(look, ask, above="0.005")]
    calls = [("send", {"name": "Ada"}), ("send", {"name": "Bo"}), ("look", {"name": "C"})]
    result, shown = await run(tmp_path, tools, *calls)
    assert shown == ["sent", "Not run: this call of send was not approved.", "C is here"]
    assert ran == ["Ada", "C"]
    assert [(q.tool, q.usd) for q in asked] == [("send", Decimal("0.01"))] * 2
    assert result.spend.usd == Decimal("0.012")


async def test_who_approves_sees_the_price_that_is_booked(tmp_path: Path) -> None:
    asked: list[ApprovalRequest] = []
    prices = tmp_path / "prices.toml"
    prices.write_text("[tools.send]\ncall = 5\n")
    agent = Agent(
        model=ScriptedPolicy(calling(("send", {"name": "Ada"}))), budget="usd=9", home=tmp_path,
        tools=[approved(send, lambda question: asked.append(question) or False)],
        prices=prices,
    )  # fmt: skip
    result = await agent.run("go")
    assert [question.usd for question in asked] == [Decimal(5)]
    assert (result.spend.usd, ran) == (Decimal(0), [])


async def test_nobody_is_asked_about_a_price_that_cannot_be_told(tmp_path: Path) -> None:
    @tool(price=lambda parts: Decimal(1) / parts)
    def split(parts: int) -> str:
        """Splits."""
        return "split"

    asked = approved(split, lambda question: pytest.fail("asked"))
    _, shown = await run(tmp_path, [asked], ("split", {"parts": 0}))
    assert "the price function of tool 'split' failed" in shown[0]


def test_yes_covers_no_side_effect_that_costs_money() -> None:
    assert approve_harmless(ApprovalRequest("look", "{}", Decimal(5), True))
    assert approve_harmless(ApprovalRequest("note", "{}", Decimal(0), False))
    assert not approve_harmless(ApprovalRequest("send", "{}", Decimal("0.01"), False))
    assert not approve_harmless(ApprovalRequest("send", "{}", None, False))


async def test_a_person_approves_through_an_interrupt(tmp_path: Path) -> None:
    policy = ScriptedPolicy(calling(("send", {"name": "Ada"})))
    agent = Agent(model=policy, tools=[approved(send, by_interrupt)], budget="usd=1", home=tmp_path)
    outer = StateGraph(State)
    outer.add_node("agent", agent.graph)
    outer.add_edge(START, "agent")
    graph = outer.compile(checkpointer=InMemorySaver())
    place: Any = {"configurable": {"thread_id": "1"}}
    stopped = await graph.ainvoke({"task": "go"}, place)
    assert stopped["__interrupt__"][0].value["tool"] == "send"
    assert ran == []
    ended = await graph.ainvoke(Command(resume=True), place)
    assert (ended["status"], ran) == ("answered", ["Ada"])
    assert len(policy.requests) == 2


SECRET = "hunter2-ünïcode-key/+"


@pytest.mark.parametrize(
    "form",
    [
        lambda s: s, lambda s: json.dumps(s), lambda s: urllib.parse.quote(s, safe=""),
        lambda s: base64.b64encode(s.encode()).decode(), lambda s: s.encode().hex(),
        lambda s: base64.b64encode(f"user:{s}".encode()).decode(),
        lambda s: "x" * 19_000 + s * 2_000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("fails", [False, True])
async def test_planted_secrets_reach_nothing(
    form: Callable[[str], str], fails: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    planted = form(SECRET)

    @tool(price=0, read_only=True)
    def leak() -> str:
        """Tells too much."""
        if fails:
            raise RuntimeError(f"401 for {planted}")
        return f"key is {planted}, keep it"

    caplog.set_level(logging.DEBUG)
    result, _ = await run(tmp_path, [redacted(leak, [SECRET]), recall], ("leak", {}))
    written = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    seen = written.decode(errors="replace") + caplog.text + str(result.trajectory)
    core = base64.b64encode(SECRET.encode()).decode()[4:-4]
    for trace in (SECRET, SECRET[:12], urllib.parse.quote(SECRET, safe=""), core):
        assert trace not in seen


def test_a_secret_like_a_word_is_refused() -> None:
    with pytest.raises(UsageError, match="fewer than 4 characters"):
        redacted(look, ["key"])
