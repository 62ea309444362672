"""What a call can cost at most, and how much output a budget can grant it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from ..ledger.account import Account, Hold, Shortfall
from ..ledger.amount import SOFT, Amount
from ..ledger.bounds import Known, TokenBounds
from ..ledger.prices import ModelPrice
from ..ledger.records import Request, Usage
from ..policies import Policy
from .prefixes import Match


class Bounds:
    """The upper bounds of one policy's calls.

    Args:
        policy: whose calls they are.
        price: what its tokens cost, or None if that is unknown (no budget in USD then).
        tokens: the endpoint's token bounds, shared by all its runs.
        min_output: a grant of fewer output tokens is not worth a call.
        wrap_up_tokens: output tokens kept back for the wrap-up reply.
    """

    def __init__(
        self,
        policy: Policy,
        price: ModelPrice | None,
        tokens: TokenBounds,
        *,
        min_output: int,
        wrap_up_tokens: int,
    ) -> None:
        self._policy = policy
        self._price = price
        self._tokens = tokens
        self._min_output = min_output
        self._wrap_up_tokens = min(wrap_up_tokens, policy.max_output)

    @property
    def source(self) -> str | None:
        """Where the price comes from, or None if there is none."""
        return self._price.source if self._price else None

    def known(self, usd: Decimal) -> Decimal | None:
        """Returns `usd`, or None where no price is known."""
        return usd if self._price else None

    def bill(self, usage: Usage, seconds: float) -> Mapping[str, Decimal]:
        """Returns USD by token class."""
        return self._price.cost_by_class(usage, seconds) if self._price else {}

    def learn(self, request: Request, billed: int) -> None:
        """Takes note of what the provider billed for a prompt, so that later bounds hold."""
        self._tokens.learn(self._tokens.plain(request.messages, request.tools), billed)

    def of(self, request: Request, match: Match, output: int) -> Amount:
        """Returns the most that the request can cost if it may write `output` tokens."""
        tokens = self._input(request, match)
        return Amount.of_model_call(self._usd(tokens, output), tokens, output)

    def wrap_up(self, request: Request, match: Match) -> Amount:
        return self.of(request, match, self._wrap_up_tokens)

    def least(self, request: Request, match: Match, wrap_up: Amount) -> Amount:
        """Returns the least budget that pays for one call and the wrap-up reply."""
        return self.of(request, match, min(self._min_output, self._policy.max_output)) + wrap_up

    async def grant(
        self,
        account: Account,
        request: Request,
        match: Match,
        *,
        reserve: Amount,
        at_least_one: bool = False,
    ) -> tuple[Hold, int] | Shortfall:
        """Takes a hold for the request, with as many output tokens as fit.

        Args:
            reserve: kept back beside it for the wrap-up reply.
            at_least_one: a single token is worth a call (the wrap-up reply itself).

        Returns the hold and its `max_tokens`, or why there is none. Waits while only open holds
        of others stand in the way.
        """
        most = self._wrap_up_tokens if at_least_one else self._policy.max_output
        wanted = min(request.max_tokens or most, most)
        least = 1 if at_least_one else min(self._min_output, wanted)
        tokens = self._input(request, match)
        while True:
            seen = account.holds_ended
            output = min(wanted, self._room(account, tokens, reserve))
            asked = max(output, least)
            amount = Amount.of_model_call(self._usd(tokens, asked), tokens, asked)
            found = account.try_hold(amount, soft=SOFT, reserve=reserve)
            if isinstance(found, Hold):
                return found, asked
            if found.blocked:
                await account.freed(seen)
            elif not least <= self._room(account, tokens, reserve) < asked:
                return found  # else another thread was quicker: less output still fits

    def _input(self, request: Request, match: Match) -> int:
        known = Known(match.known_messages, match.known_tokens) if match.known_messages else None
        return self._tokens.request(request.messages, request.tools, known)

    def _usd(self, input_tokens: int, output_tokens: int) -> Decimal:
        if self._price is None:
            return Decimal(0)
        return self._price.bound(input_tokens, output_tokens, self._policy.timeout)

    def _room(self, account: Account, input_tokens: int, reserve: Amount) -> int:
        """Returns how many output tokens fit into every limit of the account's path."""

        def left(resource: str) -> Decimal | int | None:
            found = account.available(resource)
            return None if found is None else found - reserve[resource]

        rooms: list[int] = []
        usd, both, out = left("usd"), left("tokens"), left("output_tokens")
        if usd is not None and self._price is not None:
            timeout = self._policy.timeout
            rooms.append(self._price.most_output(Decimal(usd), input_tokens, timeout))
        if both is not None:
            rooms.append(int(both) - input_tokens)
        if out is not None:
            rooms.append(int(out))
        return min(rooms, default=self._policy.max_output)
