"""A server that may die: it is started again at the next call, a bounded number of times."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ...ledger.errors import ToolError
from .address import McpAddress
from .connection import ConnectionLost, McpConnection
from .server_info import McpLink, McpToolSpec

RESTARTS = 3
"""Times that a server is started again without a call that succeeded in between."""


class ReconnectingLink(McpLink):
    """Keeps one connection alive, and the listing of its tools up to date."""

    def __init__(self, address: McpAddress, connect_timeout: float) -> None:
        self._address = address
        self._timeout = connect_timeout
        self._connection: McpConnection | None = None
        self._listed: dict[str, McpToolSpec] = {}
        self._starts_left = RESTARTS + 1
        self._last_death = ""
        self._lock = asyncio.Lock()

    @property
    def left_out(self) -> Mapping[str, str]:
        return self._connection.left_out if self._connection is not None else {}

    async def listing(self) -> list[McpToolSpec]:
        async with self._lock:
            if self._connection is None or not self._connection.alive:
                await self._start()
            elif self._connection.changed or not self._listed:
                await self._list()
            return list(self._listed.values())

    async def offered(self, name: str) -> McpToolSpec | None:
        await self.listing()
        return self._listed.get(name)

    async def call(self, offer: McpToolSpec, arguments: dict[str, Any], *, read_only: bool) -> Any:
        await self.listing()
        assert self._connection is not None
        try:
            result = await self._connection.call(offer.name, arguments)
        except ConnectionLost as exc:
            self._last_death = str(exc)
            known = (
                "it changes nothing, so it can be called again"
                if read_only
                else "whether it took effect is unknown: check before you call it again"
            )
            raise ToolError(
                f"the MCP server {self._address.label} died during the call of {offer.name} "
                f"({exc}); {known}; the next call starts it again"
            ) from exc
        self._starts_left = RESTARTS
        return result

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _start(self) -> None:
        await self.close()
        label = self._address.label
        if self._starts_left <= 0:
            raise ToolError(
                f"the MCP server {label} is dead ({self._last_death}) and is not started again: "
                f"it died {RESTARTS} times in a row"
            )
        self._starts_left -= 1
        self._connection = McpConnection(self._address, self._timeout)
        try:
            await self._connection.open()
            await self._list()
        except ConnectionLost as exc:
            self._last_death = str(exc)
            raise ToolError(f"the MCP server {label} is dead: {exc}") from exc

    async def _list(self) -> None:
        assert self._connection is not None
        try:
            async with asyncio.timeout(self._timeout):
                found = await self._connection.tools()
        except (ConnectionLost, TimeoutError) as exc:
            self._last_death = str(exc) or "it does not list its tools"
            await self.close()
            raise ToolError(
                f"the MCP server {self._address.label} is dead: {self._last_death}"
            ) from exc
        self._listed = {tool.name: tool for tool in reversed(found)}
        self._listed = dict(reversed(self._listed.items()))
