"""The model calls of a recorded run: what each was shown, what it said, which tokens it sampled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ...journal.codec import reply_from, restore, restored
from ...journal.events import Event
from ...journal.records import Message, Sampled


@dataclass(frozen=True, kw_only=True)
class ModelCall:
    """One answered call of the policy."""

    run: str
    trajectory: str
    task: str
    ordinal: int
    """Place among the run's answered calls, from 0."""
    node: str
    """What it was for: the graph's node, or the purpose of the call."""
    policy: str
    prompt: tuple[Message, ...]
    reply: Message
    others: tuple[Message, ...]
    """The further samples of the same call."""
    sampled: Sampled | None
    """The tokens, where the server told them; the prompt's are whole."""


def model_calls(events: Iterable[Event]) -> Iterator[ModelCall]:
    """Yields the answered calls of one run in the order in which they were sent.

    Calls that a resumed run made anew, or that a graph went back over, are left out: nothing that
    came later was said after them.
    """
    ordered = sorted(events, key=lambda event: event.seq)
    start = next((event for event in ordered if event.kind == "run_started"), None)
    if start is None:
        return
    task = start.body["task_id"] or start.body["task"]
    settled = {e.body["hold"]: e for e in ordered if e.kind == "settle" and "reply" in e.body}
    tokens = restored(settled.values())
    prompts: dict[str, tuple[Message, ...]] = {}
    void = _void(ordered)
    attempt = ordinal = 0
    for event in ordered:
        gone = any(event.seq in span for span in void)
        attempt += not gone and _begins_attempt(event)
        if event.kind != "hold" or event.body["call"] != "model":
            continue
        hold = event.body["hold"]
        prompts[hold] = restore(event.body["request"], prompts)
        if gone or hold not in settled:
            continue
        reply = reply_from(settled[hold])
        yield ModelCall(
            run=event.run, trajectory=f"{event.run}/{attempt}", task=task, ordinal=ordinal,
            node=event.body["node"], policy=event.body["name"], prompt=prompts[hold],
            reply=reply.message, others=reply.others, sampled=tokens.get(hold),
        )  # fmt: skip
        ordinal += 1


def _void(ordered: Sequence[Event]) -> list[range]:
    """Returns the spans of events that were cut off when the run was resumed or went back."""
    cuts = [e for e in ordered if e.kind == "run_resumed" and e.body["cut"] is not None]
    return [range(cut.body["cut"], cut.seq) for cut in cuts]


def _begins_attempt(event: Event) -> bool:
    value = event.body.get("value") if event.kind == "value" else None
    return isinstance(value, dict) and value.get("starts") is True
