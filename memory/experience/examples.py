"""Steps of earlier runs as examples, found by the thought of the present step.

TRAD (Zhou et al. 2024, arXiv 2403.06221): what is looked for is the thought, what is shown are the
steps found with their neighbours, each marked with its place relative to the one found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from ...journal.effects import Effects
from ...journal.records import Message
from ...ledger.prices.model_prices import ModelPrice
from ...tools import Tool
from ...tools.documents.corpus import Document
from ...tools.documents.full_text_index import DocumentIndex
from ..memory import Memory
from ..reply_blocks import capped
from ..trajectory import Trajectory
from .answer_leaks import leaks

PREFIX = "examples+"
"""Begins the recorded name of a memory with examples, so that the log tells who had them."""


@dataclass(frozen=True, kw_only=True)
class ExampleStep:
    """A step of a run that solved its task."""

    task: str
    """Id of the task."""
    place: int
    """The step's number in its run."""
    thought: str
    action: str
    outcome: str

    @property
    def text(self) -> str:
        return f"thought: {self.thought}\naction: {self.action}\noutcome: {self.outcome}"


class Examples:
    """Steps that can be looked for by their thoughts.

    Args:
        runs: the steps of each run, in order.
        task: id of the task that they are for: its own runs are left out.
        answers: the accepted answers of that task: steps that hold one are left out.
        before, after: neighbours that are shown of a step.
    """

    def __init__(
        self,
        runs: Iterable[Sequence[ExampleStep]],
        *,
        task: str,
        answers: Sequence[str],
        before: int = 1,
        after: int = 1,
    ) -> None:
        self._runs = [
            run
            for run in runs
            if not any(step.task == task or leaks(step.text, answers) for step in run)
        ]
        self._before, self._after = before, after
        self._index = DocumentIndex(
            Document(f"{number}/{place}", "", step.thought)
            for number, run in enumerate(self._runs)
            for place, step in enumerate(run)
        )

    def find(self, thought: str, most: int = 2) -> list[str]:
        """Returns the steps with the likeliest thoughts, each as text with its neighbours."""
        found: list[str] = []
        runs: set[int] = set()
        for hit in self._index.find(thought, most * 4):
            number, place = map(int, hit.name.split("/"))
            if number not in runs and len(found) < most:
                runs.add(number)
                found.append(self._around(self._runs[number], place))
        return found

    def _around(self, run: Sequence[ExampleStep], place: int) -> str:
        begin = max(place - self._before, 0)
        steps = run[begin : place + self._after + 1]
        return "\n".join(
            f"[step {begin + n - place:+d}]\n{step.text}" for n, step in enumerate(steps)
        )


@dataclass(frozen=True, kw_only=True)
class ExamplesMemory(Memory):
    """Another memory's view, and after it steps of earlier runs that began alike.

    They come last and are not kept, so the prompt before them stays in the provider's cache.
    """

    name: str
    inner: Memory
    examples: Examples
    most: int = 2
    cap: int = 2_000
    """Tokens of the examples."""

    def shown(self, trajectory: Trajectory) -> tuple[Message, ...]:
        return (*self.inner.shown(trajectory), *self._examples(trajectory))

    async def view(self, trajectory: Trajectory, effects: Effects) -> tuple[Message, ...]:
        return (*await self.inner.view(trajectory, effects), *self._examples(trajectory))

    def tools(self) -> tuple[Tool, ...]:
        return self.inner.tools()

    def priced(self, price: ModelPrice | None) -> Self:
        return replace(self, inner=self.inner.priced(price))

    @property
    def system(self) -> str:
        return self.inner.system

    @property
    def versions(self) -> dict[str, str]:
        return dict(self.inner.versions)

    def _examples(self, trajectory: Trajectory) -> tuple[Message, ...]:
        thought = trajectory.best_answer or trajectory.messages[1].content
        found = self.examples.find(thought, self.most)
        if not found:
            return ()
        text = "\n\n".join(("Steps of other tasks that were solved:", *found))
        return (Message("user", capped(text, self.cap)),)


def with_examples(memory: Memory, examples: Examples) -> ExamplesMemory:
    """Returns a memory that also shows examples."""
    return ExamplesMemory(name=PREFIX + memory.name, inner=memory, examples=examples)
