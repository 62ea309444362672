"""Ids of tool calls: one for each call of a run, in a form that every provider takes."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from ..journal.records import Message, Reply, ToolCall

_NAMES = ("id", "call_id", "call", "tool_call_id", "tool_use_id")
"""Under what names providers' data hold the id of a call."""
_LEFT = ("input", "args", "arguments", "functionCall")
"""What holds arguments, or an id that goes back to the provider as it came."""


def made_id(seed: str, place: int) -> str:
    """Returns the id of a call that has none: nine letters and digits, which Mistral insists on."""
    text = f"{seed}/{place}".encode("utf-8", "replace")
    return hashlib.blake2b(text, digest_size=5).hexdigest()[:9]


def own_id(id: str, place: int, taken: Collection[str], seed: str) -> str:
    """Returns the server's id of a call, or one of our own where it has none or has one again.

    Args:
        place: the call's place in its reply.
        taken: ids of other calls of the run.
        seed: names the reply within the run.
    """
    number = 0
    while not id or id in taken:
        id = made_id(f"{seed}/{number}" if number else seed, place)
        number += 1
    return id


def with_own_ids(reply: Reply, taken: set[str], seed: str) -> Reply:
    """Returns the reply with ids that no other call of the run has, and adds them to `taken`."""
    samples = (reply.message, *reply.others)
    if not any(message.tool_calls for message in samples):
        return reply
    renamed = tuple(
        _with_own_ids(message, taken, f"{seed}/{number}" if number else seed)
        for number, message in enumerate(samples)
    )
    return reply if renamed == samples else replace(reply, message=renamed[0], others=renamed[1:])


def _with_own_ids(message: Message, taken: set[str], seed: str) -> Message:
    calls: list[ToolCall] = []
    renamed: dict[str, deque[str]] = {}
    for place, call in enumerate(message.tool_calls):
        id = own_id(call.id, place, taken, seed)
        taken.add(id)
        renamed.setdefault(call.id, deque()).append(id)
        calls.append(call if id == call.id else replace(call, id=id))
    if tuple(calls) == message.tool_calls:
        return message
    provider = None if message.provider is None else _renamed(message.provider, renamed)
    return replace(message, tool_calls=tuple(calls), provider=provider)


def _renamed(data: Any, renamed: Mapping[str, deque[str]]) -> Any:
    """Returns a provider's data with the new ids of its calls, which stand in it in order."""
    if isinstance(data, list):
        return [_renamed(part, renamed) for part in data]
    if not isinstance(data, Mapping):
        return data
    changed = {
        name: part if name in _LEFT else _renamed(part, renamed) for name, part in data.items()
    }
    for name in _NAMES:
        old = data.get(name)
        if isinstance(old, str) and old in renamed and (old or "name" in data):
            ids = renamed[old]
            changed[name] = ids.popleft() if len(ids) > 1 else ids[0]
    return changed
