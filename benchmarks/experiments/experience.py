"""What an experiment may learn from earlier ones: examples and lessons, where they pay.

A run with help is shown steps of solved runs (TRAD) and told the lessons of failed attempts
(Reflexion). Whether a run has help is drawn from how runs with and without it ended in the
earlier experiments: help that has not helped is soon no longer paid for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from zlib import crc32

from ...agent import Home
from ...agent.history.past_runs import is_solved, lessons_of, outcomes_of, steps_of
from ...journal.events import Event
from ...journal.record.recorded_events import RecordedStart
from ...ledger.errors import UsageError
from ...memory import Memory
from ...memory.experience.examples import Examples, ExampleStep, with_examples
from ...memory.experience.help_value import ArmOutcome, pays
from ...memory.experience.lessons import Lesson, Lessons
from ..suite import Suite, Task, suite


@dataclass(frozen=True, kw_only=True)
class ExperienceContext:
    """What a run is given besides its task and its tools."""

    memory: Memory
    system: str


class Experience:
    """What is recorded of finished experiments with a suite.

    Args:
        experiments: their ids.
        of: the suite of the tasks to come.
        tasks: the tasks to come: no lesson may hold an answer of theirs.

    Raises:
        UsageError: there is no such experiment, it is one of another suite, or it was pruned.
    """

    def __init__(
        self, home: Home, experiments: Sequence[str], of: Suite, tasks: Sequence[Task]
    ) -> None:
        gold = _gold(tasks)
        lessons: list[Lesson] = []
        self._steps: list[Sequence[ExampleStep]] = []
        self._outcomes: list[ArmOutcome] = []
        for experiment in experiments:
            runs = list(home.store.events_of_experiment(experiment))
            gold.update(_gold(_tasks_of(experiment, runs, of, home)))
            for events in runs:
                if is_solved(events):
                    self._steps.append(steps_of(events))
                else:
                    lessons.extend(lessons_of(of.name, events))
            self._outcomes.extend(outcomes_of(runs))
        self._lessons = Lessons(of.name, lessons, gold)

    def given(self, task: Task, without: ExperienceContext, *, draw: str) -> ExperienceContext:
        """Returns what a run is given: with help where that is expected to pay.

        Args:
            without: what it is given without help.
            draw: fixes the chance in the choice; another one for each run.
        """
        if not pays(self._outcomes, worth=self._worth(), seed=crc32(draw.encode())):
            return without
        examples = Examples(self._steps, task=task.id, answers=task.gold)
        told = self._lessons.told(task.id)
        return ExperienceContext(
            memory=with_examples(without.memory, examples),
            system="\n\n".join(filter(None, (without.system, told))),
        )

    def _worth(self) -> Decimal:
        """What a success has cost so far (cost-of-pass, Erol et al. 2025), in USD."""
        spent = sum((outcome.usd for outcome in self._outcomes), Decimal(0))
        return spent / max(sum(outcome.success for outcome in self._outcomes), 1)


def _gold(tasks: Sequence[Task]) -> dict[str, Sequence[str]]:
    return {task.id: task.gold for task in tasks}


def _tasks_of(
    experiment: str, runs: Sequence[Sequence[Event]], of: Suite, home: Home
) -> Sequence[Task]:
    """Returns the tasks of an experiment, as its plan says."""
    if not runs:
        raise UsageError(
            f"there is no experiment {experiment!r} in {home.path} to learn from: see `outlay runs`"
        )
    started = RecordedStart.of(next(event for event in runs[0] if event.kind == "run_started"))
    if started.pruned:
        raise UsageError(
            f"the texts of experiment {experiment!r} were pruned: nothing can be learned from it"
        )
    plan: Mapping[str, object] = started.agent["plan"]
    if plan["suite"] != of.name:
        raise UsageError(
            f"experiment {experiment!r} is of the suite {plan['suite']}, not of {of.name}: "
            "nothing is learned from other suites"
        )
    made = suite(of.name, **started.agent["plan"]["knobs"])
    return made.tasks(int(str(plan["tasks"])), int(str(plan["seed"])))
