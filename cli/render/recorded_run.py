"""Prints a recorded run: its lines, on request its texts, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from ...journal.codec import message_from
from ...journal.events import Event
from . import format
from .console import show
from .entry_lines import TimelineColumns, ending, opening
from .timeline import Below, TimelineEntry, tell

_INDENT = 8


def tell_run(
    console: Console, events: list[Event], status: str, below: Below, *, full: bool
) -> None:
    """Prints the run.

    Args:
        status: what to call a run that has not ended.
        below: what the sub-agents behind its calls have spent.
        full: whether replies, arguments and observations are printed in full.
    """
    story, entries = tell(events, below)
    lines = TimelineColumns(story, console.width)
    console.print(opening(story))
    console.print()
    console.print(lines.heading(), soft_wrap=True)
    for entry in entries:
        console.print(lines.line(entry), soft_wrap=True)
        for text in _texts(entry) if full else ():
            show(console, Padding(text, (0, 0, 0, _INDENT)))
    console.print(ending(story, story.status or status), soft_wrap=True)


def _texts(entry: TimelineEntry) -> Iterator[Text]:
    body = entry.event.body
    if entry.sort == "reply":
        message = message_from(body["reply"]["message"])
        if message.content:
            yield Text(format.printable(message.content))
        for call in message.tool_calls:
            yield Text(format.printable(f"{call.name} {call.arguments}"))
    elif entry.sort == "tool":
        observation = body["observation"]
        yield Text(format.printable(observation["text"]), style="dim")
        if observation.get("ref"):
            run = entry.event.run
            yield Text(f"complete: outlay show {run} --output {observation['ref']}", style="cyan")
    elif why := body.get("why"):
        yield Text(format.printable(why), style="yellow")
