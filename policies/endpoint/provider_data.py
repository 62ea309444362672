"""What a server adds to OpenAI's format in a reply: kept, and given back to that server alone.

Reasoning (`reasoning_content`), signatures (`extra_content`) and the like: many servers think on
only where they get them back unchanged. Nothing here knows what a field means.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ...journal.records import ProviderData

MOST_BYTES = 2**20
"""Bytes of JSON that are kept of a message, and of each call; what goes beyond is left out."""

MESSAGE_FIELDS = frozenset(
    ("role", "content", "refusal", "tool_calls", "function_call", "audio", "annotations")
)
"""OpenAI's own fields of a message: they are read, or a request does not have them."""
CALL_FIELDS = frozenset(("id", "index", "type", "function"))
"""OpenAI's own fields of a tool call."""

_EMPTY: tuple[object, ...] = (None, "", [], {})


def added(data: Mapping[str, Any], usual: frozenset[str], server: str) -> ProviderData | None:
    """Returns the fields beyond the usual ones as the data of `server`, None where there are none.

    Fields that say nothing are left out, and those that would pass `MOST_BYTES` together.
    """
    fields: dict[str, Any] = {}
    left = MOST_BYTES
    for name, value in data.items():
        if name in usual or value in _EMPTY:
            continue
        size = len(orjson.dumps({name: value}))
        if size <= left:
            fields[name] = value
            left -= size
    return {server: fields} if fields else None


def given_back(data: ProviderData | None, server: str) -> Mapping[str, Any]:
    """Returns the fields that `server` added."""
    fields = data.get(server) if data is not None else None
    return fields if isinstance(fields, Mapping) else {}


def gather(pieces: dict[str, list[Any]], delta: Mapping[str, Any], usual: frozenset[str]) -> None:
    """Adds what a piece of a stream has of fields beyond the usual ones."""
    for name, value in delta.items():
        if name not in usual and value is not None:
            pieces.setdefault(name, []).append(value)


def joined(pieces: Mapping[str, list[Any]]) -> dict[str, Any]:
    """Returns the fields that were streamed: texts and lists end to end, else the last value."""
    return {name: _joined(values) for name, values in pieces.items()}


def _joined(values: list[Any]) -> Any:
    if all(isinstance(value, str) for value in values):
        return "".join(values)
    if all(isinstance(value, list) for value in values):
        return [item for value in values for item in value]
    if all(isinstance(value, dict) for value in values):
        return {key: item for value in values for key, item in value.items()}
    return values[-1]
