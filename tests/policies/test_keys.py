"""A server that sends the key back, in any form: no sentence of any kind of policy has it."""

from __future__ import annotations

import asyncio
import html
import itertools
import json
import re
import urllib.parse
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from outlay.journal.records import Message, Request
from outlay.ledger.errors import PolicyError
from outlay.policies import (
    AnthropicMessages,
    Endpoint,
    Gemini,
    LangChainPolicy,
    OpenAIResponses,
    Policy,
)

KEY = "kQ7/Zx+Lm&92vTpR0aWc"
ASK = Request((Message("user", "Well?"),))

FORMS: tuple[str, ...] = (
    KEY,
    KEY.upper(),
    KEY.replace("/", "\\/"),
    "".join(f"\\u{ord(c):04x}" for c in KEY),
    html.escape(KEY),
    "".join(f"&#{ord(c)};" for c in KEY),
    urllib.parse.quote(KEY, safe=""),
    KEY.encode().hex(),
    KEY.encode().hex().upper(),
    json.dumps(json.dumps(KEY)),
)


def bodies(form: str) -> list[tuple[int, str, str]]:
    """Status, content type and body of answers that hold the form, some at a cut."""
    inside = json.dumps(f"bad key {form}!")
    raw = f'{{"error": {{"message": "bad key {form}!", "type": "x"}}}}'  # escapes as they are
    pad = "x" * (300 - len("bad key ") - 8)
    late = json.dumps({"error": {"message": f"{pad} bad key {form}"}})
    event = f'data: {{"error": {{"message": {inside}, "code": 400}}}}\n\n'
    return [
        (401, "application/json", raw),
        (400, "application/json", late),
        (500, "application/json", f'{{"error": {inside}}}'),
        (200, "text/html", f"<p>bad key {form} here</p>"),
        (200, "application/json", f"{'y' * 60} {form}"),
        (200, "application/json", f'{{"error": {{"message": {inside}}}}}'),
        (200, "text/event-stream", event),
        (200, "text/event-stream", f"data: {form}\n\n"),
        (200, "text/event-stream", f'event: error\ndata: {{"type": "error", "error": '
         f'{{"message": {inside}}}}}\n\n'),
    ]  # fmt: skip


def holds_the_key(text: str) -> bool:
    """True if six characters of the key in a row are there, once everything is decoded."""
    seen = {text}
    for _ in range(3):
        decoded = set()
        for each in seen:
            decoded |= {html.unescape(each), urllib.parse.unquote(each), each.replace("\\", "")}
            decoded.add(re.sub(r"\\+u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), each))
        seen |= decoded
    low = {each.lower() for each in seen}
    pieces = {KEY[i : i + 6].lower() for i in range(len(KEY) - 5)}
    coded = {piece.encode().hex() for piece in (KEY[i : i + 6] for i in range(len(KEY) - 5))}
    return any(piece in each for each in low for piece in pieces | coded)


@asynccontextmanager
async def answering(status: int, kind: str, body: str) -> AsyncIterator[str]:
    """A server on loopback that gives every request this answer, and its address."""
    content = body.encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.I)
        await reader.readexactly(int(length[1]) if length else 0)
        writer.write(
            f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(content)}\r\n"
            f"connection: close\r\n\r\n".encode()
            + content
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


Make = Callable[[str, bool], Policy]
KINDS: dict[str, Make] = {
    "endpoint": lambda url, stream: Endpoint(
        "m", base_url=f"{url}/v1", api_key=KEY, stream=stream, timeout=20
    ),
    "responses": lambda url, stream: OpenAIResponses(
        "m", base_url=f"{url}/v1", api_key=KEY, stream=stream, timeout=20
    ),
    "anthropic": lambda url, stream: AnthropicMessages(
        "m", base_url=url, api_key=KEY, stream=stream, timeout=20
    ),
    "gemini": lambda url, stream: Gemini("m", base_url=url, api_key=KEY, stream=stream, timeout=20),
    "langchain": lambda url, stream: LangChainPolicy(
        "openai/m", base_url=f"{url}/v1", api_key=KEY, stream=stream, timeout=20
    ),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", KINDS)
async def test_no_policy_gives_its_key_back(kind: str, stream: bool) -> None:
    tried, through = 0, []
    first = list(KINDS).index(kind)
    for form, place in zip(FORMS * 2, itertools.cycle(range(len(bodies("")))), strict=False):
        answer = bodies(form)[(first + place) % len(bodies(""))]
        async with answering(*answer) as url:
            policy = KINDS[kind](url, stream)
            try:
                await policy.reply(ASK)
            except PolicyError as error:
                tried += 1
                if holds_the_key(str(error)):
                    through.append((form, place, str(error)))
            finally:
                await policy.close()
    assert tried >= len(FORMS)
    assert not through
