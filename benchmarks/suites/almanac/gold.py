"""The cheapest calls that reveal an answer, by exact search through the real tools.

Candidates are searches for a name, alone or with a relation of the question, and openings of its
document; a name can be used once the question or an earlier observation has told it. Of all
sequences in which every call tells something that is needed, the cheapest is found. Statements
from an older edition tell nothing: whoever relies on one has to see it confirmed.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import count

from .facts import Entity
from .grammar import ALIAS, NAME, RELATIONS_OF, Statement, read_statements
from .questions import ReadingGoal, Trail
from .world import AlmanacWorld

_NAME = re.compile(NAME)

Call = tuple[str, str]
"""A tool and its argument."""


@dataclass(frozen=True)
class GoldPath:
    """Calls in order, and their price in USD."""

    calls: tuple[Call, ...]
    cost: Decimal


@dataclass(frozen=True, kw_only=True)
class _CandidateCall:
    """A candidate call and what it would tell."""

    call: Call
    name: str
    """The name that has to be known for it."""
    relation: str | None
    """What it searches for, or None for a name alone and for a document."""
    cost: Decimal
    statements: frozenset[Statement]
    names: frozenset[str]


@dataclass(frozen=True)
class _Knowledge:
    """What matters of all that was read so far."""

    statements: frozenset[Statement]
    names: frozenset[str]
    looks: frozenset[Call]
    """Those calls made that look for the fact of a gap."""


class Pathfinder:
    """Finds cheapest paths in one world."""

    def __init__(self, world: AlmanacWorld) -> None:
        self._world = world
        self._steps = tuple(_candidates(world))

    def cheapest(self, goals: Iterable[ReadingGoal]) -> GoldPath | None:
        """Returns the cheapest path to any one of the goals, or None if there is none."""
        paths = [path for goal in goals if (path := self._to(goal))]
        return min(paths, key=lambda path: path.cost, default=None)

    def _to(self, goal: ReadingGoal) -> GoldPath | None:
        subjects = _subjects(self._world, goal)
        looks = _looks(self._world, goal)
        steps = self._useful(goal, subjects, looks)
        useful = {step.name for step in steps}
        start = _Knowledge(
            frozenset(), frozenset(t.called for t in goal.trails) & useful, frozenset()
        )
        order = count()
        queue = [(Decimal(0), 0, next(order), start, tuple[Call, ...]())]
        done: set[_Knowledge] = set()
        while queue:
            cost, length, _, known, calls = heapq.heappop(queue)
            if known in done:
                continue
            done.add(known)
            if known.looks == looks and all(self._reached(t, known, goal) for t in goal.trails):
                return GoldPath(calls, cost)
            for step in steps:
                if step.name in known.names:
                    after = _after(known, step, subjects, useful, looks)
                    if (after.statements, after.looks) != (known.statements, known.looks):
                        entry = (*calls, step.call)
                        heapq.heappush(
                            queue, (cost + step.cost, length + 1, next(order), after, entry)
                        )
        return None

    def _useful(
        self, goal: ReadingGoal, subjects: set[tuple[str, str]], looks: frozenset[Call]
    ) -> list[_CandidateCall]:
        """Returns the candidates that tell something needed, the most pointed queries first."""
        asked = {None, *(relation for trail in goal.trails for relation in trail.relations)}
        steps = [
            step
            for step in self._steps
            if step.call in looks
            or (
                step.relation in asked
                and any((s.subject, s.relation) in subjects for s in step.statements)
            )
        ]
        return sorted(steps, key=lambda step: (step.name, step.relation) not in subjects)

    def _reached(self, trail: Trail, known: _Knowledge, goal: ReadingGoal) -> bool:
        forms = {trail.called}
        for relation in (*trail.relations, None):
            forms |= {s.object for s in known.statements if _is_alias(s) and s.subject in forms}
            if relation is None:
                break
            forms = {
                s.object for s in known.statements if s.relation == relation and s.subject in forms
            }
        return trail.end.name in forms if goal.gap else bool(forms)


def _is_alias(statement: Statement) -> bool:
    return statement.relation == ALIAS


def _after(
    known: _Knowledge,
    step: _CandidateCall,
    subjects: set[tuple[str, str]],
    useful: set[str],
    looks: frozenset[Call],
) -> _Knowledge:
    told = {s for s in step.statements if (s.subject, s.relation) in subjects}
    return _Knowledge(
        known.statements | told,
        known.names | (step.names & useful),
        known.looks | ({step.call} & looks),
    )


def _subjects(world: AlmanacWorld, goal: ReadingGoal) -> set[tuple[str, str]]:
    """Returns subject and relation of every statement that may be needed."""
    needed = {(key.subject.name, key.relation) for t in goal.trails for key in t.keys}
    aliases = world.facts.aliases
    needed |= {
        (aliases[entity], ALIAS)
        for trail in goal.trails
        for entity in trail.entities
        if entity in aliases
    }
    return needed


def _looks(world: AlmanacWorld, goal: ReadingGoal) -> frozenset[Call]:
    if goal.gap is None:
        return frozenset()
    subject = goal.gap.subject
    search = ("search", f"{subject.name} {goal.gap.relation}")
    return frozenset({search, ("open", world.library.titles[subject])})


def _candidates(world: AlmanacWorld) -> Iterator[_CandidateCall]:
    seen: set[Call] = set()
    for name, entity in _named(world):
        title = world.library.titles[entity] if name == entity.name else name
        calls: list[tuple[Call, str | None]] = [(("search", name), None), (("open", title), None)]
        calls += [(("search", f"{name} {r}"), r) for r in RELATIONS_OF[entity.kind]]
        for call, relation in calls:
            if call not in seen:
                seen.add(call)
                yield _try(world, call, name, relation)


def _named(world: AlmanacWorld) -> Iterator[tuple[str, Entity]]:
    for entity in world.facts.entities:
        for name in world.facts.names(entity):
            yield name, entity


def _try(world: AlmanacWorld, call: Call, name: str, relation: str | None) -> _CandidateCall:
    tool, argument = call
    text = world.search(argument) if tool == "search" else world.open(argument)
    price = world.knobs.search_price if tool == "search" else world.knobs.open_price
    statements = frozenset(s for s in read_statements(text) if not s.old)
    return _CandidateCall(
        call=call, name=name, relation=relation, cost=price, statements=statements,
        names=frozenset(_NAME.findall(text)),
    )  # fmt: skip
