"""The one door to the outside, as a node has it: what it asks for is numbered here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ...journal.effects import Refusal
from ...journal.notices import Notice
from ...journal.records import Message, Observation, Reply, ToolCall, ToolChoice
from ...ledger.usage import Usage
from .effect_log import EffectLog
from .model_calls import ModelCalls
from .reply_text import encodable_call
from .tool_calls import ToolCalls, together


class NodeEffects:
    """The effects of one entry into a node: numbers its calls.

    Args:
        calls: returns the calls of the policy in force, which may change within a node.
    """

    def __init__(
        self,
        effect_log: EffectLog,
        calls: Callable[[], ModelCalls],
        tool_calls: ToolCalls,
        *,
        node: str,
        step: int,
    ) -> None:
        self._effect_log = effect_log
        self._calls = calls
        self._tool_calls = tool_calls
        self._node = node
        self._step = step
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
    ) -> Reply | Refusal:
        def start(place: int, call: ToolCall) -> None:
            self._tool_calls.start(f"act/{self._step + 1}/0/{place}", encodable_call(call))

        async def once(key: str, samples: int, draw: int) -> Reply | Refusal:
            return await self._calls().ask(
                key, self._node, tuple(messages), tool_choice, max_tokens, purpose=purpose,
                samples=samples, draw=draw, on_call=start if ahead else None,
            )  # fmt: skip

        if samples == 1:
            reply = await once(self._key(), 1, draw)
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
