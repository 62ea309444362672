"""Lessons from failed attempts, kept by suite, for runs to come.

Reflexion (Shinn et al. 2023, arXiv 2303.11366) keeps a policy's reflections on what went wrong;
Retroformer (Yao et al. 2023, arXiv 2308.02151) learns to write them over many tasks. What would
give an answer away never gets in, and a task is never told a lesson of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...ledger.token_bounds import byte_bound
from ..reply_blocks import is_sound
from .answer_leaks import leaks


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What a policy wrote of an attempt that failed."""

    suite: str
    task: str
    """Id of the task."""
    text: str


class Lessons:
    """The lessons of a suite. Nothing is told unless someone asks for it.

    Args:
        suite: whose they are; lessons of other suites are passed over.
        lessons: all that there are, the oldest first.
        gold: the accepted answers by task; a lesson that holds any of them is refused.
    """

    def __init__(
        self, suite: str, lessons: Iterable[Lesson], gold: Mapping[str, Sequence[str]]
    ) -> None:
        answers = [answer for accepted in gold.values() for answer in accepted]
        mine = [lesson for lesson in lessons if lesson.suite == suite and is_sound(lesson.text)]
        self.kept = tuple(lesson for lesson in mine if not leaks(lesson.text, answers))
        self.refused = len(mine) - len(self.kept)
        """Lessons that would have given an answer away."""

    def told(self, task: str, *, most: int = 5, cap: int = 2_000) -> str:
        """Returns what the system message of a task may say of earlier attempts; "" is nothing.

        Args:
            task: id of the task; its own lessons are left out.
            most: lessons at most, the latest.
            cap: tokens of all of them at most.
        """
        others = [lesson.text.strip() for lesson in self.kept if lesson.task != task]
        lines: list[str] = []
        for text in dict.fromkeys(reversed(others)):
            if len(lines) < most and byte_bound("\n".join((*lines, f"- {text}"))) <= cap:
                lines.append(f"- {text}")
        head = ["What earlier attempts at other tasks have taught:"] if lines else []
        return "\n".join((*head, *lines))
