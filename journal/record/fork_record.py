"""What a forked run takes over from the run that it was forked from."""

from __future__ import annotations

from collections.abc import Callable

from ...ledger.errors import UsageError
from ..events import Event
from .costs import costs, total
from .recorded_calls import prompts_of
from .recorded_events import RecordedStart
from .run_record import ForkOrigin, RunRecord, step_of


def record_of(
    run: str,
    events_of: Callable[[str], list[Event]],
    *,
    strict: bool = False,
    supposing: bool = False,
    below: tuple[str, ...] = (),
) -> RunRecord:
    """Returns the record of a run; that of a fork begins with its parent's.

    Args:
        events_of: returns the events of a run by its id.
        below: the forks that it is looked up for.

    Raises:
        UsageError: by its record it is forked from itself.
    """
    if run in below:
        raise UsageError(f"the record of run {run} makes no sense: it is forked from itself")
    events = events_of(run)
    start = next((RecordedStart.of(e) for e in events if e.kind == "run_started"), None)
    fork = start.fork if start else None
    parent = (
        inherited(record_of(fork.run, events_of, below=(*below, run)), fork.step) if fork else None
    )
    return RunRecord.of(events, strict=strict, supposing=supposing, inherited=parent)


def inherited(parent: RunRecord, step: int) -> ForkOrigin:
    """Returns what a fork at a step (from 0) takes over.

    Raises:
        UsageError: the parent has no such step.
    """
    if not 0 <= step <= max(parent.steps, default=-1):
        raise UsageError(
            f"run {parent.start.run} has steps 1 to {max(parent.steps, default=-1) + 1}, "
            f"and none numbered {step + 1}: `outlay show` lists them"
        )
    earlier = [e for e in parent.events if e.key and step_of(e.key) < step]
    above = parent.inherited
    return ForkOrigin(
        run=parent.start.run,
        effects={key: e for key, e in parent.effects.items() if step_of(key) < step},
        spent=total(costs(earlier)) + above.spent,
        seconds=max((event.at for event in earlier), default=above.seconds),
        prompts=prompts_of(parent.events) | dict(above.prompts),
    )
