"""An MCP server over HTTP that packs what was asked for plain is not unpacked."""

from __future__ import annotations

import asyncio
import gzip

import pytest

pytest.importorskip("mcp")

import httpx2

from outlay.tools.mcp.http_client import bounded_client


async def test_nothing_is_unpacked() -> None:
    body = gzip.compress(b"x" * 50_000_000)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"content-type: text/event-stream\r\ncontent-length: {len(body)}\r\n"
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n{head}\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, bounded_client({}, lambda why: None) as client:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp"
        with pytest.raises(httpx2.ReadError, match="packed its answer"):
            await client.get(url)
