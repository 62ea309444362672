"""The model calls of a recorded run: what each was shown, what it said, which tokens it sampled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...journal.events import Event
from ...journal.record.recorded_calls import RecordedCall, recorded_calls
from ...journal.record.recorded_events import RecordedStart
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
    ordered = tuple(events)
    start = next((RecordedStart.of(e) for e in ordered if e.kind == "run_started"), None)
    if start is None:
        return
    yield from answered_calls(start, recorded_calls(ordered))


def answered_calls(start: RecordedStart, calls: Iterable[RecordedCall]) -> Iterator[ModelCall]:
    """Yields the same, of a run whose calls are read already."""
    kept = (call for call in calls if not call.void)
    answered = ((call, call.reply) for call in kept if call.reply is not None)
    for ordinal, (call, reply) in enumerate(answered):
        yield ModelCall(
            run=call.run, trajectory=f"{call.run}/{call.trial}", task=start.group, ordinal=ordinal,
            node=call.node, policy=call.name, prompt=call.prompt, reply=reply.message,
            others=reply.others, sampled=reply.sampled,
        )  # fmt: skip
