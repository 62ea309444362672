"""What a call can cost at most, and how much output a budget can grant it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from ...journal.codec import PrefixMatch
from ...journal.effects import Allowance
from ...journal.records import Message, Reply, Request
from ...ledger.account import Account, Hold, Shortfall
from ...ledger.amount import SOFT, Amount
from ...ledger.holds import Room, Size
from ...ledger.prices.price_book import ModelPrice
from ...ledger.prices.stated_ratio import StatedRatio
from ...ledger.resources import output_room
from ...ledger.token_bounds import BilledPrefix, TokenBounds, fewest_tokens
from ...ledger.usage import Usage
from ...policies import Policy
from ...policies.policy import headroom, is_hosted

ROOM = 4
"""So many times the output of a reply that was cut off is asked for when it is asked again."""


class CostBounds:
    """The upper bounds of one policy's calls.

    Args:
        policy: whose calls they are.
        price: what its tokens cost, or None if that is unknown (no budget in USD then).
        tokens: the endpoint's token bounds, shared by all its runs.
        ratio: how much more than that price it charges, shared by all its runs.
        min_output: a grant of fewer output tokens is not worth a call.
    """

    def __init__(
        self,
        policy: Policy,
        price: ModelPrice | None,
        tokens: TokenBounds,
        ratio: StatedRatio,
        *,
        min_output: int,
    ) -> None:
        self._policy = policy
        self._price = price
        self._tokens = tokens
        self._ratio = ratio
        self._min_output = min_output

    @property
    def source(self) -> str | None:
        """Where the price comes from, or None if there is none."""
        return self._price.source if self._price else None

    @property
    def token_prices(self) -> tuple[Decimal, Decimal] | None:
        """USD for a million tokens of short prompts, read and written, or None if unknown."""
        return (self._price.input.base, self._price.output.base) if self._price else None

    def known(self, usd: Decimal) -> Decimal | None:
        """Returns `usd`, or None where no price is known."""
        return usd if self._price else None

    def billed(self, hold: Hold, reply: Reply) -> tuple[Amount, Mapping[str, Decimal], Decimal]:
        """Returns what a reply costs: in all, in USD by token class, and in USD."""
        usage = reply.usage
        if usage is None:
            return hold.amount, {}, hold.amount.usd
        parts = self._bill(usage, reply.seconds, reply.stated_usd)
        usd = sum(parts.values(), Decimal(0))
        return Amount.of_model_bill(usd, usage), parts, usd

    def most_billed(self, hold: Hold, most_output: int) -> Usage:
        """Returns the most that can be billed of a call that was broken off: its whole prompt, and
        so many tokens of output."""
        read, held = int(hold.amount["input_tokens"]), int(hold.amount["output_tokens"])
        return Usage(input=read, output=min(most_output, held))

    @property
    def factor(self) -> Decimal:
        """What the price is multiplied by in holds."""
        return self._ratio.factor

    @factor.setter
    def factor(self, recorded: Decimal) -> None:
        self._ratio.factor = recorded

    def learn_cost(self, usd: Decimal, parts: Mapping[str, Decimal]) -> None:
        """Takes note of a bill in USD and its parts, so that later holds cover the next one."""
        if "correction" in parts:
            self._ratio.learn(usd, usd - parts["correction"])

    def learn(self, request: Request, billed: int) -> None:
        """Takes note of what the provider billed for a prompt, so that later bounds hold."""
        self._tokens.learn(self._plain(request), billed)

    def recall(self, request: Request, match: PrefixMatch, tokens: int) -> None:
        """Takes over what was known of the endpoint when a prompt was bound by `tokens`."""
        if not match.known_messages:
            self._tokens.recall(self._plain(request), tokens, with_tools=bool(request.tools))

    def input(self, request: Request, match: PrefixMatch) -> int:
        """Returns the bound on a prompt's tokens."""
        known = (
            BilledPrefix(match.known_messages, match.known_tokens) if match.known_messages else None
        )
        bound = self._tokens.request(request.messages, request.tools, known)
        return bound + self._of_schema(request)

    def later(self, request: Request, match: PrefixMatch, allowance: Allowance) -> Amount:
        """Returns the most that the call of an allowance can cost."""
        output = min(allowance.output + headroom(self._policy), self._policy.max_output)
        tokens = self.input(request, match) + allowance.input
        return Amount.of_model_call(self._usd(tokens, output), tokens, output)

    def least(self, request: Request, tokens: int, allowance: Allowance | None = None) -> Amount:
        """Returns the least that pays for a call: see `grant`.

        Args:
            tokens: the bound on its prompt.
        """
        written = self._outputs(request, allowance)[1] * request.samples
        return Amount.of_model_call(self._usd(tokens, written), tokens, written)

    async def grant(
        self,
        account: Account,
        request: Request,
        tokens: int,
        *,
        reserve: Amount,
        allowance: Allowance | None = None,
    ) -> tuple[Hold, int] | Shortfall:
        """Takes a hold for the request, with as many output tokens as fit.

        Args:
            tokens: the bound on its prompt.
            reserve: kept back beside it for later calls.
            allowance: what was kept back for this very call; with it a single token is worth a
                call, and it may write no more than was kept back for.

        Returns the hold and its `max_tokens`, or why there is none. Waits while only open holds
        of others stand in the way.
        """
        wanted, least = self._outputs(request, allowance)

        def size(room: Room) -> Amount:
            output = min(wanted, self._most_output(room, tokens) // request.samples)
            written = max(output, least) * request.samples
            return Amount.of_model_call(self._usd(tokens, written), tokens, written)

        found = await account.hold(size, soft=SOFT, reserve=reserve)
        if isinstance(found, Shortfall):
            return found
        return found, int(found.amount["output_tokens"]) // request.samples

    def first(self, request: Request, tokens: int) -> Size:
        """Returns what a first call asks for: all the output that the policy may write."""
        wanted, least = self._outputs(request, None)

        def size(room: Room) -> Amount:
            written = max(min(wanted, self._most_output(room, tokens)), least)
            return Amount.of_model_call(self._usd(tokens, written), tokens, written)

        return size

    def _plain(self, request: Request) -> int:
        return self._tokens.plain(request.messages, request.tools) + self._of_schema(request)

    def _of_schema(self, request: Request) -> int:
        """Returns the bound on the tokens of a reply's schema, which some servers tell the model;
        a model on this machine is only held to it."""
        if request.schema is None or not is_hosted(self._policy):
            return 0
        return self._tokens.of_schema(request.schema.text)

    def _bill(self, usage: Usage, seconds: float, stated: Decimal | None) -> Mapping[str, Decimal]:
        """Returns USD by token class, and by how much a stated cost corrects their sum."""
        parts = self._price.cost_by_class(usage, seconds) if self._price else {}
        if stated is not None:
            parts["correction"] = stated - sum(parts.values(), Decimal(0))
        return parts

    def _outputs(self, request: Request, allowance: Allowance | None) -> tuple[int, int]:
        """Returns how many tokens a sample should be able to have, and the fewest worth a call."""
        most, unseen = self._policy.max_output, headroom(self._policy)
        if request.cut_at:
            return ROOM * request.cut_at, request.cut_at + self._min_output
        if allowance is not None:
            most = min(allowance.output + unseen, most)
        wanted = min(request.max_tokens + unseen, most) if request.max_tokens else most
        return wanted, min((1 if allowance is not None else self._min_output) + unseen, wanted)

    def _usd(self, input_tokens: int, output_tokens: int) -> Decimal:
        if self._price is None:
            return Decimal(0)
        bound = self._price.bound(input_tokens, output_tokens, self._policy.timeout)
        return self._ratio.raised(bound)

    def _most_output(self, room: Room, input_tokens: int) -> int:
        """Returns how many output tokens there is room for."""
        rooms = output_room(room, input_tokens)
        usd = room("usd")
        if usd is not None and self._price is not None:
            timeout = self._policy.timeout
            purse = self._ratio.lowered(Decimal(usd))
            rooms.append(self._price.most_output(purse, input_tokens, timeout))
        return min(rooms, default=self._policy.max_output)


def is_whole(messages: tuple[Message, ...], match: PrefixMatch, billed: int) -> bool:
    """Says whether so many tokens can have been billed for the whole of a prompt.

    Some servers leave out what they had cached. Prompts only grow, so that shows in a bill that
    is smaller than that of a prefix and what its new messages have at least; such a bill says
    nothing of later prompts.

    Args:
        match: what was known of the prompt before.
    """
    new = messages[match.known_messages :]
    return billed >= match.known_tokens + fewest_tokens(message.content for message in new)
