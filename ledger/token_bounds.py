"""Upper bounds on the tokens of a prompt.

The bound is what the provider billed for the part of the prompt that it has seen before, plus a
bound on the rest, so it is exact but for the new messages. A text has at most as many tokens as
tiktoken counts, for the models that tiktoken names and whose encoding is on this disk; else at
most as many as it has UTF-8 bytes, raw or in the form NFKC that some tokenisers bring it into.

What the provider adds that nobody sees (a hidden preamble, how tools are written down) is an
allowance per endpoint. It is learned from bills; before the first bill it is an estimate.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from .tiktoken_encodings import encoding_of

if TYPE_CHECKING:
    from tiktoken import Encoding

MESSAGE = 16
"""Tokens for the marks around a message: its role, its start, its end."""
CALL = 32
"""Tokens for the marks around a tool call or a tool's schema."""
HIDDEN = 64
"""Tokens that an endpoint is taken to add to a prompt, until its first bill."""
HIDDEN_WITH_TOOLS = 640
"""The same where tools are offered: some vendors add a page on how to call them."""

_ENCODABLE = 100_000
"""Longer texts are counted by bytes: a tokeniser may take minutes over hostile ones."""
_REMEMBERED = 100_000
_LONGEST = 16
"""Characters of a token on average at most: in prose it has four or five, in wide tables eight."""


class CallText(Protocol):
    """A tool call as a prompt repeats it."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def arguments(self) -> str: ...
    @property
    def provider(self) -> Mapping[str, Any] | None: ...


class MessageText(Protocol):
    """A message of a prompt, as far as its tokens depend on it."""

    @property
    def role(self) -> str: ...
    @property
    def content(self) -> str: ...
    @property
    def tool_calls(self) -> Sequence[CallText]: ...
    @property
    def tool_call_id(self) -> str | None: ...
    @property
    def provider(self) -> Mapping[str, Any] | None:
        """What providers added; each may get its own part back."""

    @property
    def digest(self) -> bytes:
        """Is the same for equal messages and for no others."""


class ToolText(Protocol):
    """A tool that is offered, as far as the prompt's tokens depend on it."""

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]:
        """Its JSON schema."""

    @property
    def digest(self) -> bytes:
        """Is the same for equal tools and for no others."""


@dataclass(frozen=True)
class BilledPrefix:
    """A prefix of a prompt that the provider has billed before, with the same tools."""

    messages: int
    """Number of leading messages."""
    tokens: int
    """Input tokens billed for exactly these messages and the tools."""


class TokenBounds:
    """The bounds of one endpoint, shared by all runs that call it.

    Args:
        model: the model string; decides whether tiktoken counts.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._excess: int | None = None
        self._messages: dict[bytes, int] = {}
        self._tools: dict[bytes, int] = {}

    def request(
        self,
        messages: Sequence[MessageText],
        tools: Sequence[ToolText] = (),
        known: BilledPrefix | None = None,
    ) -> int:
        """Returns the most input tokens that the provider can bill for this prompt."""
        if known is None or known.messages > len(messages):
            return self.plain(messages, tools) + self.allowance(with_tools=bool(tools))
        return known.tokens + sum(map(self._message, messages[known.messages :])) + MESSAGE

    def plain(self, messages: Sequence[MessageText], tools: Sequence[ToolText] = ()) -> int:
        """Returns the bound of a prompt without the allowance, whatever was billed before."""
        return sum(map(self._message, messages)) + sum(map(self._tool, tools)) + MESSAGE

    def of_schema(self, text: str) -> int:
        """Returns the bound of the schema of a reply, in JSON, where it is part of the prompt."""
        return CALL + self._text(text, quoted=True)

    def learn(self, plain: int, billed: int) -> None:
        """Takes note of a bill, so that the next bound of such a prompt covers it.

        Args:
            plain: what `plain` says of the prompt.
            billed: input tokens of all classes that the provider billed for it.
        """
        self._excess = max(billed - plain, self._excess or 0)

    def recall(self, plain: int, bound: int, *, with_tools: bool) -> None:
        """Takes over what was known when a prompt of which nothing had been billed was bound.

        Args:
            plain: what `plain` says of the prompt.
            bound: what `request` said of it then: the estimate, if no bill had come yet.
        """
        excess = bound - plain
        self._excess = None if excess == _estimate(with_tools) else excess

    def allowance(self, *, with_tools: bool) -> int:
        """Returns the tokens added for what only the provider sees."""
        if self._excess is not None:
            return self._excess
        return _estimate(with_tools)

    @property
    def counts(self) -> str:
        """What stands for a token: the name of tiktoken's encoding, or `bytes`."""
        return self._encoding.name if self._encoding else "bytes"

    @cached_property
    def _encoding(self) -> Encoding | None:
        return encoding_of(self._model)

    def _message(self, message: MessageText) -> int:
        known = self._messages.get(message.digest)
        if known is not None:
            return known
        answers = message.role == "tool"
        bound = MESSAGE + self._text(message.content, quoted=answers)
        bound += self._text(message.tool_call_id or "") + self._added(message.provider)
        for call in message.tool_calls:
            bound += CALL + self._text(call.id) + self._text(call.name)
            bound += self._text(call.arguments, quoted=True) + self._added(call.provider)
        return _remember(self._messages, message.digest, bound)

    def _tool(self, tool: ToolText) -> int:
        known = self._tools.get(tool.digest)
        if known is not None:
            return known
        text = orjson.dumps(_as_templates_tell(tool), option=orjson.OPT_INDENT_2).decode()
        return _remember(self._tools, tool.digest, CALL + self._text(text))

    def _added(self, data: Mapping[str, Any] | None) -> int:
        return 0 if data is None else self._text(orjson.dumps(data).decode())

    def _text(self, text: str, *, quoted: bool = False) -> int:
        """Returns a bound on the tokens of a text; `quoted` if it may be sent as a JSON string."""
        encoding = self._encoding
        if encoding is not None and len(text) <= _ENCODABLE:
            return len(encoding.encode_ordinary(text))
        return max(byte_bound(text), len(orjson.dumps(text)) if quoted else 0)


def byte_bound(text: str) -> int:
    """Returns the most tokens that a byte-level BPE can make of a text, also of its NFKC form."""
    if text.isascii():
        return len(text)
    raw = len(text.encode())
    if unicodedata.is_normalized("NFKC", text):
        return raw
    return max(raw, len(unicodedata.normalize("NFKC", text).encode()))


def fewest_tokens(texts: Iterable[str]) -> int:
    """Returns how many tokens texts have at least, as far as anyone would write such texts."""
    return sum(map(len, texts)) // _LONGEST


def _as_templates_tell(tool: ToolText) -> dict[str, Any]:
    """Returns a tool as the longest of the usual chat templates writes it into the prompt."""
    told = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": told}


def _estimate(with_tools: bool) -> int:
    return HIDDEN_WITH_TOOLS if with_tools else HIDDEN


def _remember(memory: dict[bytes, int], key: bytes, bound: int) -> int:
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[key] = bound
    return bound
