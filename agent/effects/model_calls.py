"""Policy calls through the effects door.

A call whose answer is recorded returns that answer and costs nothing. Any other is held on the
account, journalled and on the disk before it leaves, and settled and journalled when it is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cached_property, partial

from ...journal.codec import PrefixMatch, TokenDeltas, delta, reply_to
from ...journal.codec.request_hash import request_hash, tools_hash
from ...journal.effects import Allowance, Refusal
from ...journal.old.request_hash import old_request_hash, old_tools_hash
from ...journal.record.run_record import Effect
from ...journal.records import (
    Message,
    Reply,
    ReplySchema,
    Request,
    ToolCall,
    ToolChoice,
    ToolSpec,
)
from ...ledger.account import Hold, Shortfall
from ...ledger.amount import Amount
from ...ledger.errors import (
    CallRefused,
    CallTimedOut,
    OutcomeUnknown,
    PolicyError,
    UsageError,
)
from ...ledger.usage import Usage
from ...policies import Policy
from ...policies.call_ids import own_id, with_own_ids
from ...policies.policy import prepare, takes_samples
from ...policies.rate_limits import RateTurn, rate_of
from .cost_bounds import CostBounds, is_whole
from .drift import check_same
from .effect_log import EffectLog
from .left_calls import unless_left
from .rate_turns import TurnLost, in_turn
from .reply_text import encodable_reply
from .reserves import Reserves
from .retry import retrying
from .supposed_calls import suppose_call

logger = logging.getLogger(__name__)

_NO_BILL = dict.fromkeys(Usage().by_class())
SHORTER = 4
"""A reply that took too long may have one part in so many of the output when asked for again."""
GRACE = 0.25
"""Seconds beside its time-out in which a policy can hand over what it has."""
OnCall = Callable[[int, ToolCall], None]


class ModelCalls:
    """The policy calls of one run.

    Args:
        effect_log: the run's record, log and account.
        policy: who is asked.
        bounds: what calls can cost at most.
        tools: what the policy is offered; the same in every request, for the prompt cache.
        kept: what is kept back for later calls.
        prompts: what prompts the calls of a purpose are made with, e.g. `{"verify": "verify@1"}`.
        attempts: the most tries of one call.
        max_output: output tokens of a call by its purpose, where that is limited.
    """

    def __init__(
        self,
        effect_log: EffectLog,
        policy: Policy,
        bounds: CostBounds,
        tools: tuple[ToolSpec, ...],
        *,
        kept: Reserves,
        prompts: Mapping[str, str],
        attempts: int,
        max_output: Mapping[str, int],
        temperature: float | None = None,
        seed: int | None = None,
    ) -> None:
        self._effect_log = effect_log
        self._policy = policy
        self._bounds = bounds
        self._tools = tools
        self._kept = kept
        self._prompts = prompts
        self._attempts = attempts
        self._max_output = max_output
        self._temperature = temperature
        self._seed = seed
        self._prefixes = kept.prefixes
        self._sequences = TokenDeltas()
        self._tools_hash = tools_hash(tools)

    async def ask(
        self,
        key: str,
        node: str,
        messages: tuple[Message, ...],
        tool_choice: ToolChoice,
        max_tokens: int | None,
        *,
        purpose: str = "",
        samples: int = 1,
        draw: int = 0,
        cut_at: int = 0,
        on_call: OnCall | None = None,
        schema: ReplySchema | None = None,
    ) -> Reply | Refusal:
        seed = None if self._seed is None else self._seed + draw
        limits = (max_tokens, self._max_output.get(purpose or node))
        most = min((limit for limit in limits if limit is not None), default=None)
        if cut_at:
            most = None
        request = Request(
            messages, self._tools, tool_choice, most, self._temperature, seed, samples, cut_at,
            schema=schema, on_text=self._effect_log.log.say,
            on_call=on_call and self._begun(key, on_call),
        )  # fmt: skip
        digest = request_hash(self._policy.name, request, self._tools_hash)
        effect = self._effect_log.effect(key) or Effect()
        self._check(key, effect, request, digest)
        if self._effect_log.supposing:
            await suppose_call(
                key, effect, request, purpose,
                effect_log=self._effect_log, kept=self._kept, bounds=self._bounds,
            )  # fmt: skip
        if effect.settled is not None:
            return self._replay(effect, request)
        if effect.refusal is not None:
            return Refusal(effect.refusal.resource, effect.refusal.why)
        if self._effect_log.strict and effect.ends:
            raise PolicyError([call.why for call in effect.calls if call.ended is not None][-1])
        self._effect_log.expect_live(key)
        attempt, asked = len(effect.holds), request

        async def once() -> Reply | Refusal:
            nonlocal attempt, asked
            attempt += 1
            try:
                return await self._try(key, purpose or node, attempt, asked, digest, purpose)
            except CallTimedOut as error:
                if asked.streams:
                    raise OutcomeUnknown(f"{error}, twice") from error
                asked = self._shortened(asked)
                raise

        try:
            return await retrying(once, self._attempts, self._effect_log.account)
        except PolicyError as error:
            left = self._effect_log.account.seconds_left
            if left is None or left > 0:
                raise
            return self._refuse(
                key, purpose or node, digest, "seconds", "", f"the deadline passed: {error}"
            )

    def _shortened(self, request: Request) -> Request:
        """Returns a request that took too long so that it takes less, and some of it comes."""
        most = request.max_tokens or self._policy.max_output
        return replace(request, max_tokens=max(most // SHORTER, 1), cut_at=0, streams=True)

    async def _try(
        self, key: str, node: str, attempt: int, request: Request, digest: str, purpose: str
    ) -> Reply | Refusal:
        async def hold_and_send(turn: RateTurn | None = None) -> Reply | Refusal:
            return await self._hold_and_send(key, node, attempt, request, digest, purpose, turn)

        rate = rate_of(self._policy)
        if rate is None:
            return await hold_and_send()
        tokens = self._bounds.input(request, self._prefixes.match(request.messages))
        tokens += (request.max_tokens or self._policy.max_output) * request.samples
        result = await in_turn(rate, tokens, self._effect_log.account, hold_and_send)
        if result is not None:
            return result
        why = f"the next call of {self._policy.name} ({rate.limit}) is due after the deadline"
        return self._refuse(key, node, digest, "seconds", "", why)

    async def _hold_and_send(
        self,
        key: str,
        node: str,
        attempt: int,
        request: Request,
        digest: str,
        purpose: str,
        turn: RateTurn | None,
    ) -> Reply | Refusal:
        await prepare(self._policy)
        match = self._prefixes.match(request.messages)
        used = self._kept.allowance(purpose)
        reserve = self._kept.after(used, request.messages)
        tokens = self._bounds.input(request, match)
        granted = await self._bounds.grant(
            self._effect_log.account, request, tokens, reserve=reserve, allowance=used
        )
        if isinstance(granted, Shortfall):
            return self._refuse(
                key, node, digest, granted.resource, granted.account, str(granted), tokens
            )
        hold, max_tokens = granted
        if turn is not None and not turn.renew():
            self._effect_log.account.release(hold)
            raise TurnLost
        id = self._effect_log.hold_id(key, attempt)
        try:
            self._effect_log.write(
                "hold", key, hold=id, call="model", name=self._policy.name, node=node,
                attempt=attempt, usd=self._bounds.known(hold.amount.usd),
                input_tokens=hold.amount["input_tokens"],
                output_tokens=hold.amount["output_tokens"],
                price=self._bounds.source, max_tokens=max_tokens, **self._factor(),
                **({"shortened": True} if request.streams else {}),
                prompt=self._prompts.get(purpose, self._prompts.get("", "")),
                request={
                    **delta(match, request.messages), "hash": digest,
                    "tools": self._tools_hash, "tool_choice": request.tool_choice,
                },
            )  # fmt: skip
            await self._effect_log.log.durable()
        except BaseException as error:
            self._effect_log.account.release(hold)
            self._effect_log.try_write("release", key, hold=id, why=f"never sent: {name_of(error)}")
            raise
        self._prefixes.add(id, request.messages)
        self._effect_log.take_ids(request.messages[match.keep :])
        reply = await self._send(key, id, hold, request, max_tokens, match)
        self._settle(key, id, hold, request, reply, match)
        return reply

    def _factor(self) -> dict[str, Decimal]:
        factor = self._bounds.factor
        return {} if factor == 1 else {"factor": factor}

    def _refuse(
        self,
        key: str,
        node: str,
        digest: str,
        resource: str,
        account: str,
        why: str,
        tokens: int | None = None,
    ) -> Refusal:
        """Records a refusal; `tokens` is the bound on the prompt, where that decided."""
        self._effect_log.write(
            "refused", key, call="model", name=self._policy.name, node=node, resource=resource,
            account=account, why=why, hash=digest, input_tokens=tokens,
        )  # fmt: skip
        return Refusal(resource, why)

    async def _send(
        self, key: str, id: str, hold: Hold, request: Request, max_tokens: int, match: PrefixMatch
    ) -> Reply:
        timeout = self._policy.timeout
        left = self._effect_log.account.seconds_left
        limit = timeout if left is None else min(timeout, max(left, 0.0))
        sent = replace(request, max_tokens=max_tokens, timeout=limit)
        try:
            if not self._effect_log.drains:
                return await self._asked(key, sent, limit)
            return await unless_left(
                self._asked(key, sent, limit), self._effect_log.unread, id,
                settle=partial(self._settle, key, id, hold, request, match=match),
                book_failure=partial(self._book_failure, key, id, hold),
            )  # fmt: skip
        except BaseException as error:
            if id in self._effect_log.unread:
                raise
            if isinstance(error, TimeoutError | CallTimedOut):
                late = self._late(limit, error)
                self._book_failure(key, id, hold, late)
                if late is error:
                    raise
                raise late from error
            self._book_failure(key, id, hold, error)
            if isinstance(error, CallRefused | UsageError):
                raise
            if isinstance(error, PolicyError) or not isinstance(error, Exception):
                raise
            raise OutcomeUnknown(f"{self._policy.name} failed: {name_of(error)}") from error

    def _late(self, limit: float, error: BaseException) -> CallTimedOut:
        most = error.most_output if isinstance(error, CallTimedOut) else None
        if limit < self._policy.timeout:
            text = f"the deadline of the budget passed before {self._policy.name} replied"
            return CallTimedOut(text, most_output=most)
        if isinstance(error, CallTimedOut):
            return error
        return CallTimedOut(f"{self._policy.name} did not reply within {limit:g} s")

    async def _asked(self, key: str, sent: Request, limit: float) -> Reply:
        async with asyncio.timeout(limit + GRACE):
            reply = encodable_reply(await self._policy.reply(sent))
        if reply.seconds < 0:
            reply = replace(reply, seconds=0.0)
        return with_own_ids(reply, self._effect_log.call_ids, self._seed_of_ids(key))

    def _begun(self, key: str, on_call: OnCall) -> OnCall:
        """Returns what can start calls ahead and cannot break the reply that brings them."""

        def started(place: int, call: ToolCall) -> None:
            try:
                taken, seed = self._effect_log.call_ids, self._seed_of_ids(key)
                on_call(place, replace(call, id=own_id(call.id, place, taken, seed)))
            except Exception:
                logger.exception("%r could not be started ahead of its reply", call)

        return started

    def _seed_of_ids(self, key: str) -> str:
        return f"{self._effect_log.branch}/{key}"

    def _book_failure(self, key: str, id: str, hold: Hold, error: BaseException) -> None:
        account = self._effect_log.account
        if isinstance(error, CallRefused | UsageError):
            account.release(hold)
            self._effect_log.write("release", key, hold=id, why=str(error))
            return
        if isinstance(error, CallTimedOut) and error.most_output is not None:
            self._book_most(key, id, hold, error.most_output, why=str(error))
            return

        def record() -> None:
            self._effect_log.try_write("unknown", key, hold=id, why=name_of(error))

        account.forfeit(hold, record=record)

    def _book_most(self, key: str, id: str, hold: Hold, most_output: int, *, why: str) -> None:
        """Books the most that a call can have cost whose server stopped when it was given up."""
        usage = self._bounds.most_billed(hold, most_output)
        bill = Reply(Message("assistant", ""), usage, seconds=self._policy.timeout)
        billed, parts, usd = self._bounds.billed(hold, bill)

        def record() -> None:
            self._effect_log.try_write(
                "settle", key, hold=id, usd_by_class=parts, usd=self._bounds.known(usd),
                **usage.by_class(), ok=False, final=False, why=why,
            )  # fmt: skip

        self._effect_log.account.settle(hold, billed, record=record)

    def _settle(
        self, key: str, id: str, hold: Hold, request: Request, reply: Reply, match: PrefixMatch
    ) -> None:
        is_billed, most = reply.usage is not None, reply.most_output
        if not is_billed and most is not None:
            reply = replace(reply, usage=self._bounds.most_billed(hold, most))
        usage = reply.usage
        billed, parts, usd = self._bounds.billed(hold, reply)
        if is_billed and usage is not None:
            self._learn(id, request, match, usage.input_tokens)
            self._bounds.learn_cost(usd, parts)

        def record() -> None:
            self._effect_log.write(
                "settle", key, hold=id, usd_by_class=parts,
                usd=usd if "correction" in parts else self._bounds.known(usd),
                **(_NO_BILL if usage is None else usage.by_class()),
                seconds=round(reply.seconds, 6), ok=True, final=True,
                reply={**reply_to(reply), **self._sequences.written(id, reply.sampled)},
            )  # fmt: skip

        overruns = self._effect_log.account.settle(hold, billed, record=record)
        for over in overruns:
            self._effect_log.write(
                "overrun", key, hold=id, resource=over.resource, held=over.held,
                billed=over.billed,
            )  # fmt: skip

    def _learn(self, id: str, request: Request, match: PrefixMatch, billed: int) -> None:
        if is_whole(request.messages, match, billed):
            self._prefixes.add(id, request.messages, billed)
            self._bounds.learn(request, billed)

    def _replay(self, effect: Effect, request: Request) -> Reply:
        call, messages = effect.answered, request.messages
        assert call is not None
        assert call.reply is not None
        reply = call.reply
        self._bounds.learn_cost(call.cost.usd or Decimal(0), call.cost.usd_by_class)
        self._effect_log.take_ids((reply.message, *reply.others))
        billed = None if reply.usage is None else reply.usage.input_tokens
        if billed and not is_whole(messages, self._prefixes.match(messages), billed):
            billed = None
        is_inherited = call.hold in self._effect_log.inherited.prompts
        base = "" if is_inherited else call.hold  # a run's deltas are its own
        self._prefixes.add(base, messages, billed)
        if billed and call.name == self._policy.name:
            self._bounds.learn(request, billed)
        return reply

    def _check(self, key: str, effect: Effect, request: Request, digest: str) -> None:
        check_same(
            key, effect, request, digest, effect_log=self._effect_log,
            old_digest=lambda: old_request_hash(self._policy.name, request, self._old_tools_hash),
        )  # fmt: skip

    @cached_property
    def _old_tools_hash(self) -> str:
        return old_tools_hash(self._tools)

    @property
    def max_output(self) -> int:
        """Output tokens of a call where nothing else is said."""
        return self._policy.max_output

    @property
    def takes_samples(self) -> bool:
        """Whether the policy answers a request for several samples in one call."""
        return takes_samples(self._policy)

    def reserve(self, messages: tuple[Message, ...]) -> Amount:
        """Returns what calls after this prompt will cost at most, all that is kept back."""
        return self._kept.after(None, messages)

    @property
    def token_prices(self) -> tuple[Decimal, Decimal] | None:
        """USD for a million tokens, read and written; None where no price is known."""
        return self._bounds.token_prices

    def keeps(self, allowances: tuple[Allowance, ...]) -> None:
        """Keeps back for these calls from now on."""
        self._kept.allowances = allowances

    def can_start(self, messages: tuple[Message, ...]) -> bool:
        """Says whether a call with this prompt could be made, and all that is kept back for."""
        reserve = self._kept.after(None, messages)
        return self._effect_log.account.fits(self._kept.call(messages), reserve=reserve)


def name_of(error: BaseException) -> str:
    """Returns what went wrong, for the journal."""
    if isinstance(error, PolicyError):
        return str(error)
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
