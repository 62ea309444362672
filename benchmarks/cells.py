"""What is to be run, as plain data: it can be sent to another process or machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..agent import RunLabels
from ..journal.record.recorded_events import RecordedStart

CellKey = tuple[str, str, str, int]
"""Task, planner, budget and repeat: what tells the runs of an experiment apart."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One run that is to be made: a task, a set-up and a repeat."""

    task: str
    """The task's id."""
    planner: str
    budget: str
    repeat: int
    seed: int
    """Of the policy's sampling."""

    @property
    def key(self) -> CellKey:
        return (self.task, self.planner, self.budget, self.repeat)

    @classmethod
    def of(cls, start: RecordedStart) -> Cell:
        """Returns the cell of a recorded run of an experiment."""
        return cls(
            task=start.task_id or "",
            planner=start.planner,
            budget=start.agent["budget"],
            repeat=start.repeat,
            seed=start.seed + start.repeat,
        )


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """What all cells of an experiment have in common."""

    experiment: str
    memory: str
    seed: int
    """Recorded with each run: the seed of the tasks, or the round of a training."""
    temperature: float | None = None
    """None leaves it to the server."""
    system: str = ""
    """Goes after the suite's own words in the system message."""
    max_output: Mapping[str, int] = field(default_factory=dict)
    """Output tokens of calls by their purpose."""
    task_class: str = ""
    """The sort of task that the runs are filed under; "" for none."""
    plan: Mapping[str, Any] | None = None
    """Recorded with each run, so that the experiment can go on; None where it cannot."""

    def labels(self, cell: Cell) -> RunLabels:
        """Returns what the run of a cell is filed under."""
        return RunLabels(
            task_id=cell.task,
            task_class=self.task_class,
            experiment=self.experiment,
            seed=self.seed,
            repeat=cell.repeat,
            agent={} if self.plan is None else {"plan": self.plan, "budget": cell.budget},
        )
