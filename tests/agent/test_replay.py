"""A recorded run is replayed for free, resumed without paying twice, and drift is named."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent, AgentOptions, Result
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.errors import DriftError, UsageError
from outlay.ledger.usage import Usage
from outlay.policies import ScriptedPolicy
from outlay.testing import LoopbackServer, ScriptedAnswer
from outlay.tools import Tool, tool

SOON = {"retry-after": "0"}
WISH = {"name": "lookup", "arguments": {"query": "a"}}
UNKNOWN = {"name": "nothing", "arguments": {}}
BROKEN = {"name": "lookup", "arguments": '{"query": '}

STORIES: dict[str, tuple[str, list[ScriptedAnswer]]] = {
    "answered": ("usd=1", [ScriptedAnswer(tool_calls=(WISH, WISH)), ScriptedAnswer("Answer: 7")]),
    "answered at once": ("usd=1", [ScriptedAnswer("Answer: 7")]),
    "refused and lost tries": (
        "usd=1",
        [
            ScriptedAnswer(status=429, headers=SOON),
            ScriptedAnswer(status=500, headers=SOON),
            ScriptedAnswer("Answer: 7"),
        ],
    ),
    "unknown tool": (
        "usd=1",
        [ScriptedAnswer(tool_calls=(UNKNOWN, WISH)), ScriptedAnswer("Answer: 7")],
    ),
    "exhausted": (
        "model_calls=3",
        [ScriptedAnswer(tool_calls=(WISH,))] * 2 + [ScriptedAnswer("Answer: 7")],
    ),
    "refused tools": (
        "lookup=1",
        [ScriptedAnswer(tool_calls=(WISH,) * 3), ScriptedAnswer("Answer: 7")],
    ),
    "overrun": (
        "output_tokens=700",
        [ScriptedAnswer(words=6_000, ignore_limit=True, tool_calls=(WISH,))],
    ),
    "malformed": ("usd=1", [ScriptedAnswer("Hm.", tool_calls=(BROKEN,))] * 3),
    "no bill": (
        "usd=1",
        [ScriptedAnswer(tool_calls=(WISH,), fault="drop_usage"), ScriptedAnswer("Answer: 7")],
    ),
    "failed": ("usd=1", [ScriptedAnswer(status=401)]),
}


@pytest.mark.parametrize("planner", ["react", "tracker"])
@pytest.mark.parametrize("story", STORIES)
async def test_replay_is_free_and_the_same(
    story: str,
    planner: str,
    agent_for: Callable[..., Agent],
    server: LoopbackServer,
    book: Any,
) -> None:
    budget, steps = STORIES[story]
    server.steps(*steps)
    agent = agent_for(budget=budget, planner=planner)
    first = await agent.run("What is it?")
    served, events = server.served.requests, len(book.events())
    again = await agent_for(budget=budget, planner=planner).replay(first.run)
    assert same(first) == same(again)
    assert (server.served.requests, len(book.events())) == (served, events)


@pytest.mark.parametrize("story", ["answered", "exhausted"])
async def test_resuming_an_ended_run_returns_what_it_said(
    story: str, agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    budget, steps = STORIES[story]
    server.steps(*steps)
    agent = agent_for(budget=budget)
    first = await agent.run("What is it?")
    served, events = server.served.requests, len(book.events())
    assert same(await agent.resume(first.run)) == same(first)
    assert (server.served.requests, len(book.events())) == (served, events)


async def test_drift_is_named_and_nothing_is_sent(
    agent_for: Callable[..., Agent], server: LoopbackServer, lookup: Tool
) -> None:
    server.steps(ScriptedAnswer(tool_calls=(WISH,)), ScriptedAnswer("Answer: 7"))
    agent = agent_for(budget="usd=1")
    run = (await agent.run("What is it?")).run
    served = server.served.requests
    changed = {
        "prompt": agent_for(budget="usd=1", options=AgentOptions(system="Be brief.")),
        "tools": agent_for(budget="usd=1", tools=[]),
        "one more tool": agent_for(
            budget="usd=1", tools=[lookup, tool(name="b", price=0)(lookup.function)]
        ),
        "temperature": agent_for(budget="usd=1", options=AgentOptions(temperature=0.5)),
        "planner": agent_for(budget="usd=1", planner="tracker"),
        "model": Agent(
            model=ScriptedPolicy(["x"], name="other"), tools=[lookup], budget="tokens=10k",
            home=agent.home.path,
        ),
    }  # fmt: skip
    for name, other in changed.items():
        with pytest.raises(DriftError) as caught:
            await other.replay(run)
        assert f"run {run}" in str(caught.value), name
        assert "\n" not in str(caught.value)
    assert server.served.requests == served


async def test_drift_stops_a_resumed_run_too(
    agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    server.steps(ScriptedAnswer(tool_calls=(WISH,)), ScriptedAnswer(status=401))
    run = (await agent_for(budget="usd=1").run("What is it?")).run
    other = agent_for(budget="usd=1", options=AgentOptions(system="Be brief."))
    with pytest.raises(DriftError, match="something else"):
        await other.resume(run)
    assert server.served.requests == 2
    server.steps(ScriptedAnswer("Answer: 7"))
    assert (await agent_for(budget="usd=1").resume(run)).answer == "7"


async def test_more_budget_goes_on_and_keeps_the_spend(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    agent = agent_for("turns-6-calls-1", budget="model_calls=3")
    first = await agent.run("What is it?")
    assert (first.status, first.spend["model_calls"]) == ("budget_exhausted", 3)
    second = await agent.resume(first.run, add="model_calls=2")
    assert (second.status, second.spend["model_calls"]) == ("budget_exhausted", 5)
    third = await agent.resume(first.run, add="model_calls=20")
    assert (third.status, third.answer) == ("answered", "The answer after 6 turns is 42.")
    assert third.spend["model_calls"] == server.served.requests == len(book.model_holds)
    assert third.spend["tool_calls"] == 6
    again = await agent.replay(first.run)
    assert same(again) == same(third)


async def test_more_of_something_else_does_not_help(
    agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    agent = agent_for("turns-6-calls-1", budget="model_calls=3")
    first = await agent.run("What is it?")
    second = await agent.resume(first.run, add="usd=5")
    assert second.status == "budget_exhausted"
    assert server.served.requests == 3


async def test_a_fresh_budget_per_invocation(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    agent = agent_for("turns-4-calls-1", budget="model_calls=3")
    first = await agent.run("What is it?")
    second = await agent.resume(first.run, mode="per_invocation")
    assert second.status == "answered" or second.spend["model_calls"] == 3
    assert book.spent["model_calls"] == server.served.requests
    modes = [event.body["mode"] for event in book.events("run_resumed")]
    assert modes == ["per_invocation"]


async def test_wrong_wishes_are_one_clear_error(agent_for: Callable[..., Agent]) -> None:
    agent = agent_for(budget="usd=1")
    with pytest.raises(UsageError, match="there is no run 'nowhere'"):
        await agent.resume("nowhere")
    with pytest.raises(UsageError, match="neither cumulative nor per_invocation"):
        await agent.resume("nowhere", mode="anew")


async def test_a_run_of_this_process_is_not_taken_over(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    server.steps(ScriptedAnswer("Answer: 7", wait=0.3))
    agent = agent_for(budget="usd=1")
    running = asyncio.create_task(agent.run("What is it?"))
    while not server.served.requests:
        await asyncio.sleep(0.005)
    with pytest.raises(UsageError, match="being driven by a live process"):
        await agent_for(budget="usd=1").resume(book.runs[0])
    assert (await running).answer == "7"


def test_a_run_of_another_process_is_not_taken_over(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any, home: Path
) -> None:
    asked, released = threading.Event(), threading.Event()

    def script(body: dict[str, Any]) -> ScriptedAnswer:
        asked.set()
        assert released.wait(60)
        return ScriptedAnswer("Answer: 42")

    server.script = script
    order: dict[str, Any] = {"home": str(home), "url": server.url, "task": "What?", "run": None}
    order["kill_at"] = None
    victim = Path(__file__).with_name("victim.py")
    command = [sys.executable, str(victim)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()
        assert asked.wait(60)
        with pytest.raises(UsageError, match="being driven by a live process"):
            asyncio.run(agent_for(budget="usd=1").resume(book.runs[0]))
        released.set()
        assert json.loads(process.stdout.readline())["status"] == 0
        process.stdin.close()


async def test_the_budget_shown_is_recorded_and_replayed(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    agent = agent_for("turns-3-calls-2", budget="usd=0.5,lookup=40", planner="tracker")
    first = await agent.run("What is it?")
    values = [event.body["value"] for event in book.events("value")]
    assert values[0] in server.bodies[0]["messages"][1]["content"]
    for told, body in zip(values[1:], list(server.bodies)[1:], strict=True):
        assert body["messages"][-1]["content"].endswith(told["tail"])
    assert same(await agent.replay(first.run)) == same(first)


async def test_an_interrupted_tool_is_not_run_again_unless_it_only_reads(
    agent_for: Callable[..., Agent], home: Path, book: Any
) -> None:
    ran: list[str] = []
    hanging = True

    async def act(name: str) -> str:
        ran.append(name)
        while hanging:
            await asyncio.sleep(0.01)
        return f"{name} done"

    @tool(price="0.01")
    async def write() -> str:
        """Writes."""
        return await act("write")

    @tool(price="0.01", read_only=True)
    async def read() -> str:
        """Reads."""
        return await act("read")

    def script(request: Request) -> Reply:
        calls = (ToolCall("1", "write"), ToolCall("2", "read"))
        done = any(message.role == "tool" for message in request.messages)
        message = Message("assistant", "Answer: 7") if done else Message("assistant", "", calls)
        return Reply(message, Usage(input=1, output=1))

    agent = Agent(model=ScriptedPolicy(script), tools=[write, read], budget="usd=1", home=home)
    running = asyncio.create_task(agent.run("Do it"))
    while len(ran) < 2:
        await asyncio.sleep(0.005)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [event.body["status"] for event in book.events("run_ended")] == ["cancelled"]
    hanging = False
    result = await agent.resume(book.runs[0])
    assert ran == ["write", "read", "read"] or ran == ["read", "write", "read"]
    assert result.spend["tool_calls"] == 3
    assert f"{result.cost:f}" == "0.03"
    observations = [m.content for m in result.trajectory if m.role == "tool"]
    assert "outcome of this call of write is unknown" in observations[0]
    assert observations[1] == "read done"
    assert same(await agent.replay(result.run)) == same(result)


async def test_a_call_that_never_left_is_made_on_resume(home: Path, book: Any) -> None:
    ran: list[int] = []

    @tool(price="0.01")
    def write() -> str:
        """Writes."""
        ran.append(1)
        return "done"

    def script(request: Request) -> Any:
        done = any(message.role == "tool" for message in request.messages)
        return "Answer: 7" if done else ToolCall("1", "write")

    agent = Agent(model=ScriptedPolicy(script), tools=[write], budget="usd=1", home=home)

    def stop(event: Any) -> None:
        if event.kind == "hold" and event.body["call"] == "tool":
            running.cancel()

    running = asyncio.create_task(agent.run("Do it", listen=stop))
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (ran, len(book.events("release"))) == ([], 1)
    result = await agent.resume(book.runs[0])
    assert (result.answer, ran) == ("7", [1])
    assert result.spend["tool_calls"] == 1


def same(result: Result) -> tuple[Any, ...]:
    """Returns all of a result but how long it took."""
    return (
        result.run, result.status, result.text, result.why, result.spend, result.cost,
        result.trajectory,
    )  # fmt: skip
