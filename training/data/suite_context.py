"""What a suite tells of runs beyond their journals: which tools were offered, and what each
attempt's own answer is worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ...agent import final_answer
from ...benchmarks.suite import JudgingWorld, Suite, Task
from ...journal.records import ToolSpec
from .outcome import Outcome
from .recorded_calls import ModelCall

_ANSWERING = ("think", "wrap_up")
"""What calls are for that may give an attempt's answer."""


@dataclass(frozen=True, kw_only=True)
class SuiteContext:
    """Tasks of one suite."""

    suite: Suite
    tasks: Mapping[str, Task]
    """By id."""
    _offered: dict[str, tuple[ToolSpec, ...]] = field(default_factory=dict, init=False, repr=False)

    def tools(self, task: str) -> tuple[ToolSpec, ...]:
        """Returns the tools of a task's world; none for a task of another suite."""
        found = self.tasks.get(task)
        if found is not None and task not in self._offered:
            self._offered[task] = tuple(tool.spec for tool in self.suite.world(found).tools())
        return self._offered.get(task, ())

    def judged(self, outcome: Outcome, calls: Iterable[ModelCall]) -> dict[str, Outcome]:
        """Returns what each attempt of a run came to, by trajectory.

        The run's judgement is of the answer that it gave in the end. Where it made several
        attempts, each one's own answer is judged here; its cost stays the run's.
        """
        answers: dict[str, str | None] = {}
        for call in calls:
            answers.setdefault(call.trajectory, None)
            if call.node in _ANSWERING and not call.reply.tool_calls:
                answers[call.trajectory] = final_answer(call.reply.content)
        task = self.tasks.get(outcome.task)
        if len(answers) < 2 or task is None or isinstance(self.suite.world(task), JudgingWorld):
            return dict.fromkeys(answers, outcome)
        scores = {name: self.suite.scorer.score(task, text) for name, text in answers.items()}
        return {name: replace(outcome, score=score) for name, score in scores.items()}
