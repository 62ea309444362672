"""The forms that recorded runs and tasks can be exported in, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

from ...benchmarks.suite import Task
from ...ledger.errors import UsageError
from ..data.outcome import Outcome
from ..data.preference_pairs import pairs, replies, steps
from ..data.recorded_runs import RecordedRollout
from ..data.row_checks import check_rows
from ..data.rows import TrainingRow
from ..data.suite_context import SuiteContext
from ..objectives.rewards import gated_cost
from . import art, trl, verl
from .verifiers import traces

Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ExportData:
    """What there is to export."""

    runs: tuple[RecordedRollout, ...] = ()
    known: SuiteContext | None = None
    """The suite of the tasks."""
    alpha: float = 0.2
    """Share of the reward that a low cost earns where the answer is right (`gated_cost`)."""

    @cached_property
    def rows(self) -> tuple[TrainingRow, ...]:
        """All rows.

        Raises:
            UsageError: there are none, or one contradicts itself.
        """
        found = tuple(row for run in self.runs for row in run.rows)
        check_rows(found)
        return found

    @cached_property
    def outcomes(self) -> Mapping[str, Outcome]:
        """What each trajectory came to."""
        return {name: outcome for run in self.runs for name, outcome in run.outcomes.items()}

    @cached_property
    def rewards(self) -> Mapping[str, float]:
        """The reward of each trajectory.

        Raises:
            UsageError: nobody judged a run.
        """
        reward = gated_cost([run.outcome.cost for run in self.runs], alpha=self.alpha)
        return {name: reward(outcome) for name, outcome in self.outcomes.items()}

    @property
    def of_suite(self) -> tuple[str, tuple[Task, ...], str]:
        """The suite's name, its tasks and its system prompt.

        Raises:
            UsageError: no suite was named.
        """
        if self.known is None:
            raise UsageError("this export is of tasks, not of runs: name their suite (--suite)")
        suite = self.known.suite
        return suite.name, tuple(self.known.tasks.values()), suite.system_prompt


def _trl_dpo(material: ExportData) -> Iterator[Record]:
    calls = (call for run in material.runs for call in run.calls)
    found = [trace for run in material.runs for trace in run.traces]
    dearest = max((trace.usd for trace in found), default=0.0)
    branches = chain(replies(calls, material.rewards), steps(found, failure=dearest))
    yield from trl.dpo(pairs(branches))


def _trl_grpo(material: ExportData) -> Iterator[Record]:
    _, tasks, system = material.of_suite
    return trl.grpo(tasks, system)


def _verl_tasks(material: ExportData) -> Iterator[Record]:
    name, tasks, system = material.of_suite
    return verl.tasks(name, tasks, system)


TARGETS: Mapping[str, Callable[[ExportData], Iterator[Record]]] = {
    "art": lambda m: art.trajectories(m.rows, m.rewards, m.outcomes),
    "traces": lambda m: traces(m.rows, m.rewards, m.outcomes),
    "trl-async": lambda m: trl.turns(m.rows, m.rewards),
    "trl-dpo": _trl_dpo,
    "trl-grpo": _trl_grpo,
    "trl-kto": lambda m: trl.kto(m.rows, m.outcomes),
    "trl-sft": lambda m: trl.sft(m.rows),
    "verl-outputs": lambda m: verl.outputs(m.rows, m.rewards),
    "verl-sft": lambda m: verl.conversations(m.rows),
    "verl-tasks": _verl_tasks,
}
"""From the name of a form to what makes its records."""

OF_TASKS = frozenset({"trl-grpo", "verl-tasks"})
"""The forms that are made of a suite's tasks, not of runs."""
