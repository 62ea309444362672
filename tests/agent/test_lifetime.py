"""An agent lives until it is closed: runs of any thread share its servers, and none follow."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from outlay.agent import Agent
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.errors import UsageError
from outlay.ledger.usage import Usage
from outlay.policies import ScriptedPolicy

SERVER = Path(__file__).parents[1] / "tools" / "mcp" / "a_server.py"
COMMAND = shlex.join([sys.executable, str(SERVER)])


def script(request: Request) -> Reply:
    """Asks the server for its process, and answers with it."""
    last = request.messages[-1]
    if last.role == "tool":
        return Reply(Message("assistant", f"Answer: {last.content}"), Usage(input=9, output=3))
    call = ToolCall("c0", "pid", json.dumps({}))
    return Reply(Message("assistant", "", (call,)), Usage(input=9, output=3))


def served(home: Path, *servers: str) -> Agent:
    return Agent(model=ScriptedPolicy(script), mcp=servers, budget="tool_calls=9", home=home)


def test_its_servers_outlive_run_sync(home: Path) -> None:
    with served(home, COMMAND) as agent:
        first, second = (agent.run_sync("go") for _ in range(2))
    assert first.status == second.status == "answered"
    assert first.answer == second.answer
    assert str(first.answer).isdigit()


def test_runs_of_eight_threads_share_them(home: Path) -> None:
    with served(home, COMMAND) as agent, ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda _: agent.run_sync("go"), range(16)))
    assert {result.status for result in results} == {"answered"}
    assert len({result.answer for result in results}) == 1
    assert len({result.run for result in results}) == 16


async def test_closing_does_not_block_the_loop(home: Path) -> None:
    agent = await asyncio.to_thread(served, home, COMMAND)
    loop_thread, blocked = threading.get_ident(), []
    close = agent._servers.close

    def watched() -> None:
        blocked.append(threading.get_ident() == loop_thread)
        close()

    agent._servers.close = watched  # type: ignore[method-assign]
    await agent.close()
    await agent.close()
    assert blocked == [False]


async def test_a_closed_agent_says_so(home: Path) -> None:
    agent = served(home)
    async with agent:
        graph = agent.graph
    calls: list[Callable[[], object]] = [
        lambda: agent.run("go"),
        lambda: anext(agent.stream("go")),
        lambda: agent.resume("r"),
        lambda: agent.replay("r"),
        lambda: agent.fork("r", 1),
        lambda: agent.what_if("r"),
        lambda: asyncio.to_thread(agent.run_sync, "go"),
        lambda: graph.ainvoke({"task": "go"}),
        agent.__aenter__,
    ]
    for call in calls:
        with pytest.raises(UsageError, match="this agent is closed: make a new one"):
            await call()  # type: ignore[misc]
    with pytest.raises(UsageError, match="closed"):
        _ = agent.graph
    with pytest.raises(UsageError, match="closed"), agent:
        pass


async def test_in_a_running_loop_run_sync_says_what_to_do(home: Path) -> None:
    agent = served(home)
    with pytest.raises(UsageError, match=r"write `await agent\.run"):
        agent.run_sync("go")
    with pytest.raises(UsageError, match="write `async with agent`"), agent:
        pass
