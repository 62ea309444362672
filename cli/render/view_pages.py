"""A run's story as the pages of `outlay view` show it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from ...benchmarks.reports.dashboard import Gauge, RunDetails, RunSpan
from ...journal.events import Event
from ...journal.foreign_text import one_line, visible
from ...journal.record.costs import CostLine
from ...journal.record.recorded_events import RecordedStart, value_from
from ...ledger.resources import split_resource
from . import format
from .entry_lines import what
from .timeline import Timeline, TimelineEntry

_TOLD = {"starts", "withdrawn", "block", "cut", "tail"}
"""What a value says of the policy's view of its budget, which the gauges show better."""


def trajectory(events: Sequence[Event], status: str) -> RunDetails:
    """Returns what the page of a run shows.

    Args:
        events: all that is recorded of the run.
        status: what to call a run that has not ended.
    """
    story = Timeline()
    ordered = sorted(events, key=lambda event: event.seq)
    starts = (RecordedStart.of(event) for event in ordered if event.kind == "run_started")
    pruned = any(start.pruned is not None for start in starts)
    moments = [] if pruned else list(_moments(story, ordered))
    if pruned:
        for event in ordered:
            if event.kind in ("run_started", "run_ended", "scored"):
                story.add(event)
    return RunDetails(
        run=ordered[0].run if ordered else "",
        task=visible(story.start.task if story.start else ""),
        status=story.status or status,
        facts=tuple(_facts(story, pruned=pruned)),
        answer=None if story.answer is None else visible(story.answer),
        gauges=() if pruned else tuple(gauges(story)),
        on_hold=tuple(map(_on_hold, story.open.values())),
        moments=moments,
    )


def gauges(story: Timeline) -> Iterator[Gauge]:
    """Yields, for each limit of the run, what is used, held and left of it now."""
    left = story.left
    held = [line.amount for line in story.open.values()]
    decimals = format.places(story.budget.usd)
    limits: dict[str, Any] = dict(story.budget.limits)
    if story.budget.seconds is not None:
        limits["seconds"] = story.budget.seconds
    for resource, limit in limits.items():
        booked = sum((Decimal(amount[resource]) for amount in held), Decimal(0))
        rest = Decimal(left[resource])
        used = Decimal(limit) - rest - booked
        parts = {"used": used, "held": booked, "left": rest}
        texts = [
            f"{_quantity(resource, value, decimals)} {name}"
            for name, value in parts.items()
            if value or name != "held"
        ]
        whole = Decimal(limit) or Decimal(1)
        yield Gauge(
            resource=_resource(resource),
            used=float(used / whole),
            held=float(booked / whole),
            text=" · ".join(texts),
        )


def _moments(story: Timeline, ordered: Sequence[Event]) -> Iterator[RunSpan]:
    for event in ordered:
        entry = story.add(event)
        if entry is not None:
            yield _moment(story, entry)
        elif event.kind == "value" and (said := _noted(event)):
            yield _note(story, event, said)


def _moment(story: Timeline, entry: TimelineEntry) -> RunSpan:
    call, tokens = entry.call, entry.tokens
    seconds = call.seconds if call else None
    has_cost = entry.sort != "note" and call is not None
    wishes = call.reply.message.tool_calls if call and call.reply else ()
    return RunSpan(
        seq=entry.seq,
        number=entry.step,
        sort=entry.sort,
        by=one_line(entry.by),
        attempt=call.attempt if call else 1,
        failed=entry.kind == "settle" and call is not None and not call.ok,
        what=_what(entry),
        text=visible(_text(entry)),
        calls=[(wish.name, visible(wish.arguments)) for wish in wishes],
        cost=format.usd(entry.cost, format.places(story.budget.usd)) if has_cost else "",
        tokens=f"{tokens[0]:,} + {tokens[1]:,}" if tokens else "",
        seconds=format.seconds(seconds) if seconds is not None else "",
        gauges=tuple(gauges(story)),
    )


def _note(story: Timeline, event: Event, said: str) -> RunSpan:
    parts = event.key.split("/")
    return RunSpan(
        seq=event.seq, number=int(parts[-3]) + 1 if len(parts) >= 3 else None, sort="note",
        by=parts[-4] if len(parts) >= 4 else "", attempt=1, failed=False, what="noted",
        text=visible(said), cost="", tokens="", seconds="", gauges=tuple(gauges(story)),
    )  # fmt: skip


def _what(entry: TimelineEntry) -> str:
    call = entry.call
    if entry.sort == "reply" and call is not None and call.reply is not None:
        return "cut at its limit" if call.reply.finish_reason == "length" else ""
    if entry.sort == "tool" and call is not None:
        return format.arguments(call.arguments)
    return what(entry).plain


def _text(entry: TimelineEntry) -> str:
    call = entry.call
    if call is None or entry.sort not in ("reply", "tool"):
        return ""
    if call.observation is not None:
        ref = call.observation.ref
        more = f"\n(complete: outlay show {entry.run} --output {ref})" if ref else ""
        return f"{call.observation.text}{more}"
    return call.reply.message.content if call.reply else ""


def _noted(event: Event) -> str:
    value = value_from(event)
    if isinstance(value, dict):
        value = {name: each for name, each in value.items() if name not in _TOLD}
    if not isinstance(value, dict | list) or not value:
        return ""
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)


def _facts(story: Timeline, *, pruned: bool) -> Iterator[tuple[str, str]]:
    for name in ("planner", "memory", "model"):
        yield name, one_line(getattr(story.start, name, ""))
    yield "budget", str(story.budget)
    if story.score is not None:
        yield "score", f"{story.score:g}"
    if pruned:
        yield "texts", "pruned: the run is still listed and counted"
        return
    if story.unpriced:
        names = ", ".join(sorted(map(one_line, story.unpriced)))
        known = format.exact_usd(story.spent.usd)
        yield "cost", f"unknown: no price for {names}; known {known}"
    else:
        yield "cost", format.exact_usd(story.cost)
    yield "used", format.joined([format.spend(story.spent), format.seconds(story.seconds)])
    why = story.end.why if story.end else ""
    yield "why", "" if why == story.status else one_line(why)


def _on_hold(line: CostLine) -> str:
    return f"{format.exact_usd(line.usd)} for a call of {one_line(line.name)}"


def _resource(resource: str) -> str:
    row, tool = split_resource(resource)
    if tool:
        return f"{tool} $" if row.unit == "usd" else tool
    return row.label if row.unit == "usd" else f"{row.label}s"


def _quantity(resource: str, value: Decimal, decimals: int) -> str:
    unit = split_resource(resource)[0].unit
    if unit == "seconds":
        return format.seconds(max(float(value), 0.0))
    return format.usd(value, decimals) if unit == "usd" else f"{int(value):,}"
