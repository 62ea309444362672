"""Tool calls start while the rest of the reply still streams in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from outlay.agent import Agent
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.errors import OutcomeUnknown
from outlay.ledger.usage import Usage
from outlay.policies import Endpoint, ScriptedPolicy
from outlay.tools import Tool, tool

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
USAGE = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}


def piece(delta: dict[str, Any], **rest: Any) -> bytes:
    chunk = {"choices": [{"index": 0, "delta": delta, **rest}]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def call_piece(index: int, arguments: str, name: str = "look") -> bytes:
    function = {"name": name, "arguments": arguments}
    return piece({"tool_calls": [{"index": index, "id": f"c{index}", "function": function}]})


@asynccontextmanager
async def slow_server(between: Callable[[], Any]) -> AsyncIterator[str]:
    """Streams two tool calls, and awaits `between` before the second; then an answer."""
    turns = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal turns
        turns += 1
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if b"content-length" in line)
        await reader.readexactly(int(length.split(b":")[1]))
        writer.write(HEAD)
        if turns == 1:
            writer.write(call_piece(0, '{"name": "one"}') + call_piece(1, '{"name": '))
            await writer.drain()
            await between()
            writer.write(call_piece(1, '"two"}', "") + piece({}, finish_reason="tool_calls"))
        else:
            writer.write(piece({"content": "Answer: both"}, finish_reason="stop"))
        usage = {"choices": [], "usage": USAGE}
        writer.write(b"data: " + json.dumps(usage).encode() + b"\n\ndata: [DONE]\n\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


def look(seen: list[str], ran: asyncio.Event, *, read_only: bool = True) -> Tool:
    @tool(price=0, read_only=read_only, name="look")
    async def run(name: str) -> str:
        """Looks something up.

        Args:
            name: what to look up.
        """
        seen.append(name)
        ran.set()
        return f"{name} is here"

    return run


async def test_a_call_runs_before_its_reply_is_complete(tmp_path: Path) -> None:
    seen: list[str] = []
    ran = asyncio.Event()
    async with slow_server(ran.wait) as url:  # the reply ends only after the first tool has run
        policy = Endpoint("m", base_url=url, stream=True, name="scripted")
        agent = Agent(model=policy, tools=[look(seen, ran)], budget="look=5", home=tmp_path)
        result = await agent.run("go")
    assert (result.status, result.answer, seen) == ("answered", "both", ["one", "two"])
    shown = [m.content for m in result.trajectory if m.role == "tool"]
    assert shown == ["one is here", "two is here"]
    replayed = await agent.replay(result.run)
    assert replayed.trajectory == result.trajectory
    assert result.spend["tool_calls.look"] == 2


async def test_a_tool_with_side_effects_waits_for_the_whole_reply(tmp_path: Path) -> None:
    seen: list[str] = []

    async def nothing_ran() -> None:
        await asyncio.sleep(0.05)
        assert seen == []

    async with slow_server(nothing_ran) as url:
        policy = Endpoint("m", base_url=url, stream=True, name="scripted")
        tools = [look(seen, asyncio.Event(), read_only=False)]
        result = await Agent(model=policy, tools=tools, budget="look=5", home=tmp_path).run("go")
    assert (result.status, seen) == ("answered", ["one", "two"])


async def test_a_call_of_a_reply_that_broke_off_is_not_taken_for_another(tmp_path: Path) -> None:
    seen: list[str] = []
    ran = asyncio.Event()
    usage = Usage(input=10, output=5)
    tries = 0

    async def script(request: Request) -> Reply:
        nonlocal tries
        tries += 1
        if any(m.role == "tool" for m in request.messages):
            return Reply(Message("assistant", "Answer: done"), usage)
        name = "wrong" if tries == 1 else "right"
        call = ToolCall("c0", "look", json.dumps({"name": name}))
        assert request.on_call is not None
        if tries == 1:
            request.on_call(0, call)
            await ran.wait()
            raise OutcomeUnknown("the stream broke off", retryable=True, retry_after=0.0)
        return Reply(Message("assistant", "", (call,)), usage)

    agent = Agent(
        model=ScriptedPolicy(script), tools=[look(seen, ran)], budget="look=5", home=tmp_path
    )
    result = await agent.run("go")
    assert seen == ["wrong", "right"]
    assert [m.content for m in result.trajectory if m.role == "tool"] == ["right is here"]
    assert result.spend["tool_calls.look"] == 2
    replayed = await agent.replay(result.run)
    assert replayed.trajectory == result.trajectory
