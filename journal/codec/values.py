"""Bills, replies, observations and budgets as the journal writes them, and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ...ledger.budget import Budget, Limit
from ...ledger.usage import CLASSES, Usage
from ..events import Event
from ..old.sentences import notice_in
from ..records import Observation, Reply
from .message_form import message_from, message_to


def usage_from(body: Mapping[str, Any]) -> Usage | None:
    if body.get("input") is None:
        return None
    return Usage(**{name: body.get(name) or 0 for name in CLASSES})


def reply_to(reply: Reply) -> dict[str, Any]:
    others = [message_to(message) for message in reply.others]
    return {
        "message": message_to(reply.message),
        "finish_reason": reply.finish_reason,
        "model": reply.model,
        "response_id": reply.response_id,
        **({"others": others} if others else {}),
        **({"reasoning": reply.reasoning} if reply.reasoning else {}),
        **({"written_as": reply.written_as} if reply.written_as else {}),
    }


def reply_from(settle: Event) -> Reply:
    reply = settle.body["reply"]
    is_stated = "correction" in (settle.body.get("usd_by_class") or ())
    return Reply(
        message_from(reply["message"]),
        usage_from(settle.body),
        reply["finish_reason"],
        reply["model"],
        reply["response_id"],
        settle.body["seconds"] or 0.0,
        tuple(map(message_from, reply.get("others", ()))),
        stated_usd=Decimal(settle.body["usd"]) if is_stated else None,
        reasoning=reply.get("reasoning", ""),
        written_as=reply.get("written_as", ""),
    )


def observation_from(event: Event) -> Observation:
    return _noticed(event.body["observation"])


def refusal_from(event: Event) -> Observation:
    """Returns what the policy was told of a tool call that was refused."""
    body = event.body
    told = {"call_id": "", "tool": body["name"], "text": body["why"], "error": True}
    return _noticed(body.get("observation", told))


def _noticed(body: Mapping[str, Any]) -> Observation:
    """An error that was journalled without its notice tells it in words alone."""
    observation = Observation.from_dict(body)
    if not observation.error or "notice" in body:
        return observation
    return replace(observation, notice=notice_in(observation.text, observation.tool))


def budget_to(budget: Budget) -> dict[str, Any]:
    """Returns a budget as the journal keeps it: limits by resource name."""
    limits: dict[str, Any] = dict(budget.limits)
    if budget.seconds is not None:
        limits["seconds"] = budget.seconds
    return limits


def budget_from(limits: Mapping[str, Any]) -> Budget:
    tools: dict[str, Any] = {}
    plain: dict[str, Any] = {}
    for name, limit in limits.items():
        unit, _, tool = name.partition(".")
        if tool:
            tools.setdefault(tool, {})["calls" if unit == "tool_calls" else unit] = limit
        else:
            plain[name] = limit
    return Budget(**plain, per_tool={tool: Limit(**limit) for tool, limit in tools.items()})
