"""An MCP server for tests: `python a_server.py` over stdio, `… PORT` over streamable HTTP."""

from __future__ import annotations

import asyncio
import os
import sys

from mcp.server.mcpserver import Context, Image, MCPServer
from mcp_types import EmbeddedResource, TextResourceContents, ToolAnnotations

server = MCPServer("test")
READ_ONLY = ToolAnnotations(read_only_hint=True)


@server.tool(annotations=READ_ONLY)
def add(a: int, b: int) -> str:
    """Adds two numbers."""
    return str(a + b)


@server.tool()
def book(seat: int) -> str:
    """Books a seat, then the server dies before it answers."""
    os._exit(9)


@server.tool(annotations=READ_ONLY)
async def hang() -> str:
    """Never answers."""
    await asyncio.sleep(600)
    return "late"


@server.tool(annotations=READ_ONLY)
def pid() -> str:
    """Tells the process."""
    return str(os.getpid())


@server.tool()
def fail() -> str:
    """Always fails."""
    raise ValueError("no seats left")


@server.tool(name="big.output", annotations=READ_ONLY)
def big(size: int) -> str:
    """Returns a long text."""
    return "x" * size


@server.tool(structured_output=False)
def picture() -> list[object]:
    """Returns an image and a resource."""
    note = TextResourceContents(uri="file:///note.txt", text="hello", mime_type="text/plain")
    return [Image(data=b"1234", format="png"), EmbeddedResource(resource=note)]


@server.tool()
async def rename(ctx: Context) -> str:
    """Withdraws `add` and puts another in its place."""
    server.remove_tool("add")

    def changed(a: int, b: int, c: int) -> str:
        """Adds three numbers."""
        return str(a + b + c)

    server.add_tool(changed, name="add")
    server.remove_tool("fail")
    await ctx.notify_tools_changed()
    return "done"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run("streamable-http", port=int(sys.argv[1]))
    else:
        server.run("stdio")
