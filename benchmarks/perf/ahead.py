"""What starting tool calls while the reply still streams saves (P-ReAct's point), in wall-clock.

    python -m outlay.benchmarks.perf.ahead

A loopback server streams a reply with several tool calls, one every so many milliseconds. Each
tool takes a while, and two may run at once. Read-only tools start as soon as their arguments are
complete, tools with side effects wait for the whole reply: the same agent runs with both.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ...agent import Agent
from ...policies import Endpoint
from ...tools import Tool, tool
from ...tools.wrappers import limited

CALLS = 6
BETWEEN = 0.1
"""Seconds between two calls of the reply."""
TOOL = 0.3
"""Seconds that each tool takes."""
AT_ONCE = 2
"""Calls of the tool that may be under way at once."""
ROUNDS = 5

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
_USAGE = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}


def _line(delta: dict[str, Any], **rest: Any) -> bytes:
    chunk = {"choices": [{"index": 0, "delta": delta, **rest}]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _call(index: int) -> bytes:
    function = {"name": "look", "arguments": json.dumps({"name": str(index)})}
    return _line({"tool_calls": [{"index": index, "id": f"c{index}", "function": function}]})


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length"))
    body = json.loads(await reader.readexactly(int(length.split(b":")[1])))
    writer.write(_HEAD)
    if any(message["role"] == "tool" for message in body["messages"]):
        writer.write(_line({"content": "Answer: all seen"}, finish_reason="stop"))
    else:
        for index in range(CALLS):
            writer.write(_call(index))
            await writer.drain()
            await asyncio.sleep(BETWEEN)
        writer.write(_line({}, finish_reason="tool_calls"))
    bill = json.dumps({"choices": [], "usage": _USAGE}).encode()
    writer.write(b"data: " + bill + b"\n\ndata: [DONE]\n\n")
    await writer.drain()
    writer.close()


@asynccontextmanager
async def _server() -> AsyncIterator[str]:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


def _look(*, read_only: bool) -> Tool:
    @tool(price=0, read_only=read_only, name="look")
    async def look(name: str) -> str:
        """Looks something up."""
        await asyncio.sleep(TOOL)
        return f"{name} seen"

    return limited(look, AT_ONCE)


async def seconds(url: str, home: Path, *, ahead: bool) -> float:
    """Returns the wall-clock seconds of one run."""
    policy = Endpoint("m", base_url=url, stream=True, name="scripted")
    agent = Agent(model=policy, tools=[_look(read_only=ahead)], budget="tool_calls=99", home=home)
    began = time.perf_counter()
    result = await agent.run("look at all of them")
    assert result.spend["tool_calls"] == CALLS
    return time.perf_counter() - began


async def measure(home: Path, rounds: int = ROUNDS) -> tuple[float, float]:
    """Returns the median seconds of a run with the calls started ahead, and without."""
    async with _server() as url:
        await seconds(url, home, ahead=True)  # the first run also imports
        pairs = [
            (await seconds(url, home, ahead=True), await seconds(url, home, ahead=False))
            for _ in range(rounds)
        ]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        with_ahead, without = asyncio.run(measure(Path(home)))
    tools = f"tools of {TOOL * 1000:g} ms, {AT_ONCE} at once"
    print(f"{CALLS} calls, one every {BETWEEN * 1000:g} ms, {tools}")
    print(f"started ahead   {with_ahead:.2f} s")
    print(f"after the reply {without:.2f} s")
    print(f"saved           {without - with_ahead:.2f} s ({1 - with_ahead / without:.0%})")


if __name__ == "__main__":
    main()
