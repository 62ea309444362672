"""Tool calls that were started while their reply still streamed in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...journal.records import Observation, ToolCall

PATIENCE = 5.0
"""Seconds that a cancelled call has for its clean-up before it is left behind."""


@dataclass(frozen=True)
class StartedCall:
    """A call that was started ahead; its task brings None where it could not be made."""

    key: str
    call: ToolCall
    task: asyncio.Task[Observation | None]


class StartedCalls:
    """The calls that were started ahead of one reply, by key."""

    def __init__(self) -> None:
        self._by_key: dict[str, StartedCall] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def __contains__(self, key: str) -> bool:
        return key in self._by_key

    def add(self, started: StartedCall) -> None:
        self._by_key[started.key] = started

    def take(self, keys: Sequence[str], calls: Sequence[ToolCall]) -> list[StartedCall | None]:
        """Removes and returns what was started for each call of the reply.

        That is the same call at its own place or, where the reply differs from what was streamed,
        at any other: it is paid, wherever it stood.
        """
        own = [self._take(key, call) for key, call in zip(keys, calls, strict=True)]
        return [found or self._take_like(call) for found, call in zip(own, calls, strict=True)]

    def keep(self, keys: Sequence[str], calls: Sequence[ToolCall]) -> list[StartedCall]:
        """Removes and returns what was started for no call of the reply."""
        wanted = [started for started in self.take(keys, calls) if started is not None]
        left = list(self._by_key.values())
        self._by_key = {started.key: started for started in wanted}
        return left

    def cancel(self) -> None:
        """Cancels all, without waiting for their ends."""
        for started in self._by_key.values():
            started.task.cancel()

    def _take(self, key: str, call: ToolCall) -> StartedCall | None:
        started = self._by_key.get(key)
        return self._by_key.pop(key) if started and is_same(started.call, call) else None

    def _take_like(self, call: ToolCall) -> StartedCall | None:
        alike = (key for key, started in self._by_key.items() if is_same(started.call, call))
        key = next(alike, None)
        return None if key is None else self._by_key.pop(key)


def is_same(one: ToolCall, other: ToolCall) -> bool:
    """Says whether two calls ask for the same, whatever their ids."""
    return (one.name, one.arguments) == (other.name, other.arguments)


async def cancelled(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels tasks and waits for their end, also when this is cancelled meanwhile.

    What does not heed it within `PATIENCE` seconds is left behind.
    """
    ended = set(tasks)
    for task in ended:
        task.cancel()
    left, late = set(ended), time.monotonic() + PATIENCE
    stop: asyncio.CancelledError | None = None
    while left and (seconds := late - time.monotonic()) > 0:
        try:
            _, left = await asyncio.wait(left, timeout=seconds)
        except asyncio.CancelledError as error:
            stop = error
    for task in ended - left:
        if not task.cancelled():
            task.exception()  # taken, so that asyncio does not log it
    if stop is not None:
        raise stop
