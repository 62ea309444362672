"""The records that every layer shares: messages, tool calls, requests, replies, token usage.

All are immutable and know no provider's format: `policies/` writes those, and `message_form` what
the journal keeps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

import orjson

from ..ledger.usage import Usage
from .notice_form import notice_from, notice_to
from .notices import Notice

Role = Literal["system", "user", "assistant", "tool"]
ToolChoice = Literal["auto", "none", "required"]

ProviderData = Mapping[str, Any]
"""What providers added to a message or a call, by the provider's name: reasoning, signatures and
the like. It is opaque: the provider of that name gets it back unchanged, and no other gets it."""


@dataclass(frozen=True)
class ToolCall:
    """A policy's wish to call a tool; `arguments` is the JSON text exactly as it wrote it."""

    id: str
    name: str
    arguments: str = "{}"
    provider: ProviderData | None = field(default=None, hash=False)


@dataclass(frozen=True)
class Message:
    """One chat message. `tool_call_id` names the call that a `tool` message answers."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    provider: ProviderData | None = field(default=None, hash=False)
    notice: Notice | None = field(default=None, compare=False)
    """What a `tool` message tells beside what the tool brought, as a value; it is in the words of
    `content` too, and part of no wire format or digest."""

    @cached_property
    def digest(self) -> bytes:
        """Is the same for the same message and for no other. Request hashes are made of it: a
        change of it is a new version of those."""
        calls = [(call.id, call.name, call.arguments, call.provider) for call in self.tool_calls]
        return _digest((self.role, self.content, calls, self.tool_call_id, self.provider))


@dataclass(frozen=True)
class ToolSpec:
    """What a policy is told of a tool. `parameters` is a JSON schema of type `object`."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    read_only: bool = True
    """True if calling it twice does no harm: an unknown outcome may then be tried again."""
    batched: str | None = None
    """The parameter that takes a list of which each item counts as a call of its own."""
    resumes: bool = False
    """True if a call made again after a crash goes on where it stopped."""

    @cached_property
    def digest(self) -> bytes:
        """Is the same for what a policy is told of the same tool, and for no other. Request hashes
        are made of it."""
        return _digest((self.name, self.description, dict(self.parameters)))


@dataclass(frozen=True)
class Observation:
    """What came back from a tool call, as the policy sees it."""

    call_id: str
    tool: str
    text: str
    error: bool = False
    ref: str | None = None
    """Address of the complete output where `text` is a cut of it, else None."""
    notice: Notice | None = field(default=None, compare=False)
    """What `text` tells beside what the tool brought, as a value."""

    def to_dict(self) -> dict[str, Any]:
        data: dict[str, Any] = {"call_id": self.call_id, "tool": self.tool, "text": self.text}
        if self.error:
            data["error"] = True
        if self.ref is not None:
            data["ref"] = self.ref
        if self.notice is not None:
            data["notice"] = notice_to(self.notice)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Observation:
        notice = notice_from(data["notice"]) if "notice" in data else None
        return cls(
            data["call_id"], data["tool"], data["text"], bool(data.get("error")), data.get("ref"),
            notice,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ReplySchema:
    """The form that a reply is to have: a JSON object."""

    name: str
    schema: Mapping[str, Any]
    """JSON schema, without references."""
    is_closed: bool
    """Whether every object in it names all its properties and needs them: servers that hold a
    reply to a schema to the letter take no other."""

    @cached_property
    def text(self) -> str:
        return orjson.dumps(self.schema).decode()


@dataclass(frozen=True)
class Request:
    """One policy call: what is asked, with every option that changes the reply."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: ToolChoice = "auto"
    max_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None
    samples: int = 1
    """Independent replies asked for in one call; `max_tokens` is for each of them."""
    cut_at: int = 0
    """Where it is asked again because a reply was cut off: the output tokens that this one had."""
    timeout: float | None = None
    """Seconds until the call is given up, or None for the policy's own limit."""
    schema: ReplySchema | None = field(default=None, compare=False)
    """What the server may hold the reply to, where it can. The prompt says the same in words, so
    a recorded reply is for the same request with it and without."""
    streams: bool = field(default=False, compare=False)
    """Asks for the reply piece by piece where the policy can, so that what was written by the time
    that it is given up is a reply too."""
    on_text: Callable[[str], None] | None = field(default=None, compare=False)
    """Is called with each piece of text as it streams in, where the policy streams."""
    on_call: Callable[[int, ToolCall], None] | None = field(default=None, compare=False)
    """Is called with the place and each tool call whose arguments are complete, likewise."""


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """The tokens of a reply as the policy sampled them: what training needs, and never guesses."""

    prompt: tuple[int, ...] | None
    """Ids of the whole prompt, or None where the server does not tell them."""
    ids: tuple[int, ...]
    """Ids of the reply, its end marker included; () where the server does not tell them."""
    logprobs: tuple[float, ...]
    """Natural log-probability of each sampled token; () where the server does not tell them."""
    tokenizer: str
    """Name of the tokenizer that the ids belong to."""


@dataclass(frozen=True)
class Reply:
    """What a policy answered. `usage` is None where the server sent no bill."""

    message: Message
    usage: Usage | None = None
    finish_reason: str = "stop"
    model: str = ""
    response_id: str = ""
    seconds: float = 0.0
    others: tuple[Message, ...] = ()
    """The further samples, where several were asked for. `usage` is the bill of all."""
    sampled: Sampled | None = None
    """The tokens of `message`, where the endpoint was told to ask for them."""
    stated_usd: Decimal | None = None
    """What the provider says that it charges, where it says so."""
    reasoning: str = ""
    """What the policy thought before `message`, as far as it tells; it is no part of the answer."""
    most_output: int | None = None
    """Tokens that can have been written at most, where time ran out, no bill came, and the server
    stops when nobody listens any more."""
    written_as: str = ""
    """In what form the calls stood in the text, where they came so and not as calls."""


def _digest(form: tuple[object, ...]) -> bytes:
    return hashlib.blake2b(orjson.dumps(form), digest_size=16).digest()
