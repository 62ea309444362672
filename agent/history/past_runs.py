"""What earlier runs in a store have to offer to later ones: steps, lessons and outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...journal.events import Event
from ...journal.record.costs import costs, total
from ...journal.record.recorded_calls import ended_calls
from ...journal.record.recorded_events import RecordedScore, RecordedStart
from ...memory.experience.examples import PREFIX, ExampleStep
from ...memory.experience.help_value import ArmOutcome
from ...memory.experience.lessons import Lesson

REFLECT = "reflect"
"""The node whose replies are lessons."""


def is_solved(events: Sequence[Event]) -> bool | None:
    """Says whether a suite counted a run as a success; None where it was not judged."""
    judged = [RecordedScore.of(event) for event in events if event.kind == "scored"]
    return judged[-1].success if judged else None


def steps_of(events: Sequence[Event]) -> list[ExampleStep]:
    """Returns the steps of one run: each reply with calls, and what came of them."""
    task = _task(events)
    outcomes: dict[int, list[str]] = {}
    steps: list[ExampleStep] = []
    for call in ended_calls(events):
        if call.node == "act" and call.final and call.observation is not None:
            outcomes.setdefault(len(steps), []).append(call.observation.text)
        elif call.node == "think" and call.reply is not None:
            message = call.reply.message
            wished = "; ".join(f"{wish.name} {wish.arguments}" for wish in message.tool_calls)
            if wished:
                place = len(steps) + 1
                steps.append(
                    ExampleStep(
                        task=task, place=place, thought=message.content, action=wished, outcome=""
                    )
                )
    return [
        ExampleStep(
            task=task, place=step.place, thought=step.thought, action=step.action,
            outcome="; ".join(outcomes.get(step.place, ())),
        )
        for step in steps
    ]  # fmt: skip


def lessons_of(suite: str, events: Sequence[Event]) -> Iterator[Lesson]:
    """Yields what the policy wrote of failed attempts within a run."""
    for call in ended_calls(events):
        if call.node == REFLECT and call.reply is not None:
            yield Lesson(suite=suite, task=_task(events), text=call.reply.message.content)


def outcomes_of(runs: Iterable[Sequence[Event]]) -> Iterator[ArmOutcome]:
    """Yields how the judged runs ended, and whether they had examples."""
    for events in runs:
        solved = is_solved(events)
        if solved is not None:
            helped = _start(events).memory.startswith(PREFIX)
            yield ArmOutcome(helped, solved, total(costs(events)).usd)


def _task(events: Sequence[Event]) -> str:
    start = _start(events)
    return start.task_id or start.run


def _start(events: Sequence[Event]) -> RecordedStart:
    return RecordedStart.of(next(event for event in events if event.kind == "run_started"))
