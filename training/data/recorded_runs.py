"""The runs of a home as training sees them: rows, what they came to, and the calls themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from ...journal.events import Event
from ...journal.store.store import Store
from ...ledger.errors import UsageError
from ...planners.toolpath import SubtaskTrace
from ...planners.toolpath.trace import traces
from .outcome import Outcome, outcome
from .recorded_calls import ModelCall, model_calls
from .rollouts import Rollout
from .rows import rows
from .suite_context import SuiteContext

_RUNS = """
select run from runs
where pruned is null and status is not null and parent is null
    and (?::varchar is null or experiment = ?)
order by started, run
"""

_THERE = "select run from runs where pruned is null and list_contains(?, run)"
_EVENTS = "select run, body from events where list_contains(?, run) order by seq, t"
_RUNS_AT_ONCE = 200


@dataclass(frozen=True, kw_only=True)
class RecordedRollout(Rollout):
    """One run that has ended, of a home."""

    outcomes: Mapping[str, Outcome]
    """By trajectory: that of the run, but where a suite has judged its attempts one by one."""
    calls: tuple[ModelCall, ...]
    traces: tuple[SubtaskTrace, ...]
    """Subtasks that the toolpath planner carried out in it."""


def recorded(
    store: Store, experiment: str | None = None, known: SuiteContext | None = None
) -> Iterator[RecordedRollout]:
    """Yields the runs that have ended and still have their texts, in order of time.

    Those of sub-agents are left out: nobody judges them by themselves.

    Args:
        experiment: only its runs; None means all.
        known: the suite of the tasks, where it is at hand.

    Raises:
        UsageError: there is no such run.
        JournalError: the store cannot be loaded.
    """
    found = store.query(_RUNS, (experiment, experiment)).rows
    if not found:
        where = f"experiment {experiment!r} of {store.path}" if experiment else str(store.path)
        raise UsageError(
            f"there is nothing to train on in {where}: no run has ended there with its texts kept "
            "(`outlay runs` lists them)"
        )
    for events in _events(store, [run for (run,) in found]):
        calls = tuple(model_calls(events))
        ended = outcome(events)
        attempts = dict.fromkeys((call.trajectory for call in calls), ended)
        yield RecordedRollout(
            outcome=ended,
            outcomes=known.judged(ended, calls) if known else attempts,
            rows=rows(events, tools=known.tools(ended.task) if known else ()),
            calls=calls,
            traces=tuple(traces(events)),
        )


def rollouts(store: Store, runs: Sequence[str]) -> dict[str, Rollout]:
    """Returns recorded runs by their names, to be learned from once more; not those without texts.

    Raises:
        JournalError: the store cannot be loaded.
    """
    there = [run for (run,) in store.query(_THERE, (list(runs),)).rows]
    found = (Rollout(outcome=outcome(e), rows=rows(e)) for e in _events(store, there))
    return {run.outcome.run: run for run in found}


def _events(store: Store, runs: Sequence[str]) -> Iterator[list[Event]]:
    """Yields the events of each run; they are read for many runs at a time."""
    for start in range(0, len(runs), _RUNS_AT_ONCE):
        some = list(runs[start : start + _RUNS_AT_ONCE])
        found: dict[str, list[Event]] = {run: [] for run in some}
        for run, line in store.query(_EVENTS, (some,)).rows:
            found[run].append(Event.from_dict(orjson.loads(line)))
        yield from found.values()
