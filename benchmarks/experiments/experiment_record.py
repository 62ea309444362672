"""What is recorded of an experiment that an earlier process began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ...agent import Home, RunRecord
from ...journal.events import Event
from ...journal.store.damage import check_beginnings
from ...ledger.amount import ZERO, Amount
from ..cells import Cell, CellKey
from ..refusals import refused_calls
from ..results import RunCounts, Status


@dataclass(frozen=True, kw_only=True)
class RecordedCell:
    """The run that an earlier process made or began of a cell."""

    memory: str
    counts: RunCounts
    score: float | None
    """None if the run did not come to its end or was not judged."""
    metrics: Mapping[str, float]
    events: tuple[Event, ...]

    @classmethod
    def of(cls, record: RunRecord) -> RecordedCell:
        start, end = record.start, record.end
        status = cast(Status, end.status) if end else "cancelled"
        judged = record.score if end is not None and status != "cancelled" else None
        return cls(
            memory=start.memory,
            counts=RunCounts.of(
                start.run,
                status,
                record.spent,
                record.seconds,
                refused_calls(record.events),
                end.reason if end else "",
                end.why if end else "",
            ),
            score=judged.score if judged else None,
            metrics=judged.metrics if judged else {},
            events=record.events,
        )


@dataclass(frozen=True, kw_only=True)
class RecordedExperiment:
    """An experiment as the store knows it; empty for one that is new."""

    plan: Mapping[str, Any] | None = None
    """None if there is no run of it."""
    cells: Mapping[CellKey, RecordedCell] = field(default_factory=dict)
    spent: Amount = ZERO

    @classmethod
    def load(cls, home: Home, experiment: str) -> RecordedExperiment:
        """Reads what is recorded of an experiment.

        Raises:
            JournalError: a run that may be of it has lost its first event.
        """
        plan: Mapping[str, Any] | None = None
        cells: dict[CellKey, RecordedCell] = {}
        spent = ZERO
        journals: set[str] = set()
        for events in home.store.events_of_experiment(experiment):
            record = RunRecord.of(events)
            plan = record.start.agent["plan"]
            cells[Cell.of(record.start).key] = RecordedCell.of(record)
            spent += record.spent
            journals |= {event.id.partition(":")[0] for event in events}
        check_beginnings(home.store, journals)
        return cls(plan=plan, cells=cells, spent=spent)
