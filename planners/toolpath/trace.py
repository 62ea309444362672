"""What came of a subtask, step by step: the records that estimates and subroutines rest on.

The planner writes one into the journal for each subtask (a `value` event), so that whatever is
learned can be learned again from the journals alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from ...journal.events import Event
from ...journal.record.recorded_events import value_from

TRACE = "toolpath"
"""The key under which a recorded value holds a trace."""

SEARCH = "search"
"""What a subtask was planned by if by no subroutine."""


@dataclass(frozen=True, kw_only=True)
class TraceStep:
    """One call of a typed tool, as it went."""

    tool: str
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Its arguments beside `inputs`."""
    again: Mapping[str, Any] = field(default_factory=dict)
    """Those with which it was to be tried again if it failed; empty: it was not."""
    ok: bool
    """Whether what it made passed the quality check."""
    usd: Decimal | None = None
    """USD that it cost; None: not known."""
    seconds: float | None = None
    quality: float | None = None
    """Measured; None: nothing was made, or nothing was measured."""


@dataclass(frozen=True, kw_only=True)
class SubtaskTrace:
    """One subtask: what was to be made, and every step that was taken for it."""

    want: str
    material: str
    have: tuple[str, ...]
    """The types that were at hand, sorted."""
    by: str = SEARCH
    """What the first plan came from: `search`, or the name of a subroutine."""
    ok: bool
    steps: tuple[TraceStep, ...]
    searches: int
    """Plans that were searched for; 0: the subroutine was enough."""
    planning: Decimal = Decimal(0)
    """USD that looks into the catalogue cost."""
    expansions: int
    """Nodes that those searches looked at."""
    run: str = ""
    """The run that it is from."""

    @property
    def usd(self) -> float:
        """What it cost: planning and all steps, failed ones too."""
        return float(sum((step.usd or Decimal(0) for step in self.steps), self.planning))

    @property
    def quality(self) -> float:
        """The product of the qualities of the steps that count; 0 if it failed."""
        if not self.ok:
            return 0.0
        quality = 1.0
        for step in self.path:
            quality *= 1.0 if step.quality is None else step.quality
        return quality

    @property
    def path(self) -> tuple[TraceStep, ...]:
        """The steps that what was wanted is made of, without failed and needless ones."""
        needed = {self.want}
        kept: list[TraceStep] = []
        for step in reversed(self.steps):
            if step.ok and needed & set(step.gives):
                needed = (needed - set(step.gives)) | set(step.takes)
                kept.append(step)
        return tuple(reversed(kept)) if self.ok else ()

    def to_dict(self) -> dict[str, Any]:
        """Returns the JSON form; the run is not part of it."""
        data: dict[str, Any] = _TRACE.dump_python(self, mode="json")
        del data["run"]
        return {TRACE: data}


def traces(events: Iterable[Event]) -> Iterator[SubtaskTrace]:
    """Yields the traces among recorded events, in their order."""
    for event in events:
        value = value_from(event)
        if isinstance(value, dict) and TRACE in value:
            yield _TRACE.validate_python({**value[TRACE], "run": event.run})


_TRACE = TypeAdapter(SubtaskTrace)
