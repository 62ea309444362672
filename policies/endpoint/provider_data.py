"""What a server adds to OpenAI's format in a reply: kept, and given back to its writer alone.

Reasoning (`reasoning_content`), signatures (`extra_content`) and the like: many servers think on
only where they get them back unchanged. Nothing here knows what a field means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
FUNCTION_FIELDS = frozenset(("name", "arguments"))
"""OpenAI's own fields of the function in a tool call."""
_GROWING = frozenset(("text", "summary", "data", "thinking", "signature"))
"""Fields of a part of a list that are streamed in pieces."""

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
    """Returns the fields that `server` added: a host, or a host and its model as `HOST/MODEL`.

    Journals used to name the host alone, whatever model it was.
    """
    if data is None:
        return {}
    fields = data.get(server, data.get(server.partition("/")[0]))
    return fields if isinstance(fields, Mapping) else {}


def added_to_call(entry: Mapping[str, Any], server: str) -> ProviderData | None:
    """Returns the fields beyond OpenAI's own of a tool call, and of the `function` in it."""
    function = entry.get("function")
    further = (
        {}
        if not isinstance(function, Mapping)
        else {name: value for name, value in function.items() if name not in FUNCTION_FIELDS}
    )
    usual = CALL_FIELDS - {"function"}
    return added({**entry, "function": further}, usual, server)


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
        return _merged([item for value in values for item in value])
    if all(isinstance(value, dict) for value in values):
        return {key: item for value in values for key, item in value.items()}
    return values[-1]


def _merged(parts: list[Any]) -> list[Any]:
    """Returns the parts of a list; neighbours of one number and type are pieces of one part."""
    found: list[Any] = []
    for part in parts:
        last = found[-1] if found else None
        if not isinstance(part, dict):
            found.append(part)
        elif not isinstance(last, dict) or not _continues(last, part):
            found.append(dict(part))
        else:
            last.update(_longer(last, part))
    return found


def _continues(last: Mapping[str, Any], part: Mapping[str, Any]) -> bool:
    is_numbered = isinstance(part.get("index"), int)
    return is_numbered and all(last.get(name) == part.get(name) for name in ("index", "type"))


def _longer(last: Mapping[str, Any], piece: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in piece.items():
        before = last.get(name)
        if name in _GROWING and isinstance(before, str) and isinstance(value, str):
            yield name, before + value
        elif value is not None:
            yield name, value
