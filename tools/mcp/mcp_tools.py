"""`mcp_tools`: the entry to the tools of an MCP server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..adapters.naming import PatternPrices
from ..functions.tool import TIMEOUT, Price
from .address import McpAddress
from .server_tools import McpTools

CONNECT_TIMEOUT = 60.0
"""Seconds until a server that does not come up is given up: `uvx` may have to fetch it first."""


def mcp_tools(
    server: str | McpAddress,
    *,
    prices: Mapping[str, Price] | None = None,
    prefix: str = "",
    taken: Iterable[str] = (),
    keep: Callable[[str], bool] = lambda name: True,
    read_only: Iterable[str] = (),
    env: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
    connect_timeout: float = CONNECT_TIMEOUT,
) -> McpTools:
    """Returns the tools of a server, which starts when the result is opened.

    `async with mcp_tools("uvx mcp-server-time", prices={"*": 0}) as tools:`; also as a plain
    `with`. The connection lives in a thread of its own, so runs of any event loop share it.

    Args:
        server: a command line, or the URL of a streamable HTTP server.
        prices: USD per call by tool name or pattern (`search_*`); an exact name wins, then the
            first pattern that matches. A tool that none matches has no price.
        prefix: goes before each name, with `_`.
        taken: names that other tools have; a clash is prefixed with the server's own name.
        keep: tells by a tool's name on the server whether it is wanted.
        read_only: names or patterns of the tools of which you say that calling them twice does no
            harm. What the server says of that itself does not count.
        env: variables for a command line; beside PATH, HOME and the like it inherits none.
        headers: for a URL, such as `{"Authorization": "Bearer …"}`.
        timeout: seconds until a call is given up.
        connect_timeout: seconds until a server that does not come up is given up.

    Raises:
        UsageError: the address makes no sense. Opening raises it if the server does not come up.
    """
    address = McpAddress.of(server, env, headers) if isinstance(server, str) else server
    return McpTools(
        address, PatternPrices(prices), prefix=prefix, taken=taken,
        timeout=timeout, connect_timeout=connect_timeout, keep=keep,
        read_only=read_only,
    )  # fmt: skip
