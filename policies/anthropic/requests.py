"""Neutral requests as bodies of Anthropic's Messages API. Pure functions.

Consecutive messages of one side are one message there, and tool results are part of the user's.
Each message is encoded once in its life: prompts only grow.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, Literal

import orjson

from ...journal.arguments import arguments_or
from ...journal.records import Message, Request, ToolSpec
from ..endpoint.encoded_once import EncodedOnce
from ..endpoint.provider_data import given_back

Thinking = int | Literal["adaptive"] | None
CacheTime = Literal["5m", "1h"] | None

_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_TOOL_CHOICES = {"none": "none", "required": "any"}
UNREADABLE = "unreadable_arguments"
"""Under this name goes what a policy wrote as arguments where it is no JSON object."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """What is the same in every request of a policy."""

    model: str
    server: str
    """Who gets it, and with it what it added to earlier replies itself."""
    thinking: Thinking
    cache: CacheTime
    stream: bool


def encode(request: Request, form: Form, max_tokens: int) -> bytes:
    """Returns the body of the request.

    Cache marks are set where the prompt is stable: behind the tools, the system message, the end
    of the conversation and where the last request ended, so that each turn reads what the one
    before it wrote. The API has neither `temperature` nor `seed`: they are left out.
    """
    system, talk = _split(request.messages)
    parts = [
        b'{"model":' + orjson.dumps(form.model),
        b'"max_tokens":%d' % max_tokens,
        b'"messages":[' + b",".join(_turns(talk, form)) + b"]",
    ]
    if system:
        text = {"type": "text", "text": system, **_mark(form.cache)}
        parts.append(b'"system":[' + orjson.dumps(text) + b"]")
    if request.tools:
        *first, last = _tools(request.tools)
        mark = orjson.dumps(_mark(form.cache))[1:-1]
        marked = last[:-1] + b"," + mark + b"}" if mark else last
        parts.append(b'"tools":[' + b",".join([*first, marked]) + b"]")
        choice: str | None = _TOOL_CHOICES.get(request.tool_choice)
        if choice == "any" and form.thinking is not None:
            choice = None  # the server refuses to force a tool while the model thinks
        if choice is not None:
            parts.append(b'"tool_choice":{"type":"%s"}' % choice.encode())
    if form.thinking is not None:
        parts.append(b'"thinking":' + orjson.dumps(_thinking(form.thinking)))
    if form.stream:
        parts.append(b'"stream":true')
    return b",".join(parts) + b"}"


def assistant_blocks(message: Message, server: str = "") -> list[dict[str, Any]]:
    """Returns a reply as it is given back: to the letter where `server` wrote it itself."""
    kept = given_back(message.provider, server).get("content")
    if isinstance(kept, list) and _says_the_same(kept, message):
        return kept
    return plain_blocks(message, server)


def plain_blocks(message: Message, server: str = "") -> list[dict[str, Any]]:
    """Returns the blocks that a neutral reply is made of: its text, then its calls."""
    calls = [
        {
            "type": "tool_use",
            "id": tool_id(call.id),
            "name": call.name,
            "input": arguments_or(call.arguments, UNREADABLE),
            **given_back(call.provider, server),
        }
        for call in message.tool_calls
    ]
    return [*_text(message.content), *calls]


def tool_id(id: str) -> str:
    """Returns an id of the accepted form, the same for the same id and for no other."""
    if _ID.fullmatch(id):
        return id
    return "toolu_" + hashlib.blake2b(id.encode("utf-8", "replace"), digest_size=12).hexdigest()


def _split(messages: Sequence[Message]) -> tuple[str, Sequence[Message]]:
    """Returns the text of the system messages at the start, and all that follows."""
    start = next((i for i, message in enumerate(messages) if message.role != "system"), None)
    system = messages[:start]
    return "\n\n".join(m.content for m in system if m.content.strip()), messages[len(system) :]


def _turns(messages: Sequence[Message], form: Form) -> Iterator[bytes]:
    blocks_of = _blocks_of(form.server)
    said = (m for m in messages if m.role != "assistant" or blocks_of([m])[0])
    groups = [(role, list(group)) for role, group in groupby(said, _side)]
    ends = [n for n, (role, _) in enumerate(groups) if role == b"user"][-2:]
    marked = set(ends) if form.cache else set()
    for number, (role, group) in enumerate(groups):
        group.sort(key=lambda message: message.role != "tool")  # results come before any text
        blocks = [piece for piece in blocks_of(group) if piece]
        if number in marked and blocks:
            last = next(m for m in reversed(group) if blocks_of([m])[0])
            blocks[-1] = _marked_blocks_of(form.server, form.cache)([last])[0]
        if role == b"user" and not blocks:
            blocks = [b'{"type":"text","text":"(nothing)"}']  # an empty one is refused
        yield b'{"role":"%s","content":[%s]}' % (role, b",".join(blocks))


def _side(message: Message) -> bytes:
    return b"assistant" if message.role == "assistant" else b"user"


def _blocks(message: Message, server: str) -> list[dict[str, Any]]:
    if message.role == "assistant":
        return assistant_blocks(message, server)
    if message.role == "tool":
        answered = tool_id(message.tool_call_id or "")
        return [{"type": "tool_result", "tool_use_id": answered, "content": message.content}]
    return _text(message.content)


def _text(text: str) -> list[dict[str, Any]]:
    """Returns a block of text; one without anything to read is refused, so there is none."""
    return [{"type": "text", "text": text}] if text.strip() else []


@lru_cache(maxsize=256)
def _blocks_of(server: str) -> EncodedOnce[Message]:
    return EncodedOnce(lambda message: _bytes(_blocks(message, server)))


@lru_cache(maxsize=256)
def _marked_blocks_of(server: str, cache: CacheTime) -> EncodedOnce[Message]:
    def marked(message: Message) -> bytes:
        *first, last = _blocks(message, server)
        return _bytes([*first, {**last, **_mark(cache)}])

    return EncodedOnce(marked)


def _bytes(blocks: Iterable[Mapping[str, Any]]) -> bytes:
    return b",".join(bytes(memoryview(orjson.dumps(block))) for block in blocks)


def _tool(spec: ToolSpec) -> bytes:
    data: dict[str, Any] = {"name": spec.name, "input_schema": dict(spec.parameters)}
    if spec.description:
        data["description"] = spec.description
    return orjson.dumps(data)


_tools = EncodedOnce[ToolSpec](_tool)


def _mark(cache: CacheTime) -> dict[str, Any]:
    if cache is None:
        return {}
    time = {"ttl": cache} if cache != "5m" else {}
    return {"cache_control": {"type": "ephemeral", **time}}


def _thinking(thinking: Thinking) -> dict[str, Any]:
    if thinking == "adaptive":
        return {"type": "adaptive"}
    return {"type": "enabled", "budget_tokens": thinking}


def _says_the_same(blocks: Sequence[Any], message: Message) -> bool:
    """Says whether kept blocks are those of a message as it now stands."""
    texts = [block.get("text") for block in blocks if block.get("type") == "text"]
    ids = [block.get("id") for block in blocks if block.get("type") == "tool_use"]
    return "".join(filter(None, texts)) == message.content and ids == [
        call.id for call in message.tool_calls
    ]
