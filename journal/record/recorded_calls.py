"""The calls of a run as values: what each was asked, what came back, what it cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType

from ..codec import observation_from, reply_from, restore, restored
from ..events import Event
from ..records import Message, Observation, Reply, Sampled
from .costs import CostLine, costs
from .recorded_events import value_from, void_spans


@dataclass(frozen=True, kw_only=True)
class RecordedCall:
    """One try of a policy call or of a tool call."""

    run: str
    seq: int
    key: str
    hold: str
    name: str
    """The policy or the tool."""
    node: str
    """What it was for: the graph's node, or the purpose of the policy call."""
    attempt: int
    """1 for the first try, 2 for the next, …"""
    cost: CostLine
    prompt: tuple[Message, ...] = ()
    """The whole prompt of a policy call; () for a tool call, and where it was not restored."""
    max_tokens: int | None = None
    """Output tokens that a policy call was granted."""
    shortened: bool = False
    """Whether a policy call was to write less because an earlier try took too long."""
    factor: Decimal = Decimal(1)
    """What its price was multiplied by in its hold."""
    arguments: str = ""
    """JSON of a tool call, as the policy wrote it."""
    reply: Reply | None = None
    """What the policy answered; None for a tool call, and without an answer."""
    observation: Observation | None = None
    """What the policy was told of a tool call, also of one with an unknown outcome."""
    ok: bool = True
    """False for a tool call that came back with an error."""
    final: bool = False
    """Whether it is answered for good: a try that failed and is made again is not."""
    seconds: float | None = None
    ended: int | None = None
    """Seq of the event that tells what came of it; None while it is under way."""
    why: str = ""
    """Why it was not billed, or why no bill came."""
    trial: int = 0
    """Which attempt at the task it belongs to, from 1, where the planner makes several."""
    void: bool = False
    """Whether it was cut off when the run was resumed or went back."""

    @property
    def bound(self) -> int:
        """The most tokens that the prompt of a policy call could have."""
        return int(self.cost.held["input_tokens"])

    @property
    def is_tool(self) -> bool:
        return self.cost.call == "tool"


def recorded_calls(events: Iterable[Event]) -> tuple[RecordedCall, ...]:
    """Returns the calls of one run in the order in which they were sent.

    Args:
        events: all events of the run, in any order.
    """
    ordered = sorted(events, key=lambda event: event.seq)
    lines = {line.hold: line for line in costs(ordered)}
    ends = _ends(ordered)
    prompts = prompts_of(ordered)
    tokens = restored(e for e in ordered if e.kind == "settle" and "reply" in e.body)
    void = void_spans(ordered)
    calls: list[RecordedCall] = []
    trial = 0
    for event in ordered:
        is_void = any(event.seq in span for span in void)
        trial += not is_void and _begins_trial(event)
        if event.kind == "hold":
            line = lines[event.body["hold"]]
            call = recorded_call(event, ends.get(line.hold), line, prompts, tokens)
            calls.append(replace(call, trial=trial, void=is_void))
    return tuple(calls)


def ended_calls(events: Iterable[Event]) -> list[RecordedCall]:
    """Returns the calls of one run of which something came, in the order in which it came."""
    ended = (call for call in recorded_calls(events) if call.ended is not None)
    return sorted(ended, key=lambda call: call.ended or 0)


def recorded_call(
    hold: Event,
    end: Event | None,
    cost: CostLine,
    prompts: Mapping[str, tuple[Message, ...]] = MappingProxyType({}),
    tokens: Mapping[str, Sampled] = MappingProxyType({}),
) -> RecordedCall:
    """Returns a call as it stands.

    Args:
        end: its `settle`, `release` or `unknown`; None while there is none.
        cost: what it costs by then.
        prompts: the whole prompts of policy calls by hold, where they are wanted.
        tokens: the tokens of their replies by hold, where they are wanted.
    """
    asked, said = hold.body, {} if end is None else end.body
    reply = reply_from(end) if end is not None and said.get("reply") else None
    observation = observation_from(end) if end is not None and said.get("observation") else None
    return RecordedCall(
        run=hold.run, seq=hold.seq, key=hold.key, hold=cost.hold, name=cost.name, node=cost.node,
        attempt=asked.get("attempt", 1), cost=cost, prompt=prompts.get(cost.hold, ()),
        max_tokens=asked.get("max_tokens"), shortened=bool(asked.get("shortened")),
        factor=Decimal(asked.get("factor") or 1), arguments=asked.get("arguments", ""),
        reply=reply and replace(reply, sampled=tokens.get(cost.hold)),
        observation=observation,
        ok=said.get("ok", True), final=bool(said.get("final")), seconds=said.get("seconds"),
        ended=None if end is None else end.seq, why=said.get("why") or "",
    )  # fmt: skip


def prompts_of(events: Iterable[Event]) -> dict[str, tuple[Message, ...]]:
    """Returns the whole prompt of each policy call, by hold."""
    prompts: dict[str, tuple[Message, ...]] = {}
    for event in events:
        if event.kind == "hold" and "request" in event.body:
            prompts[event.body["hold"]] = restore(event.body["request"], prompts)
    return prompts


def _ends(ordered: Iterable[Event]) -> dict[str, Event]:
    """Returns what became of each hold: its settlement or release, else that it is unknown."""
    ends: dict[str, Event] = {}
    for event in ordered:
        if event.kind in ("settle", "release", "unknown"):
            known = ends.get(event.body["hold"])
            if known is None or known.kind == "unknown":
                ends[event.body["hold"]] = event
    return ends


def _begins_trial(event: Event) -> bool:
    value = value_from(event)
    return isinstance(value, dict) and value.get("starts") is True
