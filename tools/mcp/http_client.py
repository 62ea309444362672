"""The HTTP client for MCP servers: answers are bounded, secrets stay in its headers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

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
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        packed = response.headers.get("content-encoding", "identity").strip().lower()
        if packed not in ("", "identity"):
            await response.aclose()
            raise httpx2.ReadError(f"the server packed its answer ({packed[:20]!r}) unasked")
        kind = response.headers.get("content-type", "")
        if not kind.startswith("text/event-stream"):
            assert isinstance(response.stream, httpx2.AsyncByteStream)
            response.stream = _BoundedStream(response.stream)
        return response


def bounded_client(headers: Mapping[str, str]) -> httpx2.AsyncClient:
    """Returns a client for one server."""
    # Content encodings are refused: a small answer could unpack to a huge one.
    return httpx2.AsyncClient(
        transport=_Bounded(),
        headers={**headers, "accept-encoding": "identity"},
        timeout=httpx2.Timeout(30, read=300),
    )
