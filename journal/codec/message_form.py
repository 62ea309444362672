"""A message as the journal keeps it: `role`, `content` and what else there is of

- `calls`: `[{"id", "name", "arguments"}]`,
- `call_id`: the call that a tool message answers,
- `provider`: what providers added, by their names; a call may have it too.

Journals of format 1 have the form of OpenAI's chat completions instead; it is read as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..records import Message, ToolCall


def message_to(message: Message) -> dict[str, Any]:
    """Returns the journal's form of a message."""
    data: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        data["calls"] = [_call_to(call) for call in message.tool_calls]
    if message.tool_call_id is not None:
        data["call_id"] = message.tool_call_id
    if message.provider is not None:
        data["provider"] = message.provider
    return data


def message_from(data: Mapping[str, Any]) -> Message:
    """Returns the message that the journal keeps in either form."""
    if "tool_calls" in data or "tool_call_id" in data:
        return _old_message(data)
    calls = tuple(_call_from(call) for call in data.get("calls", ()))
    return Message(
        data["role"], data.get("content") or "", calls, data.get("call_id"), data.get("provider")
    )


def _call_to(call: ToolCall) -> dict[str, Any]:
    data: dict[str, Any] = {"id": call.id, "name": call.name, "arguments": call.arguments}
    return data if call.provider is None else {**data, "provider": call.provider}


def _call_from(data: Mapping[str, Any]) -> ToolCall:
    return ToolCall(data["id"], data["name"], data["arguments"], data.get("provider"))


def _old_message(data: Mapping[str, Any]) -> Message:
    calls = tuple(
        ToolCall(str(call["id"]), str(call["function"]["name"]), str(call["function"]["arguments"]))
        for call in data.get("tool_calls") or ()
    )
    return Message(data["role"], data.get("content") or "", calls, data.get("tool_call_id"))
