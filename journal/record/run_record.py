"""What the journal says of a run: the answers to its effects, and what it has spent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ...ledger.amount import ZERO, Amount
from ...ledger.budget import Budget
from ...ledger.errors import JournalError
from ..events import Event
from ..records import Message, ToolCall
from .costs import costs, total
from .recorded_calls import RecordedCall, recorded_call
from .recorded_events import (
    RecordedEnd,
    RecordedRefusal,
    RecordedResume,
    RecordedScore,
    RecordedStart,
    void_spans,
)


@dataclass
class Effect:
    """What is recorded under one key."""

    holds: list[Event] = field(default_factory=list)
    ends: dict[str, Event] = field(default_factory=dict)
    refused: Event | None = None
    observed: Event | None = None
    value: Event | None = None

    @property
    def settled(self) -> Event | None:
        """The settlement that ended it, or None while there is no answer."""
        ends = (self.ends.get(hold.body["hold"]) for hold in self.holds)
        return next((e for e in ends if e is not None and e.body.get("final")), None)

    @property
    def refusal(self) -> RecordedRefusal | None:
        """What stood in the way of the call, or None if it was not refused."""
        return None if self.refused is None else RecordedRefusal.of(self.refused)

    @property
    def calls(self) -> tuple[RecordedCall, ...]:
        """The tries of the call as values, without their prompts."""
        tries = ((hold, self.ends.get(hold.body["hold"])) for hold in self.holds)
        return tuple(
            recorded_call(hold, end, costs((hold, end) if end else (hold,))[0])
            for hold, end in tries
        )

    @property
    def answered(self) -> RecordedCall | None:
        """The try that ended it, or None while there is no answer."""
        return next((call for call in self.calls if call.final), None)

    def of_call(self, call: ToolCall) -> Effect:
        """Returns the part that is of this very call.

        A reply that broke off while it streamed may have begun another one under the same key.
        """

        def is_mine(event: Event) -> bool:
            written = (
                event.body.get("name"),
                event.body.get("arguments"),
            )  # a critic's call has none
            return written == (call.name, call.arguments)

        mine = [hold for hold in self.holds if is_mine(hold)]
        ids = {hold.body["hold"] for hold in mine}
        ends = {hold: end for hold, end in self.ends.items() if hold in ids}
        refused, observed = (
            event if event is not None and is_mine(event) else None
            for event in (self.refused, self.observed)
        )
        return Effect(mine, ends, refused, observed)

    def ended(self, hold: Event) -> bool:
        """Says whether it is known what became of a hold's call."""
        end = self.ends.get(hold.body["hold"])
        return end is not None and end.kind in ("release", "settle")


@dataclass(frozen=True, kw_only=True)
class ForkOrigin:
    """What a forked run has from the run that it was forked from; nothing, for any other run."""

    run: str = ""
    """The run that it was forked from."""
    effects: Mapping[str, Effect] = field(default_factory=dict)
    spent: Amount = ZERO
    """What that run had spent by then: it counts against the fork's budget too."""
    seconds: float = 0.0
    prompts: Mapping[str, tuple[Message, ...]] = field(default_factory=dict)
    """What was asked under each hold."""


@dataclass(frozen=True)
class RunRecord:
    """A run's events in order, indexed by effect."""

    events: tuple[Event, ...] = ()
    effects: Mapping[str, Effect] = field(default_factory=dict)
    steps: Mapping[int, int] = field(default_factory=dict)
    """Seq of the first event of each step."""
    branch: int = 0
    """Branch that new effects go to."""
    strict: bool = False
    """True where only recorded answers are allowed (replay)."""
    supposing: bool = False
    """True where the recorded answers are held against another budget or other prices."""
    inherited: ForkOrigin = ForkOrigin()

    @classmethod
    def of(
        cls,
        events: Iterable[Event],
        *,
        strict: bool = False,
        supposing: bool = False,
        inherited: ForkOrigin | None = None,
    ) -> RunRecord:
        ordered = tuple(sorted(events, key=lambda event: event.seq))
        void = void_spans(ordered)
        above = inherited or ForkOrigin()
        effects = dict(above.effects)
        steps: dict[int, int] = {}
        for event in ordered:
            if event.key and not any(event.seq in span for span in void):
                note(effects, event)
                steps.setdefault(step_of(event.key), event.seq)
        return cls(ordered, effects, steps, len(void), strict or supposing, supposing, above)

    @cached_property
    def start(self) -> RecordedStart:
        """How the run began."""
        for event in self.events:
            if event.kind == "run_started":
                return RecordedStart.of(event)
        raise JournalError(
            f"run {self.events[0].run}: its first event is missing or damaged in the journal "
            f"{self.events[0].id.partition(':')[0]}.jsonl"
        )

    @property
    def end(self) -> RecordedEnd | None:
        """The end of the run, or None if it was interrupted or has been resumed since."""
        last = [e for e in self.events if e.kind in ("run_started", "run_resumed", "run_ended")]
        return RecordedEnd.of(last[-1]) if last and last[-1].kind == "run_ended" else None

    @property
    def score(self) -> RecordedScore | None:
        """The latest judgement of the run, or None if nobody judged it."""
        scored = [event for event in self.events if event.kind == "scored"]
        return RecordedScore.of(scored[-1]) if scored else None

    @property
    def exhaustion(self) -> int | None:
        """Where the run began to end for want of budget: its seq, or None if it did not.

        That is the last look at what tools brought, or the policy call that was refused, if no
        tool was called before it.
        """
        if self.end is None or self.end.status != "budget_exhausted":
            return None
        for event in reversed(self.events):
            if event.kind == "value" and event.key.split("/")[1] == "act":
                return event.seq
        refused = (e for e in self.events if e.kind == "refused" and e.body["call"] == "model")
        return next((e.seq for e in refused), None)

    @property
    def seconds(self) -> float:
        """The run's own time so far; downtime is not in it."""
        return max((event.at for event in self.events), default=self.inherited.seconds)

    @property
    def spent(self) -> Amount:
        """All that was spent, open and unknown holds at their full amount."""
        return total(costs(self.events))

    @property
    def charged(self) -> Amount:
        """What counts against the budget: all that was spent since the run last got it anew."""
        fresh = [e.seq for e in self.events if e.body.get("mode") == "per_invocation"]
        own = total(costs(e for e in self.events if e.seq > max(fresh, default=-1)))
        return own if fresh else own + self.inherited.spent

    def overran(self, limited: Collection[str]) -> bool:
        """Says whether a bill came in above its hold since money was last added to the run.

        Args:
            limited: the resources that count.
        """
        resumes = ((e.seq, RecordedResume.of(e)) for e in self.events if e.kind == "run_resumed")
        paid = [seq for seq, r in resumes if r.added or r.mode == "per_invocation"]
        late = (line for line in costs(self.events) if line.seq > max(paid, default=-1))
        return any(line.amount[r] > line.held[r] for line in late for r in limited)

    @property
    def budget(self) -> Budget:
        """The budget that the run has now: as started, with all that was added since."""
        budget = self.start.budget
        resumes = (RecordedResume.of(e) for e in self.events if e.kind == "run_resumed")
        return sum((resume.added for resume in resumes if resume.added), budget)


def step_of(key: str) -> int:
    """Returns the superstep of a key, with or without its branch."""
    return int(key.split("/")[-3])


def note(effects: dict[str, Effect], event: Event) -> None:
    """Files an event under its key, which goes without the branch here."""
    if not event.key:
        return
    effect = effects.setdefault(event.key.partition("/")[2], Effect())
    if event.kind == "hold":
        effect.holds.append(event)
    elif event.kind in ("settle", "release", "unknown"):
        effect.ends[event.body["hold"]] = event
    elif event.kind == "refused":
        effect.refused = event
    elif event.kind == "observed":
        effect.observed = event
    elif event.kind == "value":
        effect.value = event
