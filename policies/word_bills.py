"""What speaks without tokens of its own: its replies are cut and billed by the word."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..journal.records import Message, Reply, Request, ToolCall
from ..ledger.errors import OutcomeUnknown, PolicyError
from ..ledger.usage import Usage

Speak = Callable[[Request], tuple[Message, str]]
"""From a request to (message, finish reason)."""


class SpokenModel:
    """Answers requests with `speak` and bills them.

    A token is a word here (what stands between blanks): of the messages' texts, of the arguments
    of tool calls and of the tools' descriptions. No bill exceeds the bytes of what it is for.
    """

    def __init__(self, speak: Speak, name: str) -> None:
        self._speak = speak
        self._name = name

    def answers(self, requests: Sequence[Request]) -> list[Reply | PolicyError]:
        """Returns the answer to each request; one that fails leaves the others be."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Reply | PolicyError:
        try:
            message, finish = self._speak(request)
        except Exception as error:
            failed = f"{self._name} failed: {type(error).__name__}: {error}"
            return OutcomeUnknown(failed, retryable=True)
        message, finish, spent = limited(message, finish, request.max_tokens)
        return Reply(message, Usage(input=prompt_words(request), output=spent), finish)


def limited(message: Message, finish: str, limit: int | None) -> tuple[Message, str, int]:
    """Cuts a reply to `limit` words and returns it with its finish reason and its words."""
    spent = len(message.content.split())
    if limit is not None and spent > limit:
        pieces = re.findall(r"\s*\S+", message.content)
        return Message("assistant", "".join(pieces[:limit])), "length", limit
    kept: list[ToolCall] = []
    for call in message.tool_calls:
        words = _call_words(call)
        if limit is not None and spent + words > limit:
            finish, spent = "length", limit
            break
        spent += words
        kept.append(call)
    return replace(message, tool_calls=tuple(kept)), finish, spent


def prompt_words(request: Request) -> int:
    """Returns the words of a request."""
    total = 0
    for message in request.messages:
        total += len(message.content.split()) + sum(map(_call_words, message.tool_calls))
    return total + sum(len(tool.description.split()) for tool in request.tools)


def _call_words(call: ToolCall) -> int:
    return 1 + len(call.arguments.split())
