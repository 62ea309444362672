"""Prints a recorded run: its lines, on request its texts, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from ...journal.events import Event
from ...journal.foreign_text import quoted
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
    call = entry.call
    if entry.sort == "reply" and call is not None and call.reply is not None:
        message = call.reply.message
        if call.reply.reasoning:
            yield Text(quoted(call.reply.reasoning), style="dim italic")
        if message.content:
            yield Text(quoted(message.content))
        for wish in message.tool_calls:
            yield Text(quoted(f"{wish.name} {wish.arguments}"))
    elif entry.sort == "tool" and call is not None and call.observation is not None:
        observation = call.observation
        yield Text(quoted(observation.text), style="dim")
        if observation.ref:
            more = f"complete: outlay show {entry.run} --output {observation.ref}"
            yield Text(more, style="cyan")
    elif entry.why:
        yield Text(quoted(entry.why), style="yellow")
