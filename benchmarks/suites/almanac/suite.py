"""The Almanac as a suite: tasks by seed, each with a world of its own."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from random import Random
from typing import Any

from ....ledger.errors import UsageError
from ...suite import Task
from .gold import GoldPath, Pathfinder
from .knobs import AlmanacKnobs
from .questions import DrawnQuestion, QuestionDrawer, QuestionKind
from .scorer import ExactScorer
from .world import AlmanacWorld

SYSTEM_PROMPT = """\
You answer questions about the world of an almanac. Its names are made up: look everything up.
`search` finds sentences; its index knows only a part of what the documents say. `open` shows the \
document about a name. A sentence marked (old) may be wrong by now: the document says what holds.
Things may have more than one name, and things of different kinds may share one.
If the almanac does not tell the answer, answer `unknown`. To "the same?" answer `yes` or `no`.
End with one line that holds nothing but the answer, like this:
Answer: NAME"""

_MAX_WORLDS = 200
_TRIES_PER_WORLD = 20


@dataclass(frozen=True)
class _QuestionShare:
    """A sort of question and the share of tasks that are of this sort."""

    kind: QuestionKind
    hops: int | None
    share: float


class Almanac:
    """Questions about linked facts that `search` and `open` tell at a price."""

    def __init__(self, knobs: AlmanacKnobs | None = None) -> None:
        self.knobs = knobs or AlmanacKnobs()
        self.name = "almanac"
        self.system_prompt = SYSTEM_PROMPT
        self.scorer = ExactScorer()

    def tasks(self, n: int, seed: int) -> Sequence[Task]:
        """Returns the first `n` tasks of a seed; a smaller `n` gives the first ones of a larger.

        Raises:
            UsageError: worlds with these knobs hold no such question.
        """
        cells = _spread(self._cells(), n)
        return tuple(self._task(cell, f"{seed}-{number}") for number, cell in enumerate(cells))

    def world(self, task: Task) -> AlmanacWorld:
        """Returns the world of a task of this suite."""
        return AlmanacWorld(task.metadata["world"], self.knobs)

    def _cells(self) -> list[_QuestionShare]:
        knobs = self.knobs
        chains = 1 - knobs.comparison - knobs.unanswerable
        return [
            *(_QuestionShare("chain", hops, chains / len(knobs.hops)) for hops in knobs.hops),
            _QuestionShare("comparison", None, knobs.comparison),
            _QuestionShare("unanswerable", None, knobs.unanswerable),
        ]

    def _task(self, cell: _QuestionShare, place: str) -> Task:
        name = f"{self.knobs.split}-{place}{_mark(self.knobs)}"
        for attempt in range(_MAX_WORLDS):
            seed = f"almanac/{name}/{attempt}"
            world = AlmanacWorld(seed, self.knobs)
            found = _find(world, Random(f"{seed}/question"), cell)
            if found:
                return _as_task(name, seed, cell, *found)
        sort = cell.kind if cell.hops is None else f"{cell.kind} question of {cell.hops} hops"
        raise UsageError(f"worlds with these almanac knobs hold no {sort}: make them larger")


def almanac(**knobs: Any) -> Almanac:
    """Returns the Almanac with some knobs set; see `AlmanacKnobs`.

    Raises:
        UsageError: a knob is not known, or its value makes no sense.
    """
    known = [field.name for field in fields(AlmanacKnobs)]
    for name in knobs:
        if name not in known:
            raise UsageError(f"the almanac has no knob {name!r}; known are: {', '.join(known)}")
    return Almanac(AlmanacKnobs(**knobs))


def _spread(cells: Sequence[_QuestionShare], n: int) -> Iterator[_QuestionShare]:
    """Yields `n` cells so that at any point every cell is as near to its share as can be."""
    counts = [0] * len(cells)
    for number in range(1, n + 1):
        behind = [cell.share * number - used for cell, used in zip(cells, counts, strict=True)]
        place = max(range(len(cells)), key=lambda i: round(behind[i], 9))
        counts[place] += 1
        yield cells[place]


def _find(
    world: AlmanacWorld, random: Random, cell: _QuestionShare
) -> tuple[DrawnQuestion, GoldPath] | None:
    questions = QuestionDrawer(random, world.facts, world.knobs)
    pathfinder = Pathfinder(world)
    for _ in range(_TRIES_PER_WORLD):
        drawn = questions.draw(cell.kind, cell.hops)
        path = pathfinder.cheapest(drawn.goals) if drawn else None
        if drawn and path:
            return drawn, path
    return None


def _mark(knobs: AlmanacKnobs) -> str:
    """Returns what tells tasks of other knobs apart; nothing for the default ones."""
    changed = {
        field.name: getattr(knobs, field.name)
        for field in fields(AlmanacKnobs)
        if field.name != "split" and getattr(knobs, field.name) != field.default
    }
    return f"-{zlib.crc32(repr(changed).encode()):08x}" if changed else ""


def _as_task(
    name: str, seed: str, cell: _QuestionShare, drawn: DrawnQuestion, path: GoldPath
) -> Task:
    return Task(
        id=name,
        prompt=drawn.text,
        kind=cell.kind,
        hops=cell.hops,
        gold=drawn.gold,
        gold_cost=path.cost,
        gold_path=path.calls,
        metadata={"world": seed},
    )
