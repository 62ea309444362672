"""Tools that are called less often at once, less often a minute, or again when they fail."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from ...ledger.errors import UsageError
from ...ledger.records import Observation, ToolCall
from ..context import ToolContext
from ..protocol import Tool, Wrapper


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

    async def admit(self, call: ToolCall, context: ToolContext) -> str | None:
        denied = await self.inner.admit(call, context)
        if denied is not None:
            return denied
        now = self._clock()
        full = len(self._starts) == self._calls
        start = max(now, self._starts[0] + self._seconds) if full else now
        self._starts.append(start)  # before the wait: the next call queues behind this one
        if start > now:
            await asyncio.sleep(start - now)
        return None


class _Retried(Wrapper):
    def __init__(self, inner: Tool, attempts: int, pause: float) -> None:
        super().__init__(inner)
        self._attempts = attempts
        self._pause = pause

    def again(self, observation: Observation, attempt: int) -> float | None:
        return self._pause * 2 ** (attempt - 1) if attempt < self._attempts else None


def limited(tool: Tool, concurrency: int) -> Tool:
    """Returns the tool with at most so many calls of one run under way at once."""
    _positive("concurrency", concurrency)
    return _Limited(tool, concurrency)


def rate_limited(
    tool: Tool, calls: int, seconds: float, *, clock: Callable[[], float] = time.monotonic
) -> Tool:
    """Returns the tool with at most `calls` calls begun in any `seconds`, in this process.

    Calls beyond that wait. A wait that the run's deadline does not allow is cut off by it.
    """
    _positive("calls", calls)
    _positive("seconds", seconds)
    return _RateLimited(tool, calls, seconds, clock)


def retried(tool: Tool, attempts: int = 3, *, pause: float = 0.5) -> Tool:
    """Returns the tool with failing calls made again, each try under a hold of its own.

    Args:
        tool: a read-only one: another try of anything else might do it twice.
        attempts: the most tries of one call.
        pause: seconds before the second try; they double with each further one.
    """
    _positive("attempts", attempts)
    if not tool.spec.read_only:
        raise UsageError(f"tool {tool.spec.name!r} is not read-only: trying again may do it twice")
    return _Retried(tool, attempts, pause)


def _positive(name: str, value: float) -> None:
    if not value > 0:
        raise UsageError(f"{name} must be above 0, not {value}")
