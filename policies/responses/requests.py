"""Neutral requests as bodies of OpenAI's Responses API. Pure functions.

Nothing is left with the server (`store: false`), so the whole conversation goes with each request,
and with it the reasoning that the model encrypted for itself. Each message is encoded once in its
life: prompts only grow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from ...journal.records import Message, Request, ToolSpec
from ..endpoint.encoded_once import EncodedOnce
from ..endpoint.provider_data import given_back

_REASONS = re.compile(r"(ft:)?(o\d|gpt-[5-9]|gpt-oss|codex)")
"""Models that may be asked for their encrypted reasoning: others refuse the question."""


@dataclass(frozen=True, kw_only=True)
class RequestForm:
    """What is the same in every request of a policy."""

    model: str
    server: str
    """Who gets it, and with it what it added to earlier replies itself."""
    effort: str | None
    stream: bool


def encode(request: Request, form: RequestForm, max_tokens: int) -> bytes:
    """Returns the body of the request. The API has no `seed`: it is left out."""
    start = next((i for i, m in enumerate(request.messages) if m.role != "system"), None)
    system = request.messages[:start]
    items = _items_of(form.server)(request.messages[len(system) :])
    parts = [
        b'{"model":' + orjson.dumps(form.model),
        b'"input":[' + b",".join(piece for piece in items if piece) + b"]",
        b'"store":false',
        b'"max_output_tokens":%d' % max_tokens,
    ]
    if system:
        parts.append(b'"instructions":' + orjson.dumps("\n\n".join(m.content for m in system)))
    if request.tools:
        parts.append(b'"tools":[' + b",".join(_tools(request.tools)) + b"]")
        if request.tool_choice != "auto":
            parts.append(b'"tool_choice":' + orjson.dumps(request.tool_choice))
    if _REASONS.match(form.model):
        parts.append(b'"include":["reasoning.encrypted_content"]')
    if form.effort is not None:
        parts.append(b'"reasoning":' + orjson.dumps({"effort": form.effort}))
    if request.temperature is not None:
        parts.append(b'"temperature":' + orjson.dumps(request.temperature))
    if form.stream:
        parts.append(b'"stream":true')
    return b",".join(parts) + b"}"


def reply_items(message: Message, server: str) -> list[dict[str, Any]]:
    """Returns a reply as it is given back: to the letter where `server` wrote it itself."""
    kept = given_back(message.provider, server).get("output")
    if isinstance(kept, list) and _says_the_same(kept, message):
        return [item for item in kept if _can_be_read(item)]
    said = [{"role": "assistant", "content": message.content}] if message.content else []
    return [*said, *plain_calls(message)]


def plain_calls(message: Message) -> list[dict[str, Any]]:
    """Returns the calls of a neutral reply."""
    return [
        {
            "type": "function_call",
            "call_id": call.id,
            "name": call.name,
            "arguments": call.arguments,
        }
        for call in message.tool_calls
    ]


def text_of(items: Sequence[Any]) -> str:
    """Returns what the policy said in its output: text, or why it refuses."""
    parts = [
        part
        for item in items
        if item.get("type") == "message"
        for part in item.get("content") or ()
        if isinstance(part, dict)
    ]
    pieces = (part.get("text") or part.get("refusal") for part in parts)
    return "".join(piece for piece in pieces if isinstance(piece, str))


def _says_the_same(items: Sequence[Any], message: Message) -> bool:
    """Says whether kept items are those of a message as it now stands."""
    ids = [item.get("call_id") for item in items if item.get("type") == "function_call"]
    return text_of(items) == message.content and ids == [call.id for call in message.tool_calls]


def _can_be_read(item: dict[str, Any]) -> bool:
    """Says whether a server that stored nothing can read an item: not reasoning by its id alone."""
    if item.get("type") != "reasoning":
        return True
    return bool(item.get("encrypted_content") or item.get("content"))


def _items(message: Message, server: str) -> list[dict[str, Any]]:
    if message.role == "assistant":
        return reply_items(message, server)
    if message.role == "tool":
        answered = message.tool_call_id or ""
        output = message.content
        return [{"type": "function_call_output", "call_id": answered, "output": output}]
    return [{"role": message.role, "content": message.content}]


@lru_cache(maxsize=256)
def _items_of(server: str) -> EncodedOnce[Message]:
    def encoded(message: Message) -> bytes:
        items = (orjson.dumps(item) for item in _items(message, server))
        return b",".join(bytes(memoryview(item)) for item in items)

    return EncodedOnce(encoded)


def _tool(spec: ToolSpec) -> bytes:
    return orjson.dumps(
        {
            "type": "function",
            "name": spec.name,
            "description": spec.description,
            "parameters": dict(spec.parameters),
            "strict": False,
        }
    )


_tools = EncodedOnce[ToolSpec](_tool)
