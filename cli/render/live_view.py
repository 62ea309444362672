"""The live view of a run: one line for each call, as it comes back."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Protocol, Self

from rich.console import Console
from rich.status import Status

from ...agent import default_home
from ...journal.events import Event
from ...journal.foreign_text import one_line
from ...journal.record.costs import total
from ...journal.record.recorded_events import text_from
from ...ledger.resources import split_resource
from . import format
from .entry_lines import TimelineColumns, ending, opening
from .timeline import Timeline

_TAIL = 60
"""Characters shown of a reply that streams in."""


class RunView(Protocol):
    """Follows one run."""

    story: Timeline

    def listen(self, event: Event) -> None:
        """Takes the next event of the run."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def finish(self, status: str = "") -> None:
        """Says how the run ended; `status` is what to say where the run itself does not."""


class JsonView:
    """Says nothing until the end, and then one JSON object."""

    def __init__(self, story: Timeline) -> None:
        self.story = story

    def listen(self, event: Event) -> None:
        self.story.add(event)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return

    def finish(self, status: str = "") -> None:
        from .timeline import summary

        if self.story.start is not None:
            found = summary(self.story)
            format.write_json({**found, "status": self.story.status or status or "interrupted"})


class LiveView:
    """Prints a line for each call, and on a terminal shows what is under way.

    Args:
        console: where to print.
        story: the run so far: empty for a new one.
        home: where it is recorded.
        animated: whether to show what is under way; it needs a terminal of its own.
    """

    def __init__(
        self, console: Console, story: Timeline, home: Path, *, animated: bool = True
    ) -> None:
        self.story = story
        self._home = home
        self._console = console
        self._lines: TimelineColumns | None = None
        self._heard = False
        self._said = ""
        animated = animated and console.is_terminal
        self._status = Status("starting", console=console) if animated else None
        if story.start is not None:
            self._recall()

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._status is not None:
            self._status.stop()

    def listen(self, event: Event) -> None:
        if event.kind == "text":
            self._said += text_from(event)
        else:
            self._heard, self._said = True, ""
        entry = self.story.add(event)
        if event.kind == "run_started":
            self._console.print(opening(self.story))
            self._console.print()
        if event.kind in ("run_started", "run_resumed"):
            self._lines = TimelineColumns(self.story, self._console.width)
            self._console.print(self._lines.heading(), soft_wrap=True)
        if entry is not None and self._lines is not None:
            self._console.print(self._lines.line(entry), soft_wrap=True)
        if self._status is not None:
            self._status.update(self._under_way())

    def finish(self, status: str = "") -> None:
        if self.story.start is None:
            return
        if not self._heard:
            self._console.print("the run had ended: nothing was done or paid", soft_wrap=True)
        self._console.print(ending(self.story, status), soft_wrap=True)
        self._console.print()
        for hint in hints(self.story, self._home):
            self._console.print(f"  {hint}", soft_wrap=True)

    def _recall(self) -> None:
        """Says what is recorded of a run that goes on."""
        self._console.print(opening(self.story))
        cost, used = format.exact_usd(self.story.cost), format.spend(self.story.spent)
        self._console.print(f"recorded: {cost} · {used}", style="dim", soft_wrap=True)
        self._console.print()

    def _under_way(self) -> str:
        open = self.story.open.values()
        if not open:
            return "…"
        names = ", ".join(dict.fromkeys(one_line(line.name, 40) for line in open))
        held = total(open).usd
        amount = format.usd(held, format.places(self.story.budget.usd))
        said = one_line(self._said[-_TAIL:])
        return " · ".join(filter(None, [names, f"{amount} held" if held else "", said]))


def hints(story: Timeline, home: Path) -> list[str]:
    """Returns the commands that may be wanted next."""
    is_default = home.resolve() == default_home().resolve()
    place = "" if is_default else f" --home {shlex.quote(str(home))}"
    found = [f"outlay show {story.run}{place}"]
    if story.status == "budget_exhausted":
        resource = next(iter(story.budget.limits), "usd")
        row, tool = split_resource(resource)
        name = tool if tool and row.unit == "count" else resource
        found.append(f"outlay resume {story.run} --add {name}=…{place}")
    elif story.status != "answered":
        found.append(f"outlay resume {story.run}{place}")
    return found
