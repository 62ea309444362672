"""Entries of a story as lines for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from rich.text import Text

from ...journal.codec import message_from, refusal_from
from ...journal.costs import CostLine, total
from ...journal.events import Event
from . import format
from .notices import for_people
from .timeline import Timeline, TimelineEntry

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
        return self._line("step", "by", Text("what"), "tokens", "cost", "left", style="bold")

    def line(self, entry: TimelineEntry) -> Text:
        """Returns one line: what was done, what it cost, what is left."""
        tokens = entry.tokens
        return self._line(
            "" if entry.step is None else str(entry.step),
            format.one_line(entry.by),
            what(entry),
            f"{tokens[0]:,} + {tokens[1]:,}" if tokens else "",
            "" if entry.sort == "note" or entry.call is None else self._usd(entry),
            format.left(entry.left, self._places),
        )

    def _usd(self, entry: TimelineEntry) -> str:
        return format.usd(entry.cost, self._places)

    def _line(
        self, step: str, by: str, what: Text, tokens: str, cost: str, left: str, style: str = ""
    ) -> Text:
        by_style, figure, dim = ("cyan", "", "dim") if not style else ("", "", "")
        what = what.copy()
        what.truncate(self._what, overflow="ellipsis", pad=True)
        name = Text(by, style=by_style)
        name.truncate(_BY, overflow="ellipsis", pad=True)
        parts = [
            Text(f"{step:>{MARGIN + _STEP}}", style=dim), Text("  "), name, Text("  "), what,
            Text(f"  {tokens:>{self._tokens}}" if self._tokens else "", style=dim),
            Text(f"  {cost:>{self._cost}}", style=figure), Text(f"  {left}", style=dim),
        ]  # fmt: skip
        line = Text(style=style, no_wrap=True, overflow="ignore").append_text(Text.assemble(*parts))
        line.rstrip()
        return line


def what(entry: TimelineEntry) -> Text:
    """Returns what an entry is about, in a few words on one line."""
    body, held = entry.event.body, entry.call.body if entry.call else {}
    if entry.sort == "reply":
        return _reply(body, held)
    if entry.sort == "tool":
        return _observation(body["observation"], held["arguments"])
    if entry.event.kind == "refused":
        return Text(format.one_line(f"refused: {_refused(entry.event)}"), style="yellow")
    return Text(format.one_line(_TROUBLES[entry.event.kind](body, held)), style="yellow")


def _reply(body: Mapping[str, Any], held: Mapping[str, Any]) -> Text:
    message = message_from(body["reply"]["message"])
    called: dict[str, int] = {}
    for call in message.tool_calls:
        called[call.name] = called.get(call.name, 0) + 1
    text = Text(f"(try {held['attempt']}) " if held["attempt"] > 1 else "", style="yellow")
    if called:
        names = (f"{name} × {n}" if n > 1 else name for name, n in called.items())
        text.append(f"→ {format.one_line(', '.join(names))}", style="default")
    if content := format.one_line(message.content):
        text.append(f"  {content}" if called else content, style="dim" if called else "bold")
    if body["reply"]["finish_reason"] == "length":
        text.append(" [cut at its limit]", style="yellow")
    return text


def _observation(observation: Mapping[str, Any], arguments: str) -> Text:
    text = Text(format.arguments(arguments))
    style = "red" if observation.get("error") else "dim"
    return text.append(f" → {format.one_line(observation['text'])}", style=style)


def _refused(event: Event) -> str:
    notice = refusal_from(event).notice if event.body["call"] == "tool" else None
    return str(event.body["why"]) if notice is None else for_people(notice)


def _resumed(body: Mapping[str, Any], held: Mapping[str, Any]) -> str:
    added = ",".join(f"{name}={value}" for name, value in (body.get("add") or {}).items())
    return f"resumed ({body['mode'].replace('_', ' ')}{f', {added} added' if added else ''})"


_TROUBLES = {
    "release": lambda body, held: f"not billed: {body['why']}",
    "unknown": lambda body, held: f"no bill came, the hold stays booked: {body['why']}",
    "overrun": lambda body, held: (
        f"overrun: {body['billed']} {body['resource']} billed, {body['held']} held"
    ),
    "withdrawn": lambda body, held: f"{body['name']} is used up and no longer offered",
    "run_resumed": _resumed,
}


def opening(story: Timeline) -> Text:
    """Returns who works on what, with which budget."""
    assert story.start is not None
    body = story.start.body
    setup = format.joined(
        [f"run {story.run}", body["model"], body["planner"], body["memory"], str(story.budget)]
    )
    task = Text(format.one_line(body["task"]), style="bold", no_wrap=True, overflow="ellipsis")
    return Text("\n").join([task, Text(format.one_line(setup), style="dim")])


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
        yield "answer", Text(format.printable(story.answer), style="bold")
    why = story.end.body.get("why", "") if story.end else ""
    why = "" if why == status else why
    shown = Text(status.replace("_", " "), style=_STATUS_STYLES.get(status, ""))
    yield "status", shown.append(f" ({format.one_line(why)})" if why else "", style="default")
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
        names = ", ".join(sorted(map(format.one_line, story.unpriced)))
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
    return f"{amount} for a call of {format.one_line(line.name)} whose bill has not come"


def status_text(status: str) -> Text:
    return Text(status.replace("_", " "), style=_STATUS_STYLES.get(status, ""))
