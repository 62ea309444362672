"""Neutral messages as LangChain's and back. Only data pass: no class is loaded from a journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from ...journal.arguments import arguments_or, written
from ...journal.records import Message, ToolCall
from .. import reasoning
from ..call_ids import own_id
from ..endpoint.provider_data import MOST_BYTES

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

_KEPT = ("content", "additional_kwargs", "response_metadata")
_OF_THE_BILL = frozenset(
    ("token_usage", "usage", "usage_metadata", "logprobs", "headers", "safety_ratings")
)
"""What a reply tells in `response_metadata` and no later request has."""
_CALLS = frozenset(("tool_calls", "function_call"))
"""What `additional_kwargs` repeats of the calls."""


def to_langchain(messages: Sequence[Message], provider: str) -> list[BaseMessage]:
    """Returns the messages in LangChain's classes, with what `provider` added to them itself."""
    from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage

    names = {call.id: call.name for message in messages for call in message.tool_calls}
    written: list[BaseMessage] = []
    for message in messages:
        if message.role == "assistant":
            written.append(_assistant(message, provider))
        elif message.role == "tool":
            id = message.tool_call_id or ""
            written.append(ToolMessage(message.content, tool_call_id=id, name=names.get(id)))
        else:
            kind = SystemMessage if message.role == "system" else HumanMessage
            written.append(kind(message.content))
    return written


def from_langchain(message: AIMessage, metadata: Mapping[str, Any], provider: str) -> Message:
    """Returns a reply of `provider`.

    Args:
        metadata: its `response_metadata`; a stream's pieces would run together in the message.
    """
    return Message(
        "assistant",
        str(message.text),
        tuple(_calls(message)),
        provider=_opaque(message, metadata, provider),
    )


def reasoning_of(message: AIMessage) -> str:
    """Returns what a reply tells of its reasoning in its blocks or beside them."""
    return reasoning.told({**message.additional_kwargs, "content": message.content})


def _assistant(message: Message, provider: str) -> AIMessage:
    from langchain_core.messages import AIMessage

    added = (message.provider or {}).get(provider)
    data = added if isinstance(added, Mapping) else {}
    fields = {name: data[name] for name in _KEPT if name in data}
    if not _is_of(message, fields.get("content")):
        fields["content"] = message.content
    calls = [
        {
            "type": "tool_call",
            "id": call.id,
            "name": call.name,
            "args": arguments_or(call.arguments, "malformed"),
        }
        for call in message.tool_calls
    ]
    return AIMessage(**fields, tool_calls=calls)


def _is_of(message: Message, content: object) -> bool:
    """Says whether content blocks hold no call that the message has not (it may have been cut)."""
    if not isinstance(content, list):
        return False
    known = {call.id for call in message.tool_calls}
    blocks = (block for block in content if isinstance(block, Mapping))
    asked = {block.get("call_id") or block.get("id") for block in blocks if _is_call(block)}
    return asked <= known


def _is_call(block: Mapping[str, Any]) -> bool:
    return block.get("type") in ("tool_use", "tool_call", "function_call", "invalid_tool_call")


def _calls(message: AIMessage) -> Iterator[ToolCall]:
    """Yields the calls; each has an id of its own.

    Those of a stream are as they were written: LangChain mends what was cut off.
    """
    seen: set[str] = set()
    streamed = getattr(message, "tool_call_chunks", None)
    wishes = [
        (call["id"], call["name"], args if isinstance(args := call["args"], str) else _text(args))
        for call in streamed or (*message.tool_calls, *message.invalid_tool_calls)
    ]
    for position, (id, name, arguments) in enumerate(wishes):
        own = own_id(id or "", position, seen, message.id or "")
        seen.add(own)
        yield ToolCall(own, name or "", arguments or "{}")


def _text(arguments: object) -> str:
    return "" if arguments is None else written(arguments)


def _opaque(
    message: AIMessage, metadata: Mapping[str, Any], provider: str
) -> Mapping[str, Any] | None:
    """Returns what goes back to the provider unchanged, None where there is nothing."""
    fields: dict[str, Any] = {}
    if isinstance(message.content, list) and not _is_plain(message.content):
        fields["content"] = message.content
    for name, data, left_out in (
        ("additional_kwargs", message.additional_kwargs, _CALLS),
        ("response_metadata", metadata, _OF_THE_BILL),
    ):
        kept = {key: value for key, value in data.items() if key not in left_out and value}
        if kept:
            fields[name] = kept
    try:
        written = orjson.dumps(fields, default=_no_data)
    except TypeError:  # nothing that is more than data is kept
        return None
    if len(written) > MOST_BYTES or not fields:
        return None
    return {provider: orjson.loads(written)}


def _is_plain(content: Sequence[Any]) -> bool:
    """Says whether blocks are nothing but their text."""
    return all(
        isinstance(block, str) or (set(block) <= {"type", "text", "index"} and "text" in block)
        for block in content
    )


def _no_data(value: object) -> Any:
    if isinstance(value, bytes):
        raise TypeError("bytes are no JSON")
    return str(value)
