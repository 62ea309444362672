"""What earlier runs in a store have to offer to later ones: steps, lessons and outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...journal.codec import observation_from, reply_from
from ...journal.costs import costs, total
from ...journal.events import Event
from ...memory.experience.examples import PREFIX, ExampleStep
from ...memory.experience.help_value import ArmOutcome
from ...memory.experience.lessons import Lesson

REFLECT = "reflect"
"""The node whose replies are lessons."""


def is_solved(events: Sequence[Event]) -> bool | None:
    """Says whether a suite counted a run as a success; None where it was not judged."""
    judged = [event.body["success"] for event in events if event.kind == "scored"]
    return bool(judged[-1]) if judged else None


def steps_of(events: Sequence[Event]) -> list[ExampleStep]:
    """Returns the steps of one run: each reply with calls, and what came of them."""
    task = _task(events)
    nodes = {e.body["hold"]: e.body["node"] for e in events if e.kind == "hold"}
    settled = [e for e in events if e.kind == "settle" and e.body["final"]]
    outcomes: dict[int, list[str]] = {}
    steps: list[ExampleStep] = []
    for event in settled:
        node = nodes.get(event.body["hold"])
        if node == "act":
            outcomes.setdefault(len(steps), []).append(observation_from(event).text)
        elif node == "think":
            message = reply_from(event).message
            wished = "; ".join(f"{call.name} {call.arguments}" for call in message.tool_calls)
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
    nodes = {e.body["hold"]: e.body["node"] for e in events if e.kind == "hold"}
    for event in events:
        if event.kind == "settle" and nodes.get(event.body["hold"]) == REFLECT:
            yield Lesson(suite=suite, task=_task(events), text=reply_from(event).message.content)


def outcomes_of(runs: Iterable[Sequence[Event]]) -> Iterator[ArmOutcome]:
    """Yields how the judged runs ended, and whether they had examples."""
    for events in runs:
        solved = is_solved(events)
        if solved is not None:
            started = next(event for event in events if event.kind == "run_started")
            helped = str(started.body["memory"]).startswith(PREFIX)
            yield ArmOutcome(helped, solved, total(costs(events)).usd)


def _task(events: Sequence[Event]) -> str:
    started = next(event for event in events if event.kind == "run_started")
    return started.body.get("task_id") or started.run
