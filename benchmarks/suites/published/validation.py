"""The self-test of a suite: its gold solves it, nothing earns nothing, and the gold is hidden."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from statistics import fmean

from ....journal.records import ToolSpec
from ...suite import SolvableSuite, Suite, Task, is_success, judge, solution
from .taskset import TaskSet

TASKS = 100
"""Tasks that are looked at, where a suite has no end and nobody says how many."""

SHOWN = 5
"""Problems of one sort that are told one by one."""

TELLING = 12
"""Characters from which on an accepted answer that the agent reads is worth a look."""

_GOLD_KEYS = (
    "answer_aliases|evidences|gold|ground_truth|is_supporting|possible_answer|supporting_facts|"
    "question_decomposition|target"
)
_LEAK = re.compile(rf"[\"'](?:{_GOLD_KEYS})[\"']\s*:")
"""A field of the data that only the scorer may see, as it would stand in a record."""


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What an agent gets that does nothing for it."""

    name: str
    success: float
    """Share of tasks with full marks."""
    score: float
    """Mean score."""


@dataclass(frozen=True, kw_only=True)
class SuiteValidation:
    """What was found about a suite."""

    suite: str
    tasks: int
    kinds: Mapping[str, int]
    """Tasks of each kind."""
    solved: int
    """Tasks on which the gold solution gets full marks."""
    baselines: tuple[Baseline, ...]
    masked: bool
    """Whether it was seen that the agent sees the same when the data's gold is changed. Else
    names of gold fields were looked for."""
    suspects: tuple[str, ...]
    """Tasks, where that was not seen, whose prompt or tools hold a long accepted answer: a leak, or
    by nature, as where a dialogue repeats itself."""
    problems: tuple[str, ...]
    """Why the suite is not valid, one sentence each."""

    @property
    def valid(self) -> bool:
        return not self.problems


def validate(suite: Suite, n: int | None = None, seed: int = 0) -> SuiteValidation:
    """Looks at the first tasks of a suite.

    Args:
        n: how many tasks; None for all of a suite that has an end, else 100.

    Raises:
        UsageError: the suite has fewer tasks.
    """
    count = n or (len(suite) if isinstance(suite, Sized) else TASKS)
    tasks = suite.tasks(count, seed)
    unsolved = [task for task in tasks if not is_success(_gold_score(suite, task))]
    other = suite.masked() if isinstance(suite, TaskSet) and suite.masked else None
    problems = (
        *_told("no full marks for the gold solution of", [task.id for task in unsolved]),
        *_told("two tasks have the id", _twice(tasks)),
        *_told("a field of the gold is shown in", _leaks(suite, tasks)),
        *(_told("what the agent sees depends on the gold in", _dependent(suite, other, count, seed))
          if other else ()),
    )  # fmt: skip
    return SuiteValidation(
        suite=suite.name,
        tasks=len(tasks),
        kinds=dict(Counter(task.kind for task in tasks)),
        solved=len(tasks) - len(unsolved),
        baselines=tuple(_baselines(suite, tasks)),
        masked=other is not None,
        suspects=() if other else tuple(_suspects(suite, tasks)),
        problems=problems,
    )


def _gold_score(suite: Suite, task: Task) -> float:
    world = suite.world(task)
    return judge(suite, task, world, solution(suite, task, world))


def _baselines(suite: Suite, tasks: Sequence[Task]) -> list[Baseline]:
    """Scores agents that call no tool: no answer, an empty one, and the commonest gold answer.

    The last is left out where the gold solution is more than an answer.
    """
    gold = Counter(task.gold[0] for task in tasks if task.gold)
    answers: dict[str, str | None] = {"no answer": None, "an empty answer": ""}
    if gold and not isinstance(suite, SolvableSuite):
        common = gold.most_common(1)[0][0]
        answers[f"always {common!r}"] = f"Answer: {common}"
    return [_baseline(suite, tasks, name, answer) for name, answer in answers.items()]


def _baseline(suite: Suite, tasks: Sequence[Task], name: str, answer: str | None) -> Baseline:
    scores = [judge(suite, task, suite.world(task), answer) for task in tasks]
    return Baseline(name=name, success=fmean(map(is_success, scores)), score=fmean(scores))


def _twice(tasks: Sequence[Task]) -> list[str]:
    return [repr(id) for id, times in Counter(task.id for task in tasks).items() if times > 1]


def _leaks(suite: Suite, tasks: Sequence[Task]) -> list[str]:
    found = ["the system prompt"] if _LEAK.search(suite.system_prompt) else []
    return found + [f"the prompt of {task.id}" for task in tasks if _LEAK.search(task.prompt)]


def _suspects(suite: Suite, tasks: Sequence[Task]) -> list[str]:
    """Returns the tasks of which the agent reads an accepted answer before it begins."""
    found = []
    for task in tasks:
        specs = (f"{spec.description} {spec.parameters}" for spec in _specs(suite, task))
        read = " ".join((suite.system_prompt, task.prompt, *specs))
        if any(len(gold) >= TELLING and gold in read for gold in task.gold):
            found.append(task.id)
    return found


def _dependent(suite: Suite, other: Suite, count: int, seed: int) -> list[str]:
    """Returns the tasks of which the agent sees something else once the gold has changed."""
    if suite.system_prompt != other.system_prompt:
        return ["the system prompt"]
    pairs = zip(suite.tasks(count, seed), other.tasks(count, seed), strict=True)
    return [
        task.id
        for task, twin in pairs
        if task.prompt != twin.prompt or _specs(suite, task) != _specs(other, twin)
    ]


def _specs(suite: Suite, task: Task) -> list[ToolSpec]:
    return [tool.spec for tool in suite.world(task).tools()]


def _told(what: str, places: Sequence[str]) -> list[str]:
    rest = len(places) - SHOWN
    return [*(f"{what} {place}" for place in places[:SHOWN]),
            *([f"{what} {rest} more"] if rest > 0 else [])]  # fmt: skip
