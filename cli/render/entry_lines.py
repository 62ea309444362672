"""Entries of a story as lines for a terminal or a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from rich.text import Text

from ...journal import Observation, Reply
from ...journal.foreign_text import one_line, quoted
from ...journal.record.costs import CostLine, total
from ...journal.record.recorded_calls import RecordedCall
from ...journal.record.recorded_events import (
    RecordedOverrun,
    RecordedRefusal,
    RecordedResume,
    RecordedWithdrawal,
)
from . import format
from .notices import for_people
from .timeline import RunNote, Timeline, TimelineEntry

MARGIN = 2
_STEP, _BY, _TOKENS = 4, 10, 13
_LEAST_WHAT = 24
_NAME = 9
_STATUS_STYLES = {
    "answered": "green",
    "budget_exhausted": "yellow",
    "failed": "red",
    "cancelled": "yellow",
    "interrupted": "yellow",
    "running": "cyan",
}


@dataclass(frozen=True, kw_only=True)
class TimelineCells:
    """What stands in the columns of one line."""

    step: str
    by: str
    what: Text
    tokens: str
    cost: str
    left: str


class TimelineColumns:
    """Lays out the lines of one run in columns.

    Args:
        story: the run, as far as it is known.
        width: columns of the terminal.
    """

    def __init__(self, story: Timeline, width: int) -> None:
        self._places = format.places(story.budget.usd)
        self._cost = len(format.usd(story.budget.usd or Decimal("0.1"), self._places)) + 1
        self._left = max(len(format.left(story.left, self._places)), 4)
        room = width - MARGIN - _STEP - _BY - _TOKENS - self._cost - self._left - 10
        self._tokens = _TOKENS if room >= _LEAST_WHAT else 0
        self._what = max(room if self._tokens else room + _TOKENS + 2, _LEAST_WHAT)

    def heading(self) -> Text:
        """Returns the names of the columns."""
        heads = TimelineCells(
            step="step", by="by", what=Text("what"), tokens="tokens", cost="cost", left="left"
        )
        return self._line(heads, style="bold")

    def line(self, entry: TimelineEntry) -> Text:
        """Returns one line: what was done, what it cost, what is left."""
        tokens = entry.tokens
        cells = TimelineCells(
            step="" if entry.step is None else str(entry.step),
            by=one_line(entry.by),
            what=what(entry),
            tokens=f"{tokens[0]:,} + {tokens[1]:,}" if tokens else "",
            cost="" if entry.sort == "note" or entry.call is None else self._usd(entry),
            left=format.left(entry.left, self._places),
        )
        return self._line(cells)

    def _usd(self, entry: TimelineEntry) -> str:
        return format.usd(entry.cost, self._places)

    def _line(self, cells: TimelineCells, *, style: str = "") -> Text:
        by_style, figure, dim = ("cyan", "", "dim") if not style else ("", "", "")
        what = cells.what.copy()
        what.truncate(self._what, overflow="ellipsis", pad=True)
        name = Text(cells.by, style=by_style)
        name.truncate(_BY, overflow="ellipsis", pad=True)
        parts = [
            Text(f"{cells.step:>{MARGIN + _STEP}}", style=dim), Text("  "), name, Text("  "), what,
            Text(f"  {cells.tokens:>{self._tokens}}" if self._tokens else "", style=dim),
            Text(f"  {cells.cost:>{self._cost}}", style=figure),
            Text(f"  {cells.left}", style=dim),
        ]  # fmt: skip
        line = Text(style=style, no_wrap=True, overflow="ignore").append_text(Text.assemble(*parts))
        line.rstrip()
        return line


def what(entry: TimelineEntry) -> Text:
    """Returns what an entry is about, in a few words on one line."""
    call = entry.call
    if entry.note is not None:
        return Text(one_line(_noted(entry.note)), style="yellow")
    assert call is not None
    if entry.kind == "release":
        return Text(one_line(f"not billed: {call.why}"), style="yellow")
    if entry.kind == "unknown":
        text = f"no bill came, the hold stays booked: {call.why}"
        return Text(one_line(text), style="yellow")
    if call.observation is not None:
        return _observation(call.observation, call.arguments)
    return Text(one_line(call.why)) if call.reply is None else _reply(call, call.reply)


def _reply(call: RecordedCall, reply: Reply) -> Text:
    called = Counter(wish.name for wish in reply.message.tool_calls)
    text = Text(f"(try {call.attempt}) " if call.attempt > 1 else "", style="yellow")
    if called:
        names = (f"{name} × {n}" if n > 1 else name for name, n in called.items())
        text.append(f"→ {one_line(', '.join(names))}", style="default")
    if content := one_line(reply.message.content):
        text.append(f"  {content}" if called else content, style="dim" if called else "bold")
    if not called and not reply.message.content and reply.reasoning:
        text.append(f"(thought) {one_line(reply.reasoning)}", style="dim italic")
    if reply.finish_reason == "length":
        text.append(" [cut at its limit]", style="yellow")
    return text


def _observation(observation: Observation, arguments: str) -> Text:
    text = Text(format.arguments(arguments))
    style = "red" if observation.error else "dim"
    return text.append(f" → {one_line(observation.text)}", style=style)


def _noted(note: RunNote) -> str:
    match note:
        case RecordedRefusal():
            return f"refused: {note.why if note.notice is None else for_people(note.notice)}"
        case RecordedOverrun():
            return f"overrun: {note.billed} {note.resource} billed, {note.held} held"
        case RecordedWithdrawal():
            return f"{note.tool} is used up and no longer offered"
        case RecordedResume():
            return _resumed(note)


def _resumed(note: RecordedResume) -> str:
    added = ",".join(f"{name}={value}" for name, value in note.added_limits.items())
    return f"resumed ({note.mode.replace('_', ' ')}{f', {added} added' if added else ''})"


def opening(story: Timeline) -> Text:
    """Returns who works on what, with which budget."""
    assert story.start is not None
    start = story.start
    setup = format.joined(
        [f"run {story.run}", start.model, start.planner, start.memory, str(story.budget)]
    )
    task = Text(one_line(start.task), style="bold", no_wrap=True, overflow="ellipsis")
    return Text("\n").join([task, Text(one_line(setup), style="dim")])


def ending(story: Timeline, status: str = "") -> Text:
    """Returns the answer, the status, and what was spent on what, a line each."""
    status = status or story.status or "interrupted"
    lines = [Text()]
    for name, value in _facts(story, status):
        first, *more = value.split("\n", allow_blank=True) or [Text()]
        lines.append(Text.assemble(" " * MARGIN, (f"{name:<{_NAME}}", "dim"), first))
        lines += [Text(" " * (MARGIN + _NAME)).append_text(line) for line in more]
    return Text("\n").join(lines)


def _facts(story: Timeline, status: str) -> Iterator[tuple[str, Text]]:
    if story.answer is not None:
        yield "answer", Text(quoted(story.answer), style="bold")
    why = story.end.why if story.end else ""
    why = "" if why == status else why
    shown = Text(one_line(status.replace("_", " ")), style=_STATUS_STYLES.get(status, ""))
    yield "status", shown.append(f" ({one_line(why)})" if why else "", style="default")
    if story.score is not None:
        yield "score", Text(f"{story.score:g}")
    yield "cost", _cost(story)
    used = format.joined([format.spend(story.spent), format.seconds(story.seconds)])
    yield "used", Text(used)
    if left := format.left(story.left, format.places(story.budget.usd)):
        yield "left", Text(left)
    for line in story.open.values():
        yield "on hold", Text(_on_hold(line), style="yellow")


def _cost(story: Timeline) -> Text:
    text = Text()
    if story.unpriced:
        names = ", ".join(sorted(map(one_line, story.unpriced)))
        text.append(f"unknown: no price for {names}", style="yellow")
        text.append(f"; known {format.exact_usd(story.spent.usd)}" if story.spent.usd else "")
        return text
    text.append(format.exact_usd(story.spent.usd), style="bold")
    held = {"on hold": total(story.open.values()).usd}
    purses = {**story.usd_of, **held}
    parts = [f"{name} {format.exact_usd(usd)}" for name, usd in purses.items() if usd]
    if len(parts) > 1:
        text.append(f"  ({format.joined(parts)})", style="dim")
    return text


def _on_hold(line: CostLine) -> str:
    amount = format.exact_usd(line.usd)
    return f"{amount} for a call of {one_line(line.name)} whose bill has not come"


def status_text(status: str) -> Text:
    return Text(status.replace("_", " "), style=_STATUS_STYLES.get(status, ""))
