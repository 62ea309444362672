"""Requests and tokens per minute of one endpoint and model, and calls at once, waited for before
money is held.

A call's turn comes in order of arrival. It counts from when the server may have seen it at the
latest, so that no window of a minute at the server holds more than is allowed.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakValueDictionary

from ..ledger.errors import UsageError
from .policy import Policy

MINUTE = 60.0
UNDER_WAY = 1.0
"""Seconds within which a server has seen a request that was sent."""
PATIENCE = 0.05
"""Seconds for which a call that waits for its hold keeps others from going before it."""

Clock = Callable[[], float]
P = TypeVar("P", bound=Policy)


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """What a server allows; None means any number."""

    rpm: int | None = None
    """Requests in a minute."""
    tpm: int | None = None
    """Tokens in a minute, of prompts and replies."""
    at_once: int | None = None
    """Requests that are under way at the same time."""

    @classmethod
    def parse(cls, text: str) -> RateLimit:
        """Returns the limits of text such as `rpm=60,tpm=100k`.

        Raises:
            UsageError: it says something else.
        """
        values: dict[str, int] = {}
        for part in filter(None, (part.strip() for part in re.split("[,&]", text))):
            found = re.fullmatch(r"(rpm|tpm|at_once)\s*=\s*(\d+(?:\.\d+)?)([kmKM]?)", part)
            number = 0
            if found is not None:
                scale = {"": 1, "k": 1000, "m": 1_000_000}[found[3].lower()]
                number = int(float(found[2]) * scale)
            if found is None or number < 1 or found[1] in values:
                raise UsageError(
                    f"rate limit {text!r} makes no sense at {part!r}: "
                    "write e.g. rpm=60,tpm=100k,at_once=4"
                )
            values[found[1]] = number
        if not values:
            raise UsageError("the rate limit is empty: write e.g. rpm=60,tpm=100k")
        return cls(**values)

    def __str__(self) -> str:
        told = (("rpm", self.rpm), ("tpm", self.tpm), ("at_once", self.at_once))
        return ",".join(f"{name}={value}" for name, value in told if value is not None)


@dataclass(eq=False)
class RateTurn:
    """A call's place in the minute. It begins anew with `renew`, and its call ends with `end`."""

    _limiter: RateLimiter
    tokens: int
    """The bound on the call's tokens, its bill once that is known."""
    begun: float
    ended: float | None = None
    left: bool = False
    """Whether the call was sent, for all that is known here."""

    def renew(self) -> bool:
        """Says whether the call may still leave now, after it may have waited for its hold.

        Where False another one has left meanwhile: it gives its hold back and asks anew. Whoever
        has its hold first goes first: else two could wait for each other's turn and money for ever.
        """
        return self._limiter._renew(self)

    def end(self, tokens: int | None = None) -> None:
        """Is told that the call is over, and how many tokens were billed where that is known."""
        self._limiter._end(self, tokens)

    def pause(self, seconds: float) -> None:
        """Is told that the server asks to be left alone: no call of anybody leaves meanwhile."""
        self._limiter._pause(seconds)

    def counts_from(self, now: float) -> float:
        """Returns the latest instant at which the server can have seen the call."""
        return min(now if self.ended is None else self.ended, self.begun + UNDER_WAY)


@dataclass(eq=False)
class _Waiter:
    loop: asyncio.AbstractEventLoop
    woken: asyncio.Event


class RateLimiter:
    """Lets calls leave so that a server's limits hold, in order of arrival, in any thread.

    Args:
        limit: what is allowed in a minute.
        clock: monotonic seconds.
        minute: seconds of a minute.
    """

    def __init__(
        self, limit: RateLimit, *, clock: Clock = time.monotonic, minute: float = MINUTE
    ) -> None:
        self.limit = limit
        self._clock = clock
        self._minute = minute
        self._lock = threading.Lock()
        self._turns: list[RateTurn] = []
        self._open: set[RateTurn] = set()
        self._waiters: deque[_Waiter] = deque()
        self._paused_until = 0.0

    async def turn(self, tokens: int, seconds: float | None = None) -> RateTurn | None:
        """Returns the turn of a call, once it has come.

        Args:
            tokens: the most that it can be billed, of the prompt and of the reply.
            seconds: the most to wait; None waits as long as it takes.

        Returns None where the turn would come later than that.
        """
        if not self._waiters and (found := self.try_turn(tokens)) is not None:
            return found
        last = None if seconds is None else self._clock() + seconds
        waiter = _Waiter(asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._waiters.append(waiter)
            self._wake()
        pause: float | None
        try:
            while True:
                pause, full = None, False  # until those before it are gone
                with self._lock:
                    waiter.woken.clear()
                    if self._waiters and self._waiters[0] is waiter:
                        pause, full = self._due(tokens), self._is_full()
                        if pause <= 0 and not full:
                            return self._take(tokens)
                left = None if last is None else last - self._clock()
                if left is not None and (left <= 0 or (pause is not None and pause > left)):
                    return None
                waits = [wait for wait in (PATIENCE if full else pause, left) if wait is not None]
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(waits, default=None)):
                        await waiter.woken.wait()
        finally:
            with self._lock:
                with contextlib.suppress(ValueError):
                    self._waiters.remove(waiter)
                self._wake()

    def try_turn(self, tokens: int) -> RateTurn | None:
        """Returns the turn of a call that nobody is before, None where it has not come."""
        with self._lock:
            if self._waiters or self._due(tokens) > 0 or self._is_full():
                return None
            return self._take(tokens)

    def due(self, tokens: int) -> float:
        """Returns the seconds until a call may leave as things stand, 0 where it may now."""
        with self._lock:
            return self._due(tokens)

    def _due(self, tokens: int, *, sent: bool = False) -> float:
        """Returns the seconds until a call may leave by the minute's limits.

        Args:
            tokens: the most that it can be billed.
            sent: counts only calls that have left, not those that wait for their holds.
        """
        now = self._clock()
        self._forget(now)
        turns = sorted(
            (turn for turn in self._turns if turn.left or not sent),
            key=lambda turn: turn.counts_from(now),
        )
        due = max(self._paused_until - now, 0.0)
        rpm, tpm = self.limit.rpm, self.limit.tpm
        if rpm is not None and len(turns) >= rpm:
            due = max(due, self._free(now, turns[len(turns) - rpm]))
        if tpm is not None:
            room = tpm - min(tokens, tpm)  # a call above the limit goes alone
            counted = sum(turn.tokens for turn in turns)
            for turn in turns:
                if counted <= room:
                    break
                counted -= turn.tokens
                due = max(due, self._free(now, turn))
        return due

    def _is_full(self, *, sent: bool = False) -> bool:
        """Says whether a call has to end before another may leave.

        One that waits for its hold for long gives its place to others: what it waits for may be
        theirs.
        """
        if self.limit.at_once is None:
            return False
        latest = self._clock() - PATIENCE
        under_way = (turn.left or (turn.begun >= latest and not sent) for turn in self._open)
        return sum(under_way) >= self.limit.at_once

    def _free(self, now: float, turn: RateTurn) -> float:
        """Returns the seconds until a call is out of the minute."""
        return turn.counts_from(now) + self._minute - now

    def _forget(self, now: float) -> None:
        begin = now - self._minute
        self._turns = [turn for turn in self._turns if turn.counts_from(now) > begin]

    def _take(self, tokens: int) -> RateTurn:
        turn = RateTurn(self, tokens, self._clock())
        self._turns.append(turn)
        self._open.add(turn)
        return turn

    def _renew(self, turn: RateTurn) -> bool:
        with self._lock:
            if turn in self._turns:
                self._turns.remove(turn)
            if self._due(turn.tokens, sent=True) > 0 or self._is_full(sent=True):
                self._wake()
                return False
            turn.begun, turn.left = self._clock(), True
            self._turns.append(turn)
            return True

    def _end(self, turn: RateTurn, tokens: int | None) -> None:
        with self._lock:
            turn.ended = self._clock()
            self._open.discard(turn)
            if tokens is not None:
                turn.tokens = tokens
            if not turn.left and turn in self._turns:
                self._turns.remove(turn)
            self._wake()

    def _pause(self, seconds: float) -> None:
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _wake(self) -> None:
        """Lets the first in line look again."""
        while self._waiters:
            first = self._waiters[0]
            try:
                first.loop.call_soon_threadsafe(first.woken.set)
                return
            except RuntimeError:  # its loop is closed: it waits no more
                self._waiters.popleft()


_limiters: WeakValueDictionary[str, RateLimiter] = WeakValueDictionary()
_finding = threading.Lock()


def rate_limited(policy: P, limit: RateLimit | str) -> P:
    """Returns the policy, its calls kept within a rate before money is held for them.

    All policies of that name in this process share the rate; where they name different ones the
    stricter of each counts.

    Raises:
        UsageError: the limit makes no sense, or the policy cannot be given one.
    """
    wanted = RateLimit.parse(limit) if isinstance(limit, str) else limit
    with _finding:
        known = _limiters.get(policy.name)
        if known is None:
            known = _limiters[policy.name] = RateLimiter(wanted)
        else:
            known.limit = RateLimit(
                rpm=_stricter(known.limit.rpm, wanted.rpm),
                tpm=_stricter(known.limit.tpm, wanted.tpm),
                at_once=_stricter(known.limit.at_once, wanted.at_once),
            )
    try:
        policy.rate = known  # type: ignore[attr-defined]
    except AttributeError as error:
        text = f"{policy.name} cannot be given a rate: its class has no room for it"
        raise UsageError(text) from error
    return policy


def rate_of(policy: Policy) -> RateLimiter | None:
    """Returns what the calls of a policy wait for, None where nothing limits them."""
    return getattr(policy, "rate", None)


def _stricter(one: int | None, other: int | None) -> int | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)
