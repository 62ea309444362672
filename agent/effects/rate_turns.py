"""A policy call waits for its turn at the endpoint before any money is held for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ...journal.effects import Refusal
from ...journal.records import Reply
from ...ledger.account import Account
from ...ledger.errors import PolicyError
from ...policies.rate_limits import RateLimiter, RateTurn


class TurnLost(Exception):
    """The hold came so late that the call has to ask for another turn; nothing is held."""


async def in_turn(
    rate: RateLimiter,
    tokens: int,
    account: Account,
    call: Callable[[RateTurn], Awaitable[Reply | Refusal]],
) -> Reply | Refusal | None:
    """Returns what `call` returns once its turn has come, None where that is past the deadline.

    Args:
        tokens: the most that the call can be billed.
        account: whose deadline counts.
        call: holds money, renews the turn, and sends; it raises TurnLost where that fails.
    """
    while True:
        turn = await rate.turn(tokens, account.seconds_left)
        if turn is None:
            return None
        billed: int | None = None
        try:
            result = await call(turn)
            if isinstance(result, Reply) and result.usage is not None:
                billed = result.usage.input_tokens + result.usage.output_tokens
            return result
        except TurnLost:
            continue
        except PolicyError as error:
            if error.retry_after is not None:
                turn.pause(error.retry_after)
            raise
        finally:
            turn.end(billed)
