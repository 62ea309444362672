"""What a run came to, as rewards see it: the judgement, the bill and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import orjson

from ...journal.events import Event
from ...journal.record.recorded_calls import RecordedCall, recorded_calls
from ...journal.record.recorded_events import RecordedScore
from ...journal.record.run_record import RunRecord
from .recorded_calls import ModelCall, answered_calls


@dataclass(frozen=True, kw_only=True)
class PaidCall:
    """One tool call that was made."""

    tool: str
    arguments: str
    """JSON as the policy wrote it."""
    usd: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one run came to."""

    run: str
    task: str
    score: float | None
    """The suite's judgement from 0 to 1; None where nobody judged."""
    status: str
    """How it ended: `answered`, `budget_exhausted`, `failed`, `cancelled`, or "" if it did not."""
    format_errors: int = 0
    """Tool calls of which the arguments are no JSON object."""
    usd: Mapping[str, Decimal] = field(default_factory=dict)
    """USD by token class (`input`, `output`, …) and by tool (`tool.search`)."""
    calls: tuple[PaidCall, ...] = ()
    """The tool calls in the order in which they were asked for."""
    turns: int = 0
    """Answered model calls."""
    beliefs: tuple[float, ...] = ()
    """Mean log-probability of the right answer's tokens before the first turn and after each one,
    where the caller has measured them with a local policy; never in a journal."""

    @property
    def answered(self) -> bool:
        """Whether the policy ended by an answer of its own."""
        return self.status == "answered"

    @property
    def success(self) -> bool:
        """Whether the answer got full marks."""
        return self.score is not None and self.score >= 1

    @property
    def cost(self) -> float:
        """Unified cost in USD."""
        return float(sum(self.usd.values(), Decimal(0)))


def outcome(events: Iterable[Event]) -> Outcome:
    """Returns what one recorded run came to. Everything it spent counts, repeated steps too."""
    record = RunRecord.of(events)
    judged = [event for event in record.events if event.kind == "scored"]
    latest = max(judged, key=lambda event: event.t, default=None)
    recorded = recorded_calls(record.events)
    said = list(answered_calls(record.start, recorded))
    usd, calls = _bill(recorded)
    return Outcome(
        run=record.start.run,
        task=record.start.group,
        score=None if latest is None else float(RecordedScore.of(latest).score),
        status=record.end.status if record.end else "",
        format_errors=sum(_misshapen(call) for call in said),
        usd=usd,
        calls=calls,
        turns=len(said),
    )


def _bill(calls: Iterable[RecordedCall]) -> tuple[dict[str, Decimal], tuple[PaidCall, ...]]:
    """Returns the spending by class and the tool calls; a hold without a bill counts in full."""
    usd: dict[str, Decimal] = {}
    paid: list[PaidCall] = []
    for call in calls:
        if call.cost.status == "released":
            continue
        whole = call.cost.amount.usd
        parts = {} if call.is_tool else call.cost.usd_by_class
        payee = f"tool.{call.name}" if call.is_tool else "unbilled"
        for name, part in (parts or {payee: whole}).items():
            usd[name] = usd.get(name, Decimal(0)) + part
        if call.is_tool:
            paid.append(PaidCall(tool=call.name, arguments=call.arguments, usd=whole))
    return usd, tuple(paid)


def _misshapen(call: ModelCall) -> int:
    return sum(not _is_object(each.arguments) for each in call.reply.tool_calls)


def _is_object(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False
