"""What a deadline or a time-out cuts off is told as what it is, live and after a resume."""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from outlay.agent import Agent
from outlay.testing import LoopbackServer, ScriptedAnswer
from outlay.tools import FunctionTool, tool

CALL = {"name": "act", "arguments": {}}
UNKNOWN = (
    "The outcome of this call of act is unknown: the deadline of the budget passed while it was "
    "under way. It may or may not have taken effect; check before you call it again."
)


def acting(began: list[str], *, read_only: bool = False, **options: Any) -> FunctionTool:
    @tool(price=0, read_only=read_only, **options)
    async def act() -> str:
        """Acts, and hangs then."""
        began.append("act")
        await asyncio.Event().wait()
        return "done"

    return act


@pytest.mark.parametrize(
    ("read_only", "told"),
    [(False, UNKNOWN), (True, "Cancelled: the deadline of the budget has passed.")],
)
async def test_a_tool_that_the_deadline_cuts_is_told_as_what_it_is(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any, read_only: bool, told: str
) -> None:
    began: list[str] = []
    server.steps(ScriptedAnswer(tool_calls=(CALL,)), ScriptedAnswer("Answer: 7"))
    act = acting(began, read_only=read_only)
    result = await agent_for(tools=[act], budget="seconds=2").run("Act.")
    assert (result.status, began) == ("budget_exhausted", ["act"])
    (settled,) = [e for e in book.events("settle") if "observation" in e.body]
    assert settled.body["observation"]["text"] == told
    again = agent_for(tools=[act], budget="seconds=2")
    assert (await again.resume(result.run, add="seconds=1000")).text == "Answer: 7"
    assert began == ["act"]
    assert server.bodies[-1]["messages"][-1]["content"].startswith(told)


async def test_a_call_that_was_still_waiting_for_its_turn_was_not_made(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    began: list[str] = []
    act = dataclasses.replace(acting(began), concurrency=1)
    server.steps(ScriptedAnswer(tool_calls=(CALL, CALL)))
    await agent_for(tools=[act], budget="seconds=2").run("Act.")
    told = [e.body["observation"]["text"] for e in book.events("settle") if "observation" in e.body]
    assert (began, sorted(told)) == (
        ["act"], ["Cancelled: the deadline of the budget has passed.", UNKNOWN],
    )  # fmt: skip


async def test_a_tool_with_effects_that_times_out_may_have_taken_effect(
    agent_for: Callable[..., Agent], server: LoopbackServer
) -> None:
    server.steps(ScriptedAnswer(tool_calls=(CALL,)), ScriptedAnswer("Answer: 7"))
    await agent_for(tools=[acting([], timeout=0.1)], budget="usd=1").run("Act.")
    told = server.bodies[-1]["messages"][-1]["content"]
    assert "gave no result within 0.1 seconds. It may or may not have taken effect" in told


async def test_a_policy_call_that_the_deadline_cuts_says_so(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    server.steps(ScriptedAnswer("late", wait=600))
    result = await agent_for(budget="seconds=1").run("What is it?")
    assert result.status == "budget_exhausted"
    (unknown,) = book.events("unknown")
    assert unknown.body["why"] == "the deadline of the budget passed before priced replied"


COLD = """
import sys, time
from pathlib import Path


class Slow:
    "Makes importing the SDK take longer than a call may."

    def find_spec(self, name, path=None, target=None):
        if name == "openai":
            time.sleep(3)


assert "openai" not in sys.modules
sys.meta_path.insert(0, Slow())
from outlay.agent import Agent
from outlay.policies import Endpoint

assert "openai" not in sys.modules
policy = Endpoint("m", base_url=sys.argv[1], name="priced", timeout=2)
result = Agent(model=policy, budget="model_calls=5", home=Path(sys.argv[2])).run_sync("What?")
assert "openai" in sys.modules
print(result.status)
"""


def test_preparing_the_first_call_takes_nothing_from_its_time(
    server: LoopbackServer, home: Path, book: Any
) -> None:
    command = [sys.executable, "-c", COLD, server.url, str(home)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "answered"
    assert [event.kind for event in book.events("hold", "settle", "unknown")] == ["hold", "settle"]
    assert orjson.dumps(book.spent["model_calls"]) == b"1"


async def test_a_tool_that_is_cancelled_in_its_thread_is_told_as_going_on(
    agent_for: Callable[..., Agent], server: LoopbackServer, caplog: pytest.LogCaptureFixture
) -> None:
    inside, go_on = threading.Event(), threading.Event()

    @tool(price=0)
    def act() -> str:
        """Acts in a thread."""
        inside.set()
        go_on.wait()
        return "done"

    server.steps(ScriptedAnswer(tool_calls=(CALL,)), ScriptedAnswer("Answer: 7"))
    agent = agent_for(tools=[act], budget="usd=1")
    running = asyncio.create_task(agent.run("Act."))
    await asyncio.to_thread(inside.wait)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    go_on.set()
    assert "tool act was cancelled, and goes on in its thread to its end" in caplog.messages
    (run,) = agent.home.store.query("select run from runs").rows[0]
    assert (await agent.resume(run)).text == "Answer: 7"
    told = server.bodies[-1]["messages"][-1]["content"]
    assert told.startswith("The outcome of this call of act is unknown: the run was interrupted")
