"""A loopback OpenAI-compatible server that bills as told and counts what it served.

Besides `POST …/chat/completions` it knows `GET /served` (what it did and billed) and `POST /plan`
(a JSON list of steps, answered in this order before the script is asked again).
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from http import HTTPStatus
from typing import Any

import orjson

from .answers import (
    Script,
    ScriptedAnswer,
    ServerCounts,
    chunks,
    completion,
    default_script,
    numbers,
)


class LoopbackServer:
    """The server, in a thread of its own: `with LoopbackServer() as server: server.url`."""

    def __init__(self, script: Script = default_script) -> None:
        self.script = script
        self.served = ServerCounts()
        self.plan: deque[ScriptedAnswer] = deque()
        self.bodies: deque[dict[str, Any]] = deque(maxlen=1_000)
        """The last requests."""
        self.headers: deque[dict[str, str]] = deque(maxlen=1_000)
        self.numbers = numbers()
        self.port = 0
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loopback-server", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def steps(self, *steps: ScriptedAnswer) -> None:
        """Plans the next answers."""
        self.plan.extend(steps)

    def step(self, body: dict[str, Any]) -> ScriptedAnswer:
        try:
            return self.plan.popleft()
        except IndexError:
            return self.script(body)

    def __enter__(self) -> LoopbackServer:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the loopback server did not start")
        return self

    def __exit__(self, *exc: object) -> None:
        if self._loop and self._stop:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def serve(self, port: int = 0) -> None:
        """Serves on loopback until `stop` is called."""
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        connections: set[LoopbackConnection] = set()
        server = await self._loop.create_server(
            lambda: LoopbackConnection(self, connections), "127.0.0.1", port, backlog=4096
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for connection in list(connections):
            connection.abort()

    def _run(self) -> None:
        asyncio.run(self.serve())


class LoopbackConnection(asyncio.Protocol):
    """One kept-alive HTTP/1.1 connection; one request at a time."""

    def __init__(self, server: LoopbackServer, connections: set[LoopbackConnection]) -> None:
        self._server = server
        self._connections = connections
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._transport = None

    def abort(self) -> None:
        if self._transport:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            line, *fields = self._buffer[:end].decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (entry.partition(":") for entry in fields)
            }
            size = end + 4 + int(headers.get("content-length", 0))
            if len(self._buffer) < size:
                return
            body, self._buffer = self._buffer[end + 4 : size], self._buffer[size:]
            self._route(line, headers, body)

    def _route(self, line: str, headers: dict[str, str], body: bytes) -> None:
        method, path, _ = line.split(" ", 2)
        if (method, path) == ("GET", "/served"):
            self._send(200, orjson.dumps(self._server.served.to_dict()))
        elif (method, path) == ("POST", "/plan"):
            self._server.steps(*map(ScriptedAnswer.from_dict, orjson.loads(body)))
            self._send(200, b"{}")
        elif method == "POST" and path.endswith("/chat/completions"):
            self._complete(headers, body)
        else:
            self._send(404, b'{"error":{"message":"no such page"}}')

    def _complete(self, headers: dict[str, str], raw: bytes) -> None:
        body = orjson.loads(raw)
        server = self._server
        server.bodies.append(body)
        server.headers.append(headers)
        server.served.requests += 1
        server.served.working += 1
        server.served.at_once = max(server.served.at_once, server.served.working)
        step = server.step(body)
        if step.wait:
            asyncio.get_running_loop().call_later(step.wait, self._answer, body, step)
        else:
            self._answer(body, step)

    def _answer(self, body: dict[str, Any], step: ScriptedAnswer) -> None:
        served = self._server.served
        served.working -= 1
        if step.status >= 300:
            served.refused += 1
            error = orjson.dumps({"error": {"message": "as planned", **step.error}})
            self._send(step.status, error, step.headers)
            return
        reply = completion(body, step, next(self._server.numbers), served)
        if step.fault == "reset":
            self.abort()
        elif step.fault == "html":
            self._send(200, b"<html><body>Bad gateway</body></html>", kind="text/html")
        elif body.get("stream"):
            self._stream(body, reply, step)
        elif step.fault == "cut":
            self._cut(orjson.dumps(reply))
        elif step.fault == "half_json":
            text = orjson.dumps(reply)
            self._send(200, text[: len(text) // 2])
        elif step.fault != "hang":
            self._send(200, orjson.dumps(reply), step.headers)

    def _send(
        self,
        status: int,
        body: bytes,
        headers: Any = None,
        kind: str = "application/json",
    ) -> None:
        if self._transport:
            length = f"content-length: {len(body)}"
            self._transport.write(_head(status, kind, headers, length) + body)

    def _cut(self, body: bytes) -> None:
        if self._transport:
            length = f"content-length: {len(body)}"
            self._transport.write(_head(200, "application/json", None, length))
            self._transport.write(body[: len(body) // 2])
            self._transport.close()

    def _stream(self, body: dict[str, Any], reply: dict[str, Any], step: ScriptedAnswer) -> None:
        if not self._transport:
            return
        chunked = "transfer-encoding: chunked"
        self._transport.write(_head(200, "text/event-stream", step.headers, chunked))
        with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        events = list(chunks(reply, with_usage))
        kept = events[: len(events) // 2] if step.fault in ("cut", "hang") else events
        self._transport.write(b"".join(b"%x\r\n%b\r\n" % (len(e), e) for e in kept))
        if step.fault == "cut":
            self._transport.close()
        elif step.fault != "hang":
            self._transport.write(b"0\r\n\r\n")


def _head(status: int, kind: str, headers: Any, framing: str) -> bytes:
    extra = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    phrase = HTTPStatus(status).phrase
    return (
        f"HTTP/1.1 {status} {phrase}\r\ncontent-type: {kind}\r\n{extra}{framing}\r\n\r\n".encode()
    )
