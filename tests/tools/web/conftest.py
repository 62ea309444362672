from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from outlay.journal.records import Observation, ToolCall
from outlay.tools import Tool, ToolContext

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class ReceivedRequest:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    sni: str | None


@dataclass
class Site:
    """A real server on loopback that says byte for byte what a test wants."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[ReceivedRequest] = field(default_factory=list)
    sni: str | None = None
    tasks: set[asyncio.Task[None] | None] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def say(
        self,
        path: str,
        body: bytes | str = b"",
        kind: str | None = "text/html; charset=utf-8",
        status: str = "200 OK",
        **headers: str,
    ) -> str:
        body = body.encode() if isinstance(body, str) else body
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"Content-Type: {kind}"] if kind is not None else []
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.answers[path] = "\r\n".join([*lines, "", ""]).encode() + body
        return self.url + path

    def redirect(self, path: str, location: str) -> str:
        return self.say(path, status="302 Found", Location=location)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.add(asyncio.current_task())
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._answer(reader, writer)
        with contextlib.suppress(Exception):
            writer.close()
            await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        headers = {n.lower(): v for n, v in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        method, path, _ = first.split(" ")
        self.requests.append(ReceivedRequest(method, path, headers, body, self.sni))
        missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        answer = self.answers.get(path, self.answers.get(path.split("?")[0], missing))
        if isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
        else:
            await answer(writer)


@contextlib.asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[Site]:
    site = Site()
    if tls is not None:

        def note(_: Any, name: str | None, __: Any) -> None:
            site.sni = name

        tls.sni_callback = note
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0, ssl=tls, **options)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        await asyncio.wait_for(asyncio.gather(*filter(None, site.tasks)), 5)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving() as site:
        yield site


@pytest.fixture
def secure_site() -> Callable[[ssl.SSLContext], contextlib.AbstractAsyncContextManager[Site]]:
    return serving


@pytest.fixture
def ask(context: ToolContext) -> Callable[..., Awaitable[Observation]]:
    async def ask(subject: Tool, **arguments: object) -> Observation:
        call = ToolCall("1", subject.spec.name, json.dumps(arguments))
        return await subject.run(call, context)

    return ask
