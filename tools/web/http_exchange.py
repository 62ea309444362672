"""One request and its reply, read under limits."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus

import httpcore

from ...ledger.errors import ToolError
from .urls import RequestTarget

_STEP = 65_536
"""Bytes that are unpacked at once, so that no bomb is ever unpacked whole."""

_PACKED = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


@dataclass(frozen=True, kw_only=True)
class HttpResponse:
    """What a server answered. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    """Unpacked; empty where `status` is not a success."""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def named_status(self) -> str:
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return str(self.status)


async def exchange(
    pool: httpcore.AsyncConnectionPool,
    target: RequestTarget,
    *,
    max_bytes: int,
    headers: Mapping[str, str],
    method: str = "GET",
    content: bytes | None = None,
) -> HttpResponse:
    """Sends one request and reads the reply; redirects are not followed.

    Args:
        pool: where connections come from.
        target: what is asked for.
        max_bytes: the most that a body may have, packed or unpacked.
        headers: what is sent beside Host and Accept-Encoding.
        method: `GET` or `POST`.
        content: the body of the request, or None.

    Raises:
        ToolError: there is no reply, or it breaks a limit.
    """
    url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    sent.append((b"Accept-Encoding", b"gzip, deflate"))
    try:
        async with pool.stream(method, url, headers=sent, content=content) as response:
            return await _read(response, target, max_bytes)
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
        raise ToolError(f"{target.host} cannot be reached: {_short(exc)}") from exc
    except (httpcore.NetworkError, httpcore.TimeoutException) as exc:
        raise ToolError(f"{target.host} broke the connection off: {_short(exc)}") from exc
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as exc:
        raise ToolError(f"{target.host} does not speak HTTP rightly: {_short(exc)}") from exc


async def _read(response: httpcore.Response, target: RequestTarget, max_bytes: int) -> HttpResponse:
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
    }
    reply = HttpResponse(status=response.status, headers=headers, body=b"")
    if not reply.is_success:
        return reply
    length = headers.get("content-length", "")
    if length.isdigit() and int(length[:20]) > max_bytes:
        raise ToolError(_too_large(target, max_bytes))
    body, received = bytearray(), 0
    unpacker = _unpacker(headers.get("content-encoding", ""), target)
    async for part in response.aiter_stream():
        received += len(part)
        for piece in unpacker.pieces(part):
            body += piece
            if len(body) > max_bytes:
                break
        if max(received, len(body)) > max_bytes:
            raise ToolError(_too_large(target, max_bytes))
    if not unpacker.is_complete:
        raise ToolError(f"the packed reply of {target.host} breaks off")
    return replace(reply, body=bytes(body))


def _unpacker(encoding: str, target: RequestTarget) -> _PlainBody:
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return _PlainBody()
    if encoding not in _PACKED:
        raise ToolError(f"{target.host} packed its reply as {encoding[:40]!r}, which is not read")
    return _CompressedBody(encoding, target.host)


class _PlainBody:
    """Passes a body on as it is."""

    is_complete = True

    def pieces(self, part: bytes) -> Iterator[bytes]:
        yield part


class _CompressedBody(_PlainBody):
    """Unpacks gzip or deflate, a bounded piece at a time."""

    def __init__(self, encoding: str, host: str) -> None:
        self._is_deflate = encoding == "deflate"
        self._host = host
        self._stream = zlib.decompressobj(_PACKED[encoding])
        self._begun = False
        self.is_complete = True

    def pieces(self, part: bytes) -> Iterator[bytes]:
        """Takes packed data in and yields what they hold.

        Raises:
            ToolError: they are broken.
        """
        while part or not self.is_complete:
            piece = self._inflate(part)
            part = self._stream.unconsumed_tail
            if piece:
                yield piece
            if self._stream.eof:
                part = self._next_member()
                self.is_complete = not part
            elif not part and len(piece) < _STEP:
                return

    def _next_member(self) -> bytes:
        """Begins anew where another gzip member follows; anything else after the end is dropped."""
        rest = self._stream.unused_data
        if self._is_deflate or rest[:2] != b"\x1f\x8b":
            return b""
        self._stream = zlib.decompressobj(_PACKED["gzip"])
        return rest

    def _inflate(self, data: bytes) -> bytes:
        self.is_complete = False
        try:
            piece = self._stream.decompress(data, _STEP)
        except zlib.error as exc:
            if not self._is_deflate or self._begun:
                raise ToolError(f"{self._host} sent packed data that are broken") from exc
            self._begun = True
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._inflate(data)
        self._begun = True
        return piece


def _too_large(target: RequestTarget, max_bytes: int) -> str:
    return f"{str(target)[:200]} has more than {max_bytes:,} bytes, the limit for a page"


def _short(exc: Exception) -> str:
    return (str(exc) or type(exc).__name__)[:200]
