"""An agent whose tools live in an MCP server's process."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.errors import Unpriced, UsageError
from outlay.ledger.usage import Usage
from outlay.policies import ScriptedPolicy
from outlay.tools import tool

SERVER = Path(__file__).parents[1] / "tools" / "mcp" / "a_server.py"
COMMAND = shlex.join([sys.executable, str(SERVER)])

CALLS = (("add", {"a": 19, "b": 23}), ("book", {"seat": 7}), ("add", {"a": 1, "b": 1}))


def script(request: Request) -> Reply:
    turn = sum(message.role == "tool" for message in request.messages)
    if turn == len(CALLS):
        return Reply(Message("assistant", "Answer: 42"), Usage(input=9, output=3))
    name, arguments = CALLS[turn]
    call = ToolCall(f"c{turn}", name, json.dumps(arguments))
    return Reply(Message("assistant", "", (call,)), Usage(input=9, output=3))


async def test_a_run_survives_a_server_that_dies_in_mid_call(tmp_path: Path) -> None:
    agent = await Agent.create(
        model=ScriptedPolicy(script), mcp=[COMMAND], budget="tool_calls=9", home=tmp_path
    )
    try:
        result = await agent.run("add and book")
        replayed = await agent.replay(result.run)
    finally:
        await agent.close()
    shown = [message.content for message in result.trajectory if message.role == "tool"]
    assert (result.status, result.answer, shown[0], shown[2]) == ("answered", "42", "42", "2")
    assert "Error" in shown[1]
    assert result.spend["tool_calls.add"] == 2
    assert replayed.trajectory == result.trajectory


def test_under_a_budget_in_usd_its_tools_need_prices(tmp_path: Path) -> None:
    with pytest.raises(Unpriced, match="tool 'add' has no price"):
        Agent(model=ScriptedPolicy(script), mcp=[COMMAND], budget="usd=1", home=tmp_path)


def test_a_server_that_does_not_start_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Agent(model=ScriptedPolicy(script), mcp=["no-such-program"], budget="usd=1", home=tmp_path)


async def test_starting_servers_does_not_block_the_loop(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "model": ScriptedPolicy(script), "mcp": [COMMAND], "budget": "tool_calls=9",
        "home": tmp_path,
    }  # fmt: skip
    with pytest.raises(UsageError, match=r"await Agent\.create\(mcp="):
        Agent(**options)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    ticking = asyncio.create_task(tick())
    agent = await Agent.create(**options)
    before_closing = ticks
    await agent.close()
    ticking.cancel()
    assert before_closing > 10  # a server's start takes hundreds of milliseconds


def test_a_server_s_tool_gives_way_to_one_of_the_agent_s_own(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    @tool(price=0)
    def add(a: int) -> str:
        """Adds."""
        return str(a)

    with Agent(
        model=ScriptedPolicy(script), tools=[add], mcp=[COMMAND], budget="tool_calls=9",
        home=tmp_path,
    ) as agent:  # fmt: skip
        assert {"add", "a_server_add", "book"} <= set(agent.given.names)
    assert "add of the MCP server a_server is called a_server_add" in caplog.text
