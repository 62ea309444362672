"""The one door to the outside, as a node has it: what it asks for is numbered here."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from ...journal.effects import Refusal
from ...journal.endings import flaw_of
from ...journal.loop_versions import ENDINGS_READ
from ...journal.notices import Notice
from ...journal.records import Message, Observation, Reply, ReplySchema, ToolCall, ToolChoice
from ...ledger.errors import CallRefused, PolicyError
from ...ledger.usage import Usage
from .effect_log import EffectLog
from .model_calls import ModelCalls
from .reply_text import encodable_call
from .tool_calls import ToolCalls, together

_Ask = Callable[[str, tuple[Message, ...], int], Awaitable[Reply | Refusal]]
"""Asks under a key; the number is the output of a reply that was cut off, else 0."""


class NodeEffects:
    """The effects of one entry into a node: numbers its calls.

    Args:
        calls: returns the calls of the policy in force, which may change within a node.
        loop: the version of the loop by which the run goes.
        replied: is called with each reply that a node gets.
    """

    def __init__(
        self,
        effect_log: EffectLog,
        calls: Callable[[], ModelCalls],
        tool_calls: ToolCalls,
        *,
        node: str,
        step: int,
        loop: int,
        replied: Callable[[Reply], None],
    ) -> None:
        self._effect_log = effect_log
        self._calls = calls
        self._tool_calls = tool_calls
        self._node = node
        self._step = step
        self._loop = loop
        self._replied = replied
        self._ordinal = 0
        self._told = 0

    def _key(self) -> str:
        self._ordinal += 1
        return f"{self._node}/{self._step}/0/{self._ordinal - 1}"

    async def ask(
        self,
        messages: Sequence[Message],
        *,
        tool_choice: ToolChoice = "auto",
        max_tokens: int | None = None,
        purpose: str = "",
        samples: int = 1,
        draw: int = 0,
        ahead: bool = False,
        schema: ReplySchema | None = None,
    ) -> Reply | Refusal:
        def start(place: int, call: ToolCall) -> None:
            self._tool_calls.start(f"act/{self._step + 1}/0/{place}", encodable_call(call))

        async def ask(
            key: str, messages: tuple[Message, ...], samples: int, draw: int, cut_at: int = 0
        ) -> Reply | Refusal:
            return await self._calls().ask(
                key, self._node, messages, tool_choice, max_tokens, purpose=purpose,
                samples=samples, draw=draw, cut_at=cut_at, on_call=start if ahead else None,
                schema=schema,
            )  # fmt: skip

        async def once(key: str, samples: int, draw: int) -> Reply | Refusal:
            return await ask(key, tuple(messages), samples, draw)

        if samples == 1:
            reply = await self._one(
                self._key(), tuple(messages), lambda key, asked, cut: ask(key, asked, 1, draw, cut)
            )
            if ahead:
                calls = reply.message.tool_calls if isinstance(reply, Reply) else ()
                keys = [f"act/{self._step + 1}/0/{place}" for place in range(len(calls))]
                await self._tool_calls.keep(keys, calls)
            return reply
        made: list[Reply | Refusal] = []
        if self._calls().takes_samples:
            made = [await once(self._key(), samples, draw)]
        there = sum(1 + len(r.others) for r in made if isinstance(r, Reply))
        keys = [self._key() for _ in range(samples - there)]  # a server may know no `n`
        more = [once(key, 1, draw + n) for n, key in enumerate(keys, start=there)]
        return _merged([*made, *await together(more)])

    async def _one(self, key: str, messages: tuple[Message, ...], ask: _Ask) -> Reply | Refusal:
        """Returns a reply; one that is cut off or empty only if a second one is no better."""
        if self._loop < ENDINGS_READ:
            return await ask(key, messages, 0)
        asked, reply = await self._accepted(key, messages, ask)
        if isinstance(reply, Refusal):
            return reply
        flaw = flaw_of(reply)
        if flaw in ("length", "empty_reply", "broken_off"):
            bill = reply.usage
            written = bill.output_tokens if bill else self._calls().max_output
            cut_at = max(written, 1) if flaw == "length" else 0
            try:
                second = await ask(_beside(key, 3), asked, cut_at)
            except PolicyError:  # the first one is paid, and still the best there is
                second = reply
            if isinstance(second, Reply) and flaw_of(second) != "empty_reply":
                reply = second
        self._replied(reply)
        return reply

    async def _accepted(
        self, key: str, messages: tuple[Message, ...], ask: _Ask
    ) -> tuple[tuple[Message, ...], Reply | Refusal]:
        """Returns a reply and the prompt it is for.

        Some servers refuse a user's message after a tool's; they are asked again with one message.
        """
        other = _beside(key, 2)
        if self._effect_log.effect(other) is None:
            try:
                return messages, await ask(key, messages, 0)
            except CallRefused:
                if folded_into_tools(messages) == messages:
                    raise
        folded = folded_into_tools(messages)
        return folded, await ask(other, folded, 0)

    async def call(self, calls: Sequence[ToolCall]) -> list[Observation]:
        return await self._tool_calls.call([self._key() for _ in calls], calls)

    async def tell(self, calls: Sequence[ToolCall], notices: Sequence[Notice]) -> list[Observation]:
        first, self._told = self._told, self._told + len(calls)
        keys = [f"{self._node}/{self._step}/1/{first + n}" for n in range(len(calls))]
        return self._tool_calls.tell(keys, calls, notices)

    async def value(self, make: Callable[[], Any], *, told: bool = False) -> Any:
        key = self._key()
        made = None
        if not self._effect_log.has_value(key, told=told):
            made = make()
            if inspect.isawaitable(made):
                made = await made
        return self._effect_log.value(key, lambda: made, told=told)


def folded_into_tools(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Returns the messages with each user's message after a tool's as part of the tool's."""
    folded: list[Message] = []
    for message in messages:
        if folded and message.role == "user" and folded[-1].role == "tool":
            last = folded.pop()
            message = replace(last, content=f"{last.content}\n\n{message.content}")
        folded.append(message)
    return tuple(folded)


def _beside(key: str, position: int) -> str:
    """Returns the key of another try at what has this key."""
    node, step, _, ordinal = key.split("/")
    return f"{node}/{step}/{position}/{ordinal}"


def _merged(replies: Sequence[Reply | Refusal]) -> Reply | Refusal:
    """Returns the replies as samples of one; the refusal if there is no reply among them."""
    made = [reply for reply in replies if isinstance(reply, Reply)]
    if not made:
        return replies[0]
    messages = [message for reply in made for message in (reply.message, *reply.others)]
    bills = [reply.usage for reply in made]
    known = [bill for bill in bills if bill is not None]
    usage = sum(known, Usage()) if len(known) == len(bills) else None
    return replace(made[0], usage=usage, others=tuple(messages[1:]))
