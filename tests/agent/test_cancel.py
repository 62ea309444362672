"""What is cancelled is booked in full and can be gone on with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent
from outlay.journal.records import ToolCall
from outlay.policies import ScriptedPolicy
from outlay.testing import LoopbackServer, ScriptedAnswer
from outlay.tools import tool

WISH = {"name": "lookup", "arguments": {"query": "a"}}


async def test_cancelled_in_a_model_call(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    server.steps(ScriptedAnswer("Hm.", tool_calls=(WISH,)), ScriptedAnswer("Answer: 7", wait=30))
    agent = agent_for(budget="usd=1", endpoint={"timeout": 60})
    running = asyncio.create_task(agent.run("What is it?"))
    while server.served.requests < 2:
        await asyncio.sleep(0.005)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    (end,) = book.events("run_ended")
    assert (end.body["status"], end.body["answer"]) == ("cancelled", "Hm.")
    assert [event.body["why"] for event in book.events("unknown")] == ["cancelled"]
    assert book.spent["model_calls"] == 2
    assert book.spent["output_tokens"] >= 4096


async def test_a_stream_that_is_left_is_cancelled(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    agent = agent_for("turns-20-calls-1-wait-10ms", budget="usd=1")
    stream = agent.stream("What is it?")
    async for event in stream:
        if event.kind == "settle":
            break
    await stream.aclose()
    while not book.events("run_ended"):
        await asyncio.sleep(0.005)
    assert [event.body["status"] for event in book.events("run_ended")] == ["cancelled"]


async def test_a_stream_ends_with_the_run(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    agent = agent_for("turns-2-calls-1", budget="usd=1")
    kinds = [event.kind async for event in agent.stream("What is it?")]
    assert kinds == [event.kind for event in book.events()]
    assert (kinds[0], kinds[-1]) == ("run_started", "run_ended")


async def test_a_deadline_cancels_tools_and_books_them(home: Path, book: Any) -> None:
    @tool(price="0.01")
    async def wait() -> str:
        """Waits."""
        await asyncio.sleep(60)
        return "late"

    calls = [ToolCall("1", "wait"), ToolCall("2", "wait")]
    agent = Agent(model=ScriptedPolicy([calls, "x"]), tools=[wait], budget="seconds=0.3", home=home)
    result = await agent.run("What is it?")
    assert result.status == "budget_exhausted"
    assert result.spend["tool_calls"] == 2
    assert "deadline" in next(m.content for m in result.trajectory if m.role == "tool")
