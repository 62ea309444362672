"""The prompts that a run has sent, as a tree of message prefixes.

It answers two questions in one walk: against which recorded call is a prompt the smallest delta
(the journal never stores a prompt twice), and how many tokens has the provider billed for the
longest prefix of it that it has seen (the token bound is exact up to there).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...ledger.errors import JournalError
from ..records import Message
from .message_form import message_from, message_to


@dataclass(slots=True)
class _PrefixNode:
    call: str
    """The hold under which this prefix was first sent."""
    billed: int | None = None
    """Input tokens billed for exactly this prompt."""
    next: dict[bytes, _PrefixNode] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PrefixMatch:
    """What is known of a prompt's prefix."""

    base: str | None
    keep: int
    known_messages: int
    known_tokens: int


class SentPrompts:
    def __init__(self) -> None:
        self._root = _PrefixNode("")

    def match(self, messages: Sequence[Message]) -> PrefixMatch:
        node, keep, known, tokens = self._root, 0, 0, 0
        for message in messages:
            child = node.next.get(message.digest)
            if child is None:
                break
            node, keep = child, keep + 1
            if child.billed is not None:
                known, tokens = keep, child.billed
        return PrefixMatch(node.call or None, keep if node.call else 0, known, tokens)

    def add(self, call: str, messages: Sequence[Message], billed: int | None = None) -> None:
        """Remembers that `call` sent these messages, and what was billed for them, if known."""
        node = self._root
        for message in messages:
            child = node.next.get(message.digest)
            if child is None:
                child = node.next[message.digest] = _PrefixNode(call)
            node = child
        if billed is not None:
            node.billed = billed


def delta(match: PrefixMatch, messages: Sequence[Message]) -> dict[str, Any]:
    """Returns the prompt as the journal keeps it."""
    new = [message_to(message) for message in messages[match.keep :]]
    return {"base": match.base, "keep": match.keep, "new": new}


def restore(
    request: Mapping[str, Any], prompts: Mapping[str, Sequence[Message]]
) -> tuple[Message, ...]:
    """Returns the prompt that `delta` encoded, given the earlier prompts by hold."""
    base = request["base"]
    if base and base not in prompts:
        raise JournalError(
            f"the record goes on from the prompt of {str(base)[:100]!r}, which is not in it"
        )
    kept = prompts[base][: request["keep"]] if base else ()
    return (*kept, *(message_from(message) for message in request["new"]))
