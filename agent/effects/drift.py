"""Whether a run that goes on asks what its record says that it asked."""

from __future__ import annotations

from collections.abc import Callable

from ...journal.codec.request_hash import is_old
from ...journal.record.run_record import Effect, step_of
from ...journal.records import Request
from ...ledger.errors import DriftError
from .effect_log import EffectLog


def check_same(
    key: str,
    effect: Effect,
    request: Request,
    digest: str,
    *,
    effect_log: EffectLog,
    old_digest: Callable[[], str],
) -> None:
    """Compares a policy call with what is recorded under its key.

    Args:
        digest: the request's hash.
        old_digest: makes its hash as older journals have it.

    Raises:
        DriftError: it asks for something else.
    """
    prompts = effect_log.inherited.prompts
    taken_over = [h for h in effect.holds if h.body["hold"] in prompts]
    for hold in taken_over:
        same = prompts[hold.body["hold"]] == request.messages
        if not same or hold.body["request"]["tool_choice"] != request.tool_choice:
            step, parent = step_of(key) + 1, effect_log.inherited.run
            raise DriftError(
                f"this agent asks for something else than run {parent} at "
                f"step {step}: fork it there (step {step}) or earlier"
            )
    if taken_over:
        return
    asked = [h.body["request"]["hash"] for h in effect.holds if "request" in h.body]
    asked += [effect.refused.body["hash"]] if effect.refused is not None else []
    if any(hash != (old_digest() if is_old(hash) else digest) for hash in asked):
        raise DriftError(
            f"run {effect_log.log.run} asks for something else at {key!r} than is recorded: "
            "its model, tools, prompts or options have changed since; go on with the "
            "recorded ones, or start a new run"
        )
