"""Two recorded runs side by side: where they part, and what each has cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import zip_longest

from ...journal.record.costs import costs as cost_lines
from ...journal.record.recorded_calls import prompts_of
from ...journal.record.run_record import RunRecord, step_of
from ...journal.records import Message


@dataclass(frozen=True)
class DiffEntry:
    """Something that happened in a run, in the order of its steps."""

    step: int
    """The step of the graph, from 1."""
    what: str
    """`prompt`, `reply`, `call`, `observation`, `refusal`."""
    text: str


@dataclass(frozen=True)
class Divergence:
    """The first moment at which two runs differ; None for a run that has ended before."""

    first: DiffEntry | None
    second: DiffEntry | None


@dataclass
class CallCosts:
    """What calls of one kind have cost a run."""

    calls: int = 0
    usd: Decimal = Decimal(0)
    tokens: dict[str, int] = field(default_factory=dict)
    """By token class, where a bill came."""


def first_divergence(first: RunRecord, second: RunRecord) -> Divergence | None:
    """Returns where two runs part, or None if they are the same from start to end."""
    for one, other in zip_longest(moments(first), moments(second)):
        if one is None or other is None or (one.what, one.text) != (other.what, other.text):
            return Divergence(one, other)
    return None


def moments(record: RunRecord) -> Iterator[DiffEntry]:
    """Yields what happened in a run; of a prompt what the one before it did not hold."""
    prompts = {**record.inherited.prompts, **prompts_of(record.events)}
    shown: tuple[Message, ...] = ()
    for key, effect in sorted(record.effects.items(), key=lambda item: _order(item[0])):
        step = step_of(key) + 1
        calls = effect.calls
        if calls and not calls[-1].is_tool:
            prompt = prompts[calls[-1].hold]
            yield from (DiffEntry(step, "prompt", _said(m)) for m in _new(shown, prompt))
            shown = prompt
        elif calls:
            yield DiffEntry(step, "call", f"{calls[-1].name} {calls[-1].arguments}")
        answered = effect.answered
        if answered is not None and answered.reply is not None:
            yield DiffEntry(step, "reply", _said(answered.reply.message))
        elif answered is not None and answered.observation is not None:
            yield DiffEntry(step, "observation", answered.observation.text)
        elif effect.refusal is not None:
            yield DiffEntry(step, "refusal", f"{effect.refusal.name}: {effect.refusal.why}")


def costs(record: RunRecord) -> dict[str, CallCosts]:
    """Returns what a run itself has cost: by purpose of its policy calls, and by tool."""
    found: dict[str, CallCosts] = {}
    for line in cost_lines(record.events):
        if line.status == "released":
            continue
        is_model = line.call == "model"
        cost = found.setdefault(line.node if is_model else line.name, CallCosts())
        cost.calls += 1 if is_model else int(line.amount["tool_calls"])
        cost.usd += line.amount.usd
        for name, count in line.usage.by_class().items() if line.usage else ():
            cost.tokens[name] = cost.tokens.get(name, 0) + count
    return found


def _order(key: str) -> tuple[int, int, int]:
    step, position, ordinal = map(int, key.split("/")[-3:])
    return step, position, ordinal


def _new(shown: tuple[Message, ...], prompt: tuple[Message, ...]) -> tuple[Message, ...]:
    same = 0
    while same < min(len(shown), len(prompt)) and shown[same] == prompt[same]:
        same += 1
    return prompt[same:]


def _said(message: Message) -> str:
    calls = "".join(f"\n→ {call.name} {call.arguments}" for call in message.tool_calls)
    return f"{message.content}{calls}".strip()
