"""Replies, bills and errors of Anthropic's Messages API as neutral ones. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from ...journal.records import Message, Reply, ToolCall
from ...ledger.usage import Usage
from ..endpoint import wire
from ..endpoint.provider_data import added
from ..sdk_calls import ErrorInBody
from .requests import plain_blocks

_FINISHES = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "pause_turn": "length",  # the turn is not over: asked again, the model goes on
    "refusal": "content_filter",
}
_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "overloaded_error": 529,
    "timeout_error": 504,
}
_CALL_FIELDS = frozenset(("type", "id", "name", "input"))


def decode(raw: bytes, server: str = "") -> Reply:
    """Returns the reply in the body of a response of `server`.

    Raises:
        wire.UnreadableReply: it is not JSON, or no message.
        ErrorInBody: it is an error.
    """
    data = wire.loads(raw)
    if isinstance(data, Mapping) and data.get("type") == "error":
        raise ErrorInBody(status_of(data), raw)
    if not isinstance(data, Mapping) or not isinstance(data.get("content"), list):
        raise wire.UnreadableReply("the reply has no content")
    return reply(data, {}, server)


def reply(data: Mapping[str, Any], written: Mapping[int, str], server: str) -> Reply:
    """Returns the reply in a message object.

    Args:
        written: the arguments of calls as they were streamed, by the place of their block.
    """
    blocks = [
        {name: value for name, value in block.items() if value is not None}
        for block in data["content"]
        if isinstance(block, Mapping)
    ]
    calls = tuple(
        call(block, written.get(place), server)
        for place, block in enumerate(blocks)
        if block.get("type") == "tool_use"
    )
    message = Message("assistant", text(blocks), calls)
    if plain_blocks(message, server) != blocks:
        kept = added({"content": blocks}, frozenset(), server)
        message = Message("assistant", message.content, calls, provider=kept)
    ended = data.get("stop_reason")
    return Reply(
        message=message,
        usage=usage(data.get("usage")),
        finish_reason=_FINISHES.get(ended, ended) if isinstance(ended, str) else "stop",
        model=_string(data.get("model")),
        response_id=_string(data.get("id")),
        reasoning="\n\n".join(filter(None, (_string(b.get("thinking")) for b in blocks))),
    )


def call(block: Mapping[str, Any], written: str | None, server: str) -> ToolCall:
    """Returns the call in a `tool_use` block; the arguments of `reply`."""
    text = orjson.dumps(block.get("input") or {}).decode() if written is None else written
    return ToolCall(
        _string(block.get("id")), _string(block.get("name")), text or "{}",
        added(block, _CALL_FIELDS, server),
    )  # fmt: skip


def text(blocks: Sequence[Mapping[str, Any]]) -> str:
    """Returns what the policy said: the text of its text blocks."""
    return "".join(_string(b.get("text")) for b in blocks if b.get("type") == "text")


def usage(data: object) -> Usage | None:
    """Returns the bill, or None where `data` is none.

    `input_tokens` leaves out what was read from the cache or written to it; thinking is part of
    `output_tokens`.
    """
    if not isinstance(data, Mapping):
        return None
    if _count(data, "input_tokens") is None or _count(data, "output_tokens") is None:
        return None
    details = data.get("output_tokens_details")
    thought = _count(details, "thinking_tokens") if isinstance(details, Mapping) else 0
    output = _count(data, "output_tokens") or 0
    reasoning = min(thought or 0, output)
    minutes, hour = _written(data)
    bill = Usage(
        input=_count(data, "input_tokens") or 0,
        cache_read=_count(data, "cache_read_input_tokens") or 0,
        cache_write=minutes,
        cache_write_1h=hour,
        output=output - reasoning,
        reasoning=reasoning,
    )
    return bill if bill.input_tokens else None  # no prompt is free of tokens


def _written(data: Mapping[str, Any]) -> tuple[int, int]:
    """Returns the tokens written to the cache for five minutes and for an hour.

    What is not told apart was written for five minutes; where the parts say more than the sum, the
    parts count.
    """
    parts = data.get("cache_creation")
    told = parts if isinstance(parts, Mapping) else {}
    hour = _count(told, "ephemeral_1h_input_tokens") or 0
    minutes = _count(told, "ephemeral_5m_input_tokens") or 0
    in_all = max(_count(data, "cache_creation_input_tokens") or 0, minutes + hour)
    return in_all - hour, hour


def largest(known: Mapping[str, Any], told: object) -> dict[str, Any]:
    """Returns the counts of a bill that is told piece by piece: they only grow."""
    counts = dict(known)
    for name, value in told.items() if isinstance(told, Mapping) else ():
        before = counts.get(name)
        if value is None or (isinstance(value, int) and isinstance(before, int) and value < before):
            continue
        counts[name] = value
    return counts


def status_of(data: Mapping[str, Any]) -> int:
    """Returns the HTTP status that an error object stands for."""
    return _STATUSES.get(wire.error_code(data), 500)


def _count(data: Mapping[str, Any], name: str) -> int | None:
    value = data.get(name)
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    return value if is_count else None


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
