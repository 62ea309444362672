"""Tools that are called less often at once, less often a minute, or again when they fail."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from ...journal.notices import DeniedCall, Notice
from ...journal.records import Observation
from ...ledger.errors import UsageError
from ..context import ToolContext
from ..invocation import Invocation
from ..protocol import Tool, Wrapper

LONGEST_PAUSE = 60.0
"""Seconds between two tries of a call, at most."""


class _Limited(Wrapper):
    def __init__(self, inner: Tool, concurrency: int) -> None:
        super().__init__(inner)
        self._concurrency = concurrency

    @property
    def concurrency(self) -> int | None:
        return self._concurrency


class _RateLimited(Wrapper):
    """Waits before money is held, so that a waiting call blocks nobody's budget."""

    def __init__(self, inner: Tool, calls: int, seconds: float, clock: Callable[[], float]) -> None:
        super().__init__(inner)
        self._calls = calls
        self._seconds = seconds
        self._clock = clock
        self._starts: deque[float] = deque(maxlen=calls)

    async def admit(self, call: Invocation, context: ToolContext) -> Notice | None:
        denied = await self.inner.admit(call, context)
        if denied is not None:
            return denied
        now = self._clock()
        full = len(self._starts) == self._calls
        start = max(now, self._starts[0] + self._seconds) if full else now
        left = None if context.account is None else context.account.seconds_left
        if left is not None and start - now > left:
            name = self.spec.name
            return DeniedCall(tool=name, why=f"the next call of {name} is due after the deadline")
        self._starts.append(start)  # before the wait: the next call queues behind this one
        if start > now:
            await asyncio.sleep(start - now)
        return None


class _Retried(Wrapper):
    def __init__(
        self, inner: Tool, attempts: int, pause: float, when: Callable[[Observation], bool]
    ) -> None:
        super().__init__(inner)
        self._attempts = attempts
        self._pause = pause
        self._when = when

    def again(self, observation: Observation, attempt: int) -> float | None:
        if attempt >= self._attempts or not self._when(observation):
            return None
        return min(self._pause * 2.0 ** min(attempt - 1, 60), LONGEST_PAUSE)


def limited(tool: Tool, concurrency: int) -> Tool:
    """Returns the tool with at most so many calls of one run under way at once."""
    _positive("concurrency", concurrency)
    return _Limited(tool, concurrency)


def rate_limited(
    tool: Tool, calls: int, seconds: float, *, clock: Callable[[], float] = time.monotonic
) -> Tool:
    """Returns the tool with at most `calls` calls begun in any `seconds`, in this process.

    Calls beyond that wait; one whose turn would come after the run's deadline is refused.
    """
    _positive("calls", calls)
    _positive("seconds", seconds)
    return _RateLimited(tool, calls, seconds, clock)


def retried(
    tool: Tool,
    attempts: int = 3,
    *,
    pause: float = 0.5,
    when: Callable[[Observation], bool] = lambda failed: True,
) -> Tool:
    """Returns the tool with failing calls made again, each try under a hold of its own.

    A call with wrong arguments is never tried at all.

    Args:
        tool: a read-only one: another try of anything else might do it twice.
        attempts: the most tries of one call.
        pause: seconds before the second try; they double with each further one, up to 60.
        when: told what a failed try said; True tries again.

    Raises:
        UsageError: the tool is not read-only, or a number makes no sense.
    """
    _positive("attempts", attempts)
    _positive("pause", pause)
    if not tool.spec.read_only:
        raise UsageError(f"tool {tool.spec.name!r} is not read-only: trying again may do it twice")
    return _Retried(tool, attempts, pause, when)


def _positive(name: str, value: float) -> None:
    if not value > 0:
        raise UsageError(f"{name} must be above 0, not {value}")
