"""A stream that is left is read on for its bill: what is booked is the bill, and not the hold."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent
from outlay.journal.events import Event
from outlay.ledger.account import Account
from outlay.ledger.budget import Budget
from outlay.policies import Endpoint

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
BILL = Decimal("0.0003")
"""100 tokens at $1 a million, and 20 at $10."""


class SlowServer:
    """Streams two words, waits for `go`, then streams the rest and the bill."""

    def __init__(self) -> None:
        self.url = ""
        self.go = asyncio.Event()
        self.billed = asyncio.Event()
        self.cuts = False
        """Whether the stream breaks off instead of bringing its bill."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if b"content-length" in line)
        await reader.readexactly(int(length.split(b":")[1]))
        writer.write(HEAD + _piece("Answer:") + _piece(" a"))
        await writer.drain()
        await self.go.wait()
        if not self.cuts:
            usage = {"choices": [], "usage": USAGE}
            writer.write(_piece(" b") + _piece("", finish_reason="stop"))
            writer.write(b"data: " + json.dumps(usage).encode() + b"\n\ndata: [DONE]\n\n")
        await writer.drain()
        writer.close()
        self.billed.set()


def _piece(text: str, **rest: Any) -> bytes:
    chunk = {"choices": [{"index": 0, "delta": {"content": text}, **rest}]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


@asynccontextmanager
async def slow_server() -> AsyncIterator[SlowServer]:
    slow = SlowServer()
    listening = await asyncio.start_server(slow.serve, "127.0.0.1", 0)
    async with listening:
        slow.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
        yield slow
        slow.go.set()


@pytest.fixture
def agent_at(home: Path, prices: Path) -> Callable[..., Agent]:
    def build(url: str, **options: Any) -> Agent:
        policy = Endpoint("m", base_url=url, stream=True, name="priced", timeout=20)
        return Agent(model=policy, budget="usd=1", home=home, prices=prices, **options)

    return build


async def leave_after_two(stream: AsyncIterator[Event]) -> None:
    """Leaves a stream after two pieces of text, as a closed browser tab does."""
    pieces = 0
    async for event in stream:
        pieces += event.kind == "text"
        if pieces == 2:
            break
    await stream.aclose()  # type: ignore[attr-defined]


async def test_a_stream_that_is_left_is_booked_at_its_bill(
    agent_at: Callable[..., Agent], book: Any
) -> None:
    account = Account(Budget.parse("usd=1"))
    async with slow_server() as slow:
        agent = agent_at(slow.url)
        await leave_after_two(agent.stream("go", account=account))
        assert account.spent.usd == 0
        assert account.held.usd > BILL
        slow.go.set()
        await agent.close()
    assert (account.spent.usd, account.held.usd) == (BILL, 0)
    assert book.spent.usd == BILL
    kinds = [event.kind for event in book.events()]
    assert kinds[-2:] == ["settle", "run_ended"]
    assert book.events("run_ended")[0].body["status"] == "cancelled"


async def test_without_drain_it_is_booked_in_full(
    agent_at: Callable[..., Agent], book: Any
) -> None:
    async with slow_server() as slow:
        agent = agent_at(slow.url)
        await leave_after_two(agent.stream("go", drain=False))
        await agent.close()
        assert not slow.billed.is_set()
    assert [event.kind for event in book.events()][-2:] == ["unknown", "run_ended"]
    assert book.spent.usd > BILL


async def test_a_stream_that_breaks_off_meanwhile_is_booked_in_full(
    agent_at: Callable[..., Agent], book: Any
) -> None:
    async with slow_server() as slow:
        agent = agent_at(slow.url)
        await leave_after_two(agent.stream("go"))
        slow.cuts = True
        slow.go.set()
        await agent.close()
    assert [event.kind for event in book.events()][-2:] == ["unknown", "run_ended"]


async def test_a_run_drains_where_it_is_asked_to(agent_at: Callable[..., Agent], book: Any) -> None:
    async with slow_server() as slow:
        agent = agent_at(slow.url)
        heard: list[str] = []
        said = asyncio.Event()

        def listen(event: Event) -> None:
            heard.append(event.kind)
            if heard.count("text") == 2:
                said.set()

        running = asyncio.create_task(agent.run("go", drain=True, listen=listen))
        await said.wait()
        running.cancel()
        await asyncio.sleep(0)
        slow.go.set()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert book.spent.usd == BILL
    assert heard[-2:] == ["settle", "run_ended"]
    reply = await agent.resume(book.runs[0])
    assert (reply.answer, book.spent.usd) == ("a b", BILL)


async def test_cancelling_twice_gives_the_bill_up(
    agent_at: Callable[..., Agent], book: Any
) -> None:
    async with slow_server() as slow:
        said = asyncio.Event()
        agent = agent_at(slow.url, listeners=[lambda e: said.set() if e.kind == "text" else None])
        running = asyncio.create_task(agent.run("go", drain=True))
        await said.wait()
        running.cancel()
        while not any(event.kind == "hold" for event in book.events()):
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert [event.kind for event in book.events()][-2:] == ["unknown", "run_ended"]


SHUT_DOWN = """
import asyncio, sys
from outlay.agent import Agent
from outlay.policies import Endpoint

async def main(url, home, prices):
    policy = Endpoint("m", base_url=url, stream=True, name="priced", timeout=60)
    agent = Agent(model=policy, budget="usd=1", home=home, prices=prices)
    stream = agent.stream("go")
    async for event in stream:
        if event.kind == "text":
            break
    await stream.aclose()
    await asyncio.sleep(0.05)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_loop_that_shuts_down_does_not_wait(home: Path, prices: Path, book: Any) -> None:
    async with slow_server() as slow:
        command = [sys.executable, "-c", textwrap.dedent(SHUT_DOWN), slow.url, home, prices]
        done = await asyncio.to_thread(
            subprocess.run, [*map(str, command)], capture_output=True, text=True, check=False
        )
        assert not slow.billed.is_set()
    assert (done.returncode, done.stderr) == (0, "")
    assert [event.kind for event in book.events()][-2:] == ["unknown", "run_ended"]
