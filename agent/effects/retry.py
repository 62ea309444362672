"""Tries a policy call again where its error says that this may help."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from ...ledger.account import Account
from ...ledger.errors import PolicyError, WordingRefused

T = TypeVar("T")
WORDINGS = 8
"""The most times that one call is written anew because the server refused how it was written."""
_BACKOFF = wait_random_exponential(multiplier=0.5, max=30)
PATIENCE = 300.0
"""Seconds that a server may ask to wait; where it asks for more, the call is given up."""


async def retrying(once: Callable[[], Awaitable[T]], attempts: int, account: Account) -> T:
    """Returns what `once` returns, after at most `attempts` tries.

    A call whose policy has learned to write it otherwise is sent again at once: that is no try.
    Waits as long as the server asked for, else with exponential back-off and jitter; gives up
    when that would be longer than `PATIENCE`, or the account's deadline would pass meanwhile.
    """

    once = partial(_reworded, once)
    try:
        return await once()
    except PolicyError as error:
        failed: PolicyError | None = error

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, PolicyError) else None
        return _BACKOFF(state) if asked is None else asked

    def enough(state: RetryCallState) -> bool:
        left = account.seconds_left
        late = left is not None and left <= state.upcoming_sleep
        return late or state.upcoming_sleep > PATIENCE or state.attempt_number >= attempts

    async def again() -> T:
        nonlocal failed
        if failed is not None:  # the first try, which is over
            first, failed = failed, None
            raise first
        return await once()

    loop = AsyncRetrying(retry=retry_if_exception(_retryable), wait=wait, stop=enough, reraise=True)
    return await loop(again)


async def _reworded(once: Callable[[], Awaitable[T]]) -> T:
    for _ in range(WORDINGS):
        try:
            return await once()
        except WordingRefused:
            continue
    return await once()


def _retryable(error: BaseException) -> bool:
    return isinstance(error, PolicyError) and error.retryable
