"""One connection to an MCP server, from the handshake to its death."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import Any

from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CONNECTION_CLOSED,
    CallToolResult,
    Tool,
    ToolListChangedNotification,
)

from ...journal.foreign_text import one_line
from ...journal.secrets import Clean
from ...ledger.errors import ToolError
from .address import McpAddress
from .http_client import bounded_client
from .listings import LeftOutTools
from .result_text import shown
from .server_info import McpToolSpec
from .stdio import ServerProcess

MOST_PAGES = 50
MOST_TOOLS = 1_000
"""Pages and tools of one listing that are read."""

_LOG = logging.getLogger(__name__)


class ConnectionLost(Exception):
    """The connection is gone; the text says how it went."""


class McpConnection:
    """A live client in a task of its own, usable from any task of the same event loop."""

    def __init__(self, address: McpAddress, timeout: float) -> None:
        self.changed = False
        """True once the server said that its tools are not what they were."""
        self.left_out = LeftOutTools()
        self._address = address
        self._timeout = timeout
        self._clean = address.cleaner()
        self._process = ServerProcess(self._clean)
        self._why = ""
        self._client: Client | None = None
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        running = self._task is not None and not self._task.done()
        return running and not self._process.ended and not self._why

    async def open(self) -> None:
        """Starts or reaches the server.

        Raises:
            Dead: it did not come up; the text says why.
        """
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._live(ready))
        try:
            await asyncio.wait_for(asyncio.shield(ready), self._timeout)
        except TimeoutError:
            await self.close()
            raise ConnectionLost(f"no answer within {self._timeout:g} seconds") from None
        except asyncio.CancelledError:
            await self.close()
            raise

    async def close(self) -> None:
        """Ends the connection; a server that is a process is stopped."""
        self._stop.set()
        if self._task is None:
            return
        patience = 0.0 if self._client is None else 5.0
        done, _ = await asyncio.wait([self._task], timeout=patience)
        if not done:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=5)

    async def tools(self) -> list[McpToolSpec]:
        """Returns what the server offers now.

        Raises:
            Dead: the connection is gone.
            ToolError: the server's answer makes no sense.
        """
        self.changed = False
        self.left_out.clear()
        found: list[McpToolSpec] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._ask(self._live_client().list_tools(cursor=cursor))
            found.extend(_offer(tool, self._clean) for tool in page.tools)
            cursor = page.next_cursor
            if cursor is None or len(found) >= MOST_TOOLS:
                break
        return found[:MOST_TOOLS]

    async def call(self, name: str, arguments: dict[str, Any]) -> Any:
        """Calls a tool and returns what a policy can be shown.

        Raises:
            Dead: the connection went away before the answer came.
            ToolError: the server refused the call, or its answer makes no sense.
        """
        result = await self._ask(self._live_client().call_tool(name, arguments))
        assert isinstance(result, CallToolResult)
        try:
            return _cleaned(shown(result), self._clean)
        except ToolError as exc:
            raise ToolError(self._clean(str(exc))) from None

    async def _ask(self, request: Any) -> Any:
        try:
            return await request
        except MCPError as exc:
            if exc.code == CONNECTION_CLOSED or not self.alive or self._is_lost(exc):
                raise self._dead(exc.message) from exc
            raise ToolError(f"the server said: {self._clean(exc.message)}") from exc
        except (OSError, EOFError) as exc:
            raise self._dead(str(exc)) from exc
        except Exception as exc:
            if not self.alive:
                raise self._dead(str(exc)) from exc
            said = self._clean(str(exc))[:300]
            raise ToolError(f"the server's answer makes no sense: {said}") from exc

    def _is_lost(self, exc: MCPError) -> bool:
        """True if an HTTP server does not know the session any more, or cannot be reached."""
        said = exc.message.lower()
        return bool(self._address.url) and ("session" in said or "server returned" in said)

    def _dead(self, said: str) -> ConnectionLost:
        if self._process.ended and not self._process.stopped:
            self._why = self._process.tell()
        self._why = self._why or one_line(self._clean(said)) or "the connection was closed"
        return ConnectionLost(self._why)

    def _live_client(self) -> Client:
        if self._client is None or not self.alive:
            raise self._dead("")
        return self._client

    async def _live(self, ready: asyncio.Future[None]) -> None:
        try:
            async with contextlib.AsyncExitStack() as stack:
                transport = await self._transport(stack)
                transport = self.left_out.mending(transport)
                client = Client(transport, message_handler=self._hear, cache=None)
                self._client = await stack.enter_async_context(client)
                listening = asyncio.create_task(self._listen(client))
                stack.callback(listening.cancel)
                if not ready.done():
                    ready.set_result(None)
                await self._stop.wait()
        except Exception as exc:
            said = _innermost(exc)
            dead = self._dead(said)
            if not ready.done():
                ready.set_exception(dead)
            _LOG.info("MCP server %s went away: %s", self._address.label, dead)

    async def _transport(self, stack: contextlib.AsyncExitStack) -> Any:
        if self._address.command:
            return self._process.streams(self._address.command, self._address.env)
        client = await stack.enter_async_context(bounded_client(self._address.headers))
        return streamable_http_client(self._address.url, http_client=client)

    async def _hear(self, message: Any) -> None:
        if isinstance(message, ToolListChangedNotification):
            self.changed = True

    async def _listen(self, client: Client) -> None:
        """Subscribes to changes where the server's protocol asks for it."""
        with contextlib.suppress(Exception):
            async with client.listen(tools_list_changed=True) as changes:
                async for _ in changes:
                    self.changed = True


def _offer(tool: Tool, clean: Clean) -> McpToolSpec:
    """What the server's own hints say of a tool is not read: they would be its word for itself."""
    return McpToolSpec(
        tool.name,
        clean(tool.description or tool.title or ""),
        _cleaned(tool.input_schema, clean),
    )


def _cleaned(value: Any, clean: Clean) -> Any:
    """Returns a text, or what is JSON, without secrets."""
    if isinstance(value, str):
        return clean(value)
    text = json.dumps(value)
    return value if (kept := clean(text)) == text else json.loads(kept)


def _innermost(exc: BaseException) -> str:
    while isinstance(exc, BaseExceptionGroup):
        exc = exc.exceptions[0]
    return str(exc) or type(exc).__name__
