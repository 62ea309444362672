"""Streams that are given up: every policy that streams keeps the text that came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from raw_server import events, raw_server

from outlay.journal.records import Message, Request
from outlay.ledger.errors import CallTimedOut
from outlay.policies import Endpoint, Policy
from outlay.policies.anthropic.messages import AnthropicMessages
from outlay.policies.gemini.gemini import Gemini
from outlay.policies.responses.responses import OpenAIResponses

BEGUN = {
    "endpoint": events({"choices": [{"delta": {"content": "So far"}}]}),
    "anthropic": events(
        {"type": "message_start", "message": {"id": "m", "model": "c", "usage": {}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0,
         "delta": {"type": "text_delta", "text": "So far"}},
    ),
    "responses": events({"type": "response.output_text.delta", "delta": "So far"}),
    "gemini": events({"candidates": [{"content": {"parts": [{"text": "So far"}]}}]}),
}  # fmt: skip
MAKE: dict[str, Callable[..., Policy]] = {
    "endpoint": Endpoint, "anthropic": AnthropicMessages, "responses": OpenAIResponses,
    "gemini": Gemini,
}  # fmt: skip


@pytest.mark.parametrize("kind", MAKE)
async def test_what_came_is_kept_where_that_is_wanted(kind: str) -> None:
    options: dict[str, Any] = {"api_key": "k", "timeout": 0.15}
    async with raw_server(BEGUN[kind], hangs=True) as raw:
        policy = MAKE[kind]("m", base_url=raw.url, **options)
        told: list[str] = []
        request = Request((Message("user", "Well?"),), streams=True, on_text=told.append)
        await policy.reply(request)  # it has imported what it needs
        reply = await policy.reply(request)
        assert (reply.message.content, reply.finish_reason) == ("So far", "timeout")
        assert (reply.usage, told) == (None, [])
        with pytest.raises(CallTimedOut):
            await policy.reply(Request((Message("user", "Well?"),)))
        await policy.close()


@pytest.mark.parametrize("kind", MAKE)
async def test_nothing_is_no_reply(kind: str) -> None:
    async with raw_server(b"", hangs=True) as raw:
        policy = MAKE[kind]("m", base_url=raw.url, api_key="k", timeout=0.15)
        with pytest.raises(CallTimedOut):
            await policy.reply(Request((Message("user", "Well?"),), streams=True))
        await policy.close()
