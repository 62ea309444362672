"""The first version of the request hash, by which runs of 81ca84b are checked.

It hashes what went to an OpenAI-compatible server, so it has an encoder of its own, which stays
as it is whatever becomes of the one that requests are sent with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import orjson

from ..records import Message, Request, ToolSpec


def old_request_hash(policy: str, request: Request, tools: str) -> str:
    """Returns the hash of a request in the first version.

    Args:
        policy: the name of the policy that is asked.
        tools: what `old_tools_hash` says of the request's tools.
    """
    sampling: tuple[object, ...] = (request.max_tokens, request.temperature, request.seed)
    if request.samples > 1:
        sampling += (request.samples,)
    options = repr((policy, request.tool_choice, *sampling))
    return _hash(options.encode(), tools.encode(), b"".join(map(_digest, request.messages)))


def old_tools_hash(tools: Iterable[ToolSpec]) -> str:
    """Returns the hash of the tools that a policy is offered, in the first version."""
    return _hash(*(orjson.dumps(_tool(spec)) for spec in tools))


@lru_cache(maxsize=10_000)
def _digest(message: Message) -> bytes:
    return hashlib.blake2b(orjson.dumps(_message(message)), digest_size=16).digest()


def _message(message: Message) -> dict[str, Any]:
    data: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        data["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        data["tool_call_id"] = message.tool_call_id
    return data


def _tool(spec: ToolSpec) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {
            "name": spec.name,
            "description": spec.description,
            "parameters": dict(spec.parameters),
        },
    }


def _hash(*parts: bytes) -> str:
    hash = hashlib.blake2b(digest_size=16)
    for part in parts:
        hash.update(len(part).to_bytes(8, "big"))
        hash.update(part)
    return hash.hexdigest()
