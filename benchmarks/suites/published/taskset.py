"""A suite from a list of tasks: what every suite over data is, and the way to one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from ....ledger.errors import UsageError
from ....tools import Tool
from ...suite import Scorer, Task
from .scorers import ShortAnswerScorer

SYSTEM_PROMPT = """\
You answer questions with the help of your tools. Answer as briefly as you can: a name, a date, a \
number, yes or no.
End with one line that holds nothing but the answer, like this:
Answer: NAME"""


@dataclass(frozen=True)
class ToolboxWorld:
    """A world that has no state beside its tools."""

    held: tuple[Tool, ...]

    def tools(self) -> Sequence[Tool]:
        return self.held


@dataclass(frozen=True, kw_only=True)
class TaskSet:
    """A suite of tasks that are known one by one."""

    name: str
    """How the command line and reports name it."""
    items: tuple[Task, ...]
    """All tasks, in the order of the data."""
    tools: Callable[[Task], Sequence[Tool]]
    """Gives the tools of a task. Called anew for each run, so they may hold state."""
    scorer: Scorer = ShortAnswerScorer()  # noqa: RUF009 - it is immutable
    """What judges the answers; exact match by SQuAD's normalisation."""
    system_prompt: str = SYSTEM_PROMPT
    masked: Callable[[], TaskSet] | None = None
    """Gives the same tasks made of data whose gold fields say something else, or None where that
    cannot be done. Whatever the agent sees must be equal in both."""

    def __post_init__(self) -> None:
        if not self.items:
            raise UsageError(f"suite {self.name!r} has no task")
        seen: set[str] = set()
        for task in self.items:
            if task.id in seen:
                raise UsageError(f"suite {self.name!r} has two tasks with the id {task.id!r}")
            seen.add(task.id)

    def __len__(self) -> int:
        return len(self.items)

    def tasks(self, n: int, seed: int) -> Sequence[Task]:
        """Returns the first `n` tasks of a seed; a smaller `n` gives the first ones of a larger.

        Raises:
            UsageError: there are fewer.
        """
        if n > len(self.items):
            raise UsageError(f"{self.name} has {len(self.items)} tasks here: ask for no more")
        drawn = list(self.items)
        Random(f"{self.name}/{seed}").shuffle(drawn)
        return tuple(drawn[:n])

    def world(self, task: Task) -> ToolboxWorld:
        """Returns fresh tools for a task of this suite."""
        return ToolboxWorld(tuple(self.tools(task)))


def question(id: str, text: str, *answers: str, kind: str = "question", **metadata: Any) -> Task:
    """Returns a task: what is asked, and every answer that is accepted.

    Args:
        id: unique within the suite.
        metadata: whatever the suite's tools and scorer need to know. It is not shown.

    Raises:
        UsageError: no answer is given.
    """
    if not answers:
        raise UsageError(f"question {id!r} has no accepted answer: give at least one")
    return Task(id=id, prompt=text, kind=kind, gold=answers, metadata=metadata)
