"""A run's events told as entries: what each call did, what it cost and what was left after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from ...agent import Home, final_answer
from ...agent.delegate import DELEGATE, sub_run
from ...journal.events import Event, Kind
from ...journal.record.costs import CostFold, CostLine, total
from ...journal.record.recorded_calls import RecordedCall, recorded_call
from ...journal.record.recorded_events import (
    RecordedEnd,
    RecordedOverrun,
    RecordedRefusal,
    RecordedResume,
    RecordedScore,
    RecordedStart,
    RecordedWithdrawal,
)
from ...ledger.amount import ZERO, Amount, Quantity
from ...ledger.budget import Budget

RunNote = RecordedRefusal | RecordedOverrun | RecordedWithdrawal | RecordedResume

Sort = Literal["reply", "tool", "trouble", "note"]

Below = Callable[[str, CostLine], Amount]
"""From a run and a tool call of it to what the sub-agent behind it has spent; most have none."""


@dataclass(frozen=True, kw_only=True)
class TimelineEntry:
    """One line of the story."""

    sort: Sort
    step: int | None
    """The step of the graph, counted from 1; None for what belongs to no step."""
    by: str
    """The node that asked the policy, or the tool; empty for notes."""
    kind: Kind
    """The kind of the event that the entry stands for."""
    run: str
    seq: int
    call: RecordedCall | None = None
    """The call that the entry is about, as it stood then."""
    note: RunNote | None = None
    """What stood in the way, or was changed, where the entry is about no call."""
    cost: Decimal | None = None
    """USD; None where the price is unknown or nothing was paid."""
    left: Mapping[str, Quantity | float]
    """What remains of each limited resource, open holds taken off."""

    @property
    def why(self) -> str:
        """Why a call was not made, not billed or has no bill; else empty."""
        if isinstance(self.note, RecordedRefusal):
            return self.note.why
        return self.call.why if self.call else ""

    @property
    def tokens(self) -> tuple[int, int] | None:
        """Billed tokens in and out, or None without a bill."""
        usage = self.call.cost.usage if self.call else None
        return None if usage is None else (usage.input_tokens, usage.output_tokens)


@dataclass(kw_only=True)
class Timeline:
    """Takes a run's events in order and keeps its totals, those of its sub-agents included."""

    below: Below = lambda run, line: ZERO
    start: RecordedStart | None = None
    end: RecordedEnd | None = None
    budget: Budget = field(default_factory=Budget)
    settled: Amount = ZERO
    open: dict[str, CostLine] = field(default_factory=dict)
    """Holds that were neither settled nor released, by id."""
    unpriced: set[str] = field(default_factory=set)
    """Models and tools that were called without a known price."""
    usd_of: dict[str, Decimal] = field(default_factory=dict)
    """USD settled, by tool; tokens are under `tokens`."""
    seconds: float = 0.0
    score: float | None = None
    _costs: CostFold = field(default_factory=CostFold)
    _holds: dict[str, Event] = field(default_factory=dict)
    _fresh_from: Amount = ZERO
    _fresh_at: float = 0.0

    def add(self, event: Event) -> TimelineEntry | None:
        """Takes the next event and returns its entry, or None if it has none."""
        self.seconds = max(self.seconds, event.at)
        return getattr(self, f"_{event.kind}", self._nothing)(event)

    @property
    def run(self) -> str:
        return self.start.run if self.start else ""

    @property
    def spent(self) -> Amount:
        """All that was spent; a hold that is open counts in full."""
        return self.settled + total(self.open.values())

    @property
    def cost(self) -> Decimal | None:
        """The unified cost in USD, or None where a price is unknown."""
        return None if self.unpriced else self.spent.usd

    @property
    def left(self) -> dict[str, Quantity | float]:
        spent = self.spent - self._fresh_from
        left: dict[str, Quantity | float] = {
            resource: limit - spent[resource] for resource, limit in self.budget.limits.items()
        }
        if self.budget.seconds is not None:
            left["seconds"] = self.budget.seconds - (self.seconds - self._fresh_at)
        return left

    @property
    def status(self) -> str:
        """How the run ended; empty while it has not."""
        return "" if self.end is None else self.end.status

    @property
    def answer(self) -> str | None:
        text = self.end.answer if self.end else None
        return None if text is None else final_answer(text)

    # -- what each kind of event adds ----------------------------------------------------------

    def _nothing(self, event: Event) -> None:
        return None

    def _run_started(self, event: Event) -> None:
        self.start = RecordedStart.of(event)
        self.budget = self.start.budget
        self._fresh_from = ZERO - self.start.fork.spent if self.start.fork else ZERO

    def _run_resumed(self, event: Event) -> TimelineEntry:
        self.end = None
        resume = RecordedResume.of(event)
        if resume.added:
            self.budget += resume.added
        if resume.mode == "per_invocation":
            self._fresh_from, self._fresh_at = self.spent, event.at
        return self._entry("note", event, note=resume)

    def _run_ended(self, event: Event) -> None:
        self.end = RecordedEnd.of(event)

    def _hold(self, event: Event) -> None:
        line = self._costs.add(event)
        if line is None:
            return
        self.open[line.hold], self._holds[line.hold] = line, event
        if line.usd is None:
            self.unpriced.add(line.name)

    def _settle(self, event: Event) -> TimelineEntry | None:
        line = self._costs.add(event)
        if line is None:
            return None
        del self.open[line.hold]
        is_tool = line.call == "tool"
        below = self.below(event.run, line) if is_tool else ZERO
        cost = None if line.usd is None else line.usd + below.usd
        self.settled += line.amount + below
        purse = line.name if is_tool else "tokens"
        self.usd_of[purse] = self.usd_of.get(purse, Decimal(0)) + (cost or Decimal(0))
        return self._entry("tool" if is_tool else "reply", event, line, cost)

    def _release(self, event: Event) -> TimelineEntry | None:
        line = self._costs.add(event)
        if line is None:
            return None
        del self.open[line.hold]
        return self._entry("trouble", event, line, Decimal(0))

    def _unknown(self, event: Event) -> TimelineEntry | None:
        line = self._costs.add(event)
        if line is None:
            return None
        self.open[line.hold] = line
        return self._entry("trouble", event, line, line.amount.usd)

    def _refused(self, event: Event) -> TimelineEntry:
        return self._entry("trouble", event, note=RecordedRefusal.of(event))

    def _overrun(self, event: Event) -> TimelineEntry:
        return self._entry("trouble", event, note=RecordedOverrun.of(event))

    def _withdrawn(self, event: Event) -> TimelineEntry:
        return self._entry("note", event, note=RecordedWithdrawal.of(event))

    def _scored(self, event: Event) -> None:
        self.score = RecordedScore.of(event).score

    def _entry(
        self,
        sort: Sort,
        event: Event,
        line: CostLine | None = None,
        cost: Decimal | None = None,
        *,
        note: RunNote | None = None,
    ) -> TimelineEntry:
        call = None if line is None else recorded_call(self._holds[line.hold], event, line)
        if line is not None and not line.is_open:
            del self._holds[line.hold]
        about = note if isinstance(note, RecordedRefusal) else line
        return TimelineEntry(
            sort=sort, step=_step(event.key), by=_by(about), kind=event.kind, run=event.run,
            seq=event.seq, call=call, note=note, cost=cost, left=self.left,
        )  # fmt: skip


def sub_agents(home: Home, run: str | None = None) -> Below:
    """Returns how to look up in a folder what sub-agents have spent.

    Args:
        run: a recorded run, whose sub-agents may go by any name; None knows only `delegate`.
    """
    children = frozenset() if run is None else frozenset(home.children(run))

    def below(run: str, line: CostLine) -> Amount:
        child = sub_run(run, line.key.partition("/")[2])  # without its branch
        is_known = line.name == DELEGATE or child in children
        return home.spent_with_below(child) if is_known else ZERO

    return below


def tell(
    events: list[Event], below: Below = lambda run, line: ZERO
) -> tuple[Timeline, list[TimelineEntry]]:
    """Returns the story of recorded events, and its entries."""
    story = Timeline(below=below)
    entries = [story.add(event) for event in sorted(events, key=lambda event: event.seq)]
    return story, [entry for entry in entries if entry is not None]


def summary(story: Timeline) -> dict[str, Any]:
    """Returns what `--json` says of a run."""
    end = story.end
    return {
        "run": story.run,
        "status": story.status or "interrupted",
        "answer": story.answer,
        "text": end.answer if end else None,
        "why": end.why if end else "",
        "reason": end.reason if end else "",
        "cost_usd": story.cost,
        "spend": dict(story.spent),
        "left": story.left,
        "seconds": round(story.seconds, 3),
    }


def _step(key: str) -> int | None:
    parts = key.split("/")
    return int(parts[-3]) + 1 if len(parts) >= 3 and parts[-3].isdigit() else None


def _by(about: CostLine | RecordedRefusal | None) -> str:
    if about is None:
        return ""
    return about.name if about.call == "tool" else about.node
