"""A model server that sends without end, or little that unpacks to much: both are cut off."""

from __future__ import annotations

import asyncio
import gzip
import re

import pytest

from outlay.journal.records import Message, Request
from outlay.ledger.errors import OutcomeUnknown
from outlay.policies import AnthropicMessages, Endpoint
from outlay.policies.endpoint import bounded

ASK = Request((Message("user", "Well?"),))
REPLY = b'{"choices": [{"message": {"role": "assistant", "content": "Hm."}}]}'


async def answer(writer: asyncio.StreamWriter, head: str, body: bytes, times: int) -> None:
    writer.write(f"HTTP/1.1 200 OK\r\n{head}connection: close\r\n\r\n".encode())
    try:
        for _ in range(times):
            writer.write(body)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", ["plain", "gzip"])
@pytest.mark.parametrize("make", [Endpoint, AnthropicMessages])
async def test_no_reply_is_longer_than_the_bound(
    kind: str, stream: bool, make: type[Endpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "LARGEST_REPLY", 1_000_000)
    flood = b"data: " + b"x" * 20_000_000
    body = gzip.compress(flood) if kind == "gzip" else flood
    sort = "text/event-stream" if stream else "application/json"
    head = f"content-type: {sort}\r\n" + ("content-encoding: gzip\r\n" if kind == "gzip" else "")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await answer(writer, head, body, 1)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        policy = make("m", base_url=url, api_key="k-12345678", stream=stream, timeout=60)
        with pytest.raises(OutcomeUnknown, match="more than 1,000,000 bytes"):
            await policy.reply(ASK)


async def test_a_packed_reply_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        head = "content-type: application/json\r\ncontent-encoding: gzip\r\n"
        await answer(writer, head, gzip.compress(REPLY), 1)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        reply = await Endpoint("m", base_url=url, timeout=60).reply(ASK)
    assert reply.message.content == "Hm."
    assert re.search(rb"accept-encoding: identity\r\n", asked[0], re.I)
