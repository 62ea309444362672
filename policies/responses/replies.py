"""Replies and errors of OpenAI's Responses API as neutral ones. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from ...journal.records import Message, Reply, ToolCall
from ..endpoint import bills, wire
from ..endpoint.provider_data import added
from ..endpoint.stated_costs import stated_cost
from ..sdk_calls import ErrorInBody
from .requests import text_of

_ENDED = ("completed", "incomplete")
_STATUSES = {"server_error": 500, "rate_limit_exceeded": 429, "insufficient_quota": 429}
_INCOMPLETE = {"max_output_tokens": "length", "content_filter": "content_filter"}


def decode(raw: bytes, server: str = "") -> Reply:
    """Returns the reply in the body of a response of `server`.

    Raises:
        wire.UnreadableReply: it is not JSON, or no reply that has come to its end.
        ErrorInBody: it is an error.
    """
    data = wire.loads(raw)
    if not isinstance(data, Mapping):
        raise wire.UnreadableReply(f"the reply is a JSON {type(data).__name__}, not an object")
    if data.get("error"):
        raise in_body(data["error"])
    if not isinstance(data.get("output"), list) or data.get("status") not in _ENDED:
        raise wire.UnreadableReply("the reply has no output")
    return reply(data, server)


def reply(data: Mapping[str, Any], server: str) -> Reply:
    """Returns the reply in a response object."""
    items = [_without_nulls(item) for item in data["output"] if isinstance(item, Mapping)]
    calls = tuple(call(item) for item in items if item.get("type") == "function_call")
    kept = added({"output": items}, frozenset(), server)
    return Reply(
        message=Message("assistant", text_of(items), calls, provider=kept),
        usage=bills.bill(data.get("usage")),
        finish_reason=_finish(data, calls),
        model=_string(data.get("model")),
        response_id=_string(data.get("id")),
        stated_usd=stated_cost(data, data.get("usage")),
        reasoning=reasoning_of(items),
    )


def reasoning_of(items: Sequence[Any]) -> str:
    """Returns what the policy tells of its reasoning: its summaries, else its text."""
    thoughts = [
        _string(part.get("text"))
        for item in items
        if item.get("type") == "reasoning"
        for part in item.get("summary") or item.get("content") or ()
        if isinstance(part, Mapping)
    ]
    return "\n\n".join(filter(None, thoughts))


def call(item: Mapping[str, Any]) -> ToolCall:
    """Returns the call in a `function_call` item."""
    id = _string(item.get("call_id")) or _string(item.get("id"))
    return ToolCall(id, _string(item.get("name")), _string(item.get("arguments")) or "{}")


def in_body(error: object) -> ErrorInBody:
    """Returns an error object that came in place of a reply as the HTTP error it stands for."""
    code = wire.error_code(error)
    return ErrorInBody(_STATUSES.get(code, 400), orjson.dumps({"error": error}, default=str))


def _finish(data: Mapping[str, Any], calls: tuple[ToolCall, ...]) -> str:
    if data.get("status") != "incomplete":
        return "tool_calls" if calls else "stop"
    details = data.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, Mapping) else None
    return _INCOMPLETE.get(_string(reason), "length")


def _without_nulls(value: Any) -> Any:
    """Returns JSON without fields that are null: the server writes them and takes none back."""
    if isinstance(value, Mapping):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
