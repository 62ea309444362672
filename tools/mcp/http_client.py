"""The HTTP client for MCP servers: answers are bounded, secrets stay in its headers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus

import httpx2

LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes of one JSON answer; the SDK itself bounds the events of a stream."""


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for piece in self._inner:
            seen += len(piece)
            if seen > LARGEST_ANSWER:
                raise httpx2.ReadError(f"the answer has more than {LARGEST_ANSWER:,} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Bounded(httpx2.AsyncHTTPTransport):
    def __init__(self, told: Callable[[str], None]) -> None:
        super().__init__()
        self._told = told

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        if request.method == "POST" and not response.is_success:
            self._told(refusal(response.status_code, response.headers.get("location", "")))
        packed = response.headers.get("content-encoding", "identity").strip().lower()
        if packed not in ("", "identity"):
            await response.aclose()
            raise httpx2.ReadError(f"the server packed its answer ({packed[:20]!r}) unasked")
        kind = response.headers.get("content-type", "")
        if not kind.startswith("text/event-stream"):
            assert isinstance(response.stream, httpx2.AsyncByteStream)
            response.stream = _BoundedStream(response.stream)
        return response


def refusal(status: int, location: str) -> str:
    """Says what a server's answer to a message means, and what mends it."""
    try:
        name = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        name = str(status)
    if status in (401, 403):
        return (
            f"it answered {name}: give it a key by --mcp-header Authorization=VARIABLE, or "
            "headers={'Authorization': 'Bearer …'}"
        )
    if 300 <= status < 400:
        return f"it answered {name}: give the address that it names, {location[:200] or '(none)'}"
    if status in (404, 405, 406, 410, 415):
        return (
            f"it answered {name}: no streamable HTTP server is there. Its address often ends in "
            "/mcp; one that ends in /sse is of the older SSE transport, which is not spoken here: "
            "`npx mcp-remote URL` as a command line bridges it"
        )
    return f"it answered {name}"


def bounded_client(headers: Mapping[str, str], told: Callable[[str], None]) -> httpx2.AsyncClient:
    """Returns a client for one server.

    Args:
        told: is called with what a message was answered that was not taken.
    """
    # Content encodings are refused: a small answer could unpack to a huge one.
    return httpx2.AsyncClient(
        transport=_Bounded(told),
        headers={**headers, "accept-encoding": "identity"},
        timeout=httpx2.Timeout(30, read=300),
    )
