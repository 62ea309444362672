"""The MCP servers of an agent: started with it, stopped with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..tools import Tool

if TYPE_CHECKING:
    from ..tools.mcp.address import McpAddress


class McpServers:
    """Starts the servers one after the other; iterating gives the tools of them all.

    Args:
        addresses: command lines or URLs, or either with its variables or headers.
        read_only: names or patterns of tools that the owner says only read.
        taken: names of other tools of the agent; a server's tool of such a name gets a prefix.

    Raises:
        UsageError: a server does not start, or the extra `mcp` is not installed. Those that were
            started are stopped.
    """

    def __init__(
        self,
        addresses: Iterable[str | McpAddress],
        read_only: Iterable[str] = (),
        taken: Iterable[str] = (),
    ) -> None:
        self._tools: list[Tool] = []
        patterns, others = tuple(read_only), tuple(taken)
        with ExitStack() as started:
            for address in addresses:
                from ..tools.mcp import mcp_tools

                names = [*others, *(tool.spec.name for tool in self._tools)]
                self._tools += started.enter_context(
                    mcp_tools(address, taken=names, read_only=patterns)
                )
            self._started = started.pop_all()

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools)

    def close(self) -> None:
        """Stops them all."""
        self._started.close()
