"""Policy calls of a what-if: what is recorded is booked under another budget."""

from __future__ import annotations

from dataclasses import replace

from ...journal.record.recorded_calls import RecordedCall
from ...journal.record.run_record import Effect, step_of
from ...journal.records import Reply, Request
from ...ledger.account import Shortfall
from .cost_bounds import CostBounds, is_whole
from .effect_log import Diverged, EffectLog
from .reserves import Reserves


async def suppose_call(
    key: str,
    effect: Effect,
    request: Request,
    purpose: str,
    *,
    effect_log: EffectLog,
    kept: Reserves,
    bounds: CostBounds,
) -> None:
    """Books the recorded tries of a call.

    Args:
        key: the effect's key.
        purpose: what the call is for.
        kept: what is kept back for later calls.

    Raises:
        Diverged: the call or its reply would have been another one.
    """
    account, used = effect_log.account, kept.allowance(purpose)
    for call in effect.calls:
        match, tokens = kept.prefixes.match(request.messages), call.bound
        bounds.factor = call.factor
        bounds.recall(request, match, tokens)
        reserve = kept.after(used, request.messages)
        if call.cost.status == "released":
            continue
        if call.reply is None:
            effect_log.suppose(key, call.cost.held, reserve=reserve)
            continue
        asked = request
        if call.shortened:
            asked = replace(request, max_tokens=call.max_tokens, cut_at=0)
        granted = await bounds.grant(account, asked, tokens, reserve=reserve, allowance=used)
        if isinstance(granted, Shortfall):
            raise Diverged(step_of(key), f"a policy call is refused: {granted}")
        held, most = granted
        reply = call.reply
        account.settle(held, bounds.billed(held, reply)[0] if reply.usage else call.cost.held)
        _check_length(key, call, reply, most)
        if reply.usage and is_whole(request.messages, match, reply.usage.input_tokens):
            bounds.learn(request, reply.usage.input_tokens)
    if effect.refusal is None:
        return
    known = effect.refusal.input_tokens
    if known is None:  # refused for another reason than its price, or in an older journal
        known = bounds.input(request, kept.prefixes.match(request.messages))
    reserve = kept.after(used, request.messages)
    if account.fits(bounds.least(request, known, used), reserve=reserve):
        raise Diverged(step_of(key), "a policy call is made that was refused")


def _check_length(key: str, call: RecordedCall, reply: Reply, most: int) -> None:
    written = reply.usage.output_tokens if reply.usage else call.max_tokens or 0
    cut = reply.finish_reason == "length" and most != call.max_tokens
    if written > most or cut:
        raise Diverged(step_of(key), f"a reply may have {most} tokens at most")
