"""What a model server may send at most: a reply, packed or not, that does not end is cut off."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import httpx2

LARGEST_REPLY = 64 * 1024 * 1024
"""Bytes of a reply or of a stream, unpacked."""

_PIECE = 256 * 1024
"""Bytes that are unpacked at once."""

_PACKED = ("gzip", "x-gzip", "deflate")

Client = TypeVar("Client", bound="httpx2.AsyncClient")


def bounded(client: Client) -> Client:
    """Returns the client so that what it receives is bounded. A server is asked not to pack."""
    client.headers["accept-encoding"] = "identity"
    hooks = client.event_hooks
    if _bound not in hooks["response"]:
        client.event_hooks = {**hooks, "response": [_bound, *hooks["response"]]}
    return client


async def _bound(response: httpx2.Response) -> None:
    import httpx2

    packed = response.headers.get("content-encoding", "identity").strip().lower()
    if packed not in ("", "identity", *_PACKED):
        raise httpx2.ReadError(f"the reply is packed in an odd way: {packed[:20]}")
    inner = response.stream
    if not isinstance(inner, httpx2.AsyncByteStream) or response.is_closed:
        return
    response.stream = _stream(inner, unpacks=packed in _PACKED)
    if packed in _PACKED:
        del response.headers["content-encoding"]


def _stream(inner: httpx2.AsyncByteStream, *, unpacks: bool) -> httpx2.AsyncByteStream:
    import httpx2

    class Bounded(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            seen = 0
            async for piece in _unpacked(inner) if unpacks else inner:
                seen += len(piece)
                if seen > LARGEST_REPLY:
                    raise httpx2.ReadError(f"the reply has more than {LARGEST_REPLY:,} bytes")
                yield piece

        async def aclose(self) -> None:
            await inner.aclose()

    return Bounded()


async def _unpacked(inner: httpx2.AsyncByteStream) -> AsyncIterator[bytes]:
    import httpx2

    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    async for packed in inner:
        while packed:
            try:
                piece = unpacker.decompress(packed, _PIECE)
            except zlib.error as exc:
                raise httpx2.ReadError(f"the reply cannot be unpacked: {exc}") from exc
            packed = unpacker.unconsumed_tail
            if piece:
                yield piece
    if rest := unpacker.flush(_PIECE):
        yield rest
