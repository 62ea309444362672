"""Draws questions about a world, with their answers and what has to be read to answer them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from .facts import Entity, FactKey, Facts
from .grammar import RELATIONS, RELATIONS_OF, UNKNOWN, chain_text
from .knobs import AlmanacKnobs

QuestionKind = Literal["chain", "comparison", "unanswerable"]

_POSSESSIVE = 0.3
"""Share of chains that begin with `Vokizu's birthplace`; the others say `the birthplace of`."""
_MAX_SIDE_HOPS = 2
"""Longest chain on either side of a comparison."""


@dataclass(frozen=True)
class Trail:
    """A route through the facts: the entities on it and the relations between them."""

    called: str
    """The name by which the question calls the first entity."""
    entities: tuple[Entity, ...]
    relations: tuple[str, ...]

    @property
    def keys(self) -> tuple[FactKey, ...]:
        return tuple(map(FactKey, self.entities, self.relations))

    @property
    def end(self) -> Entity:
        return self.entities[-1]


@dataclass(frozen=True)
class ReadingGoal:
    """What has to be read: trails to their ends, and a gap that has to be looked at."""

    trails: tuple[Trail, ...]
    gap: FactKey | None = None


@dataclass(frozen=True)
class DrawnQuestion:
    """A question, its accepted answers, and the goals of which any one suffices to answer it."""

    text: str
    gold: tuple[str, ...]
    goals: tuple[ReadingGoal, ...]


class QuestionDrawer:
    """Draws questions about one world."""

    def __init__(self, random: Random, facts: Facts, knobs: AlmanacKnobs) -> None:
        self._random = random
        self._facts = facts
        self._knobs = knobs
        self._known = {k: v for k, v in facts.objects.items() if k not in facts.gaps}
        self._leading_to: dict[Entity, list[FactKey]] = {}
        for key, thing in self._known.items():
            self._leading_to.setdefault(thing, []).append(key)

    def draw(self, kind: QuestionKind, hops: int | None) -> DrawnQuestion | None:
        """Returns a question, or None if this try led nowhere. Only chains need `hops`."""
        if kind == "chain":
            return self._chain(hops or 1)
        if kind == "unanswerable":
            return self._unanswerable()
        return self._same() if self._random.random() < 0.5 else self._which()

    def _chain(self, hops: int) -> DrawnQuestion | None:
        entities = [self._random.choice(self._facts.entities)]
        relations: list[str] = []
        for _ in range(hops):
            relation = self._random.choice(RELATIONS_OF[entities[-1].kind])
            thing = self._known.get(FactKey(entities[-1], relation))
            if thing is None:
                return None
            entities.append(thing)
            relations.append(relation)
        trail = self._trail(entities, relations)
        gold = self._facts.names(trail.end)
        if not _is_straight(trail) or trail.called in gold:
            return None
        return DrawnQuestion(self._ask(trail), gold, (ReadingGoal((trail,)),))

    def _unanswerable(self) -> DrawnQuestion | None:
        gaps = sorted(self._facts.gaps)
        if not gaps:
            return None
        gap = self._random.choice(gaps)
        trail = self._back(gap.subject, self._random.choice(self._knobs.hops) - 1)
        if trail is None:
            return None
        asked = Trail(trail.called, trail.entities, (*trail.relations, gap.relation))
        return DrawnQuestion(self._ask(asked), (UNKNOWN,), (ReadingGoal((trail,), gap),))

    def _same(self) -> DrawnQuestion | None:
        is_same = self._random.random() < 0.5
        end = self._random.choice(self._plain(self._facts.entities))
        peers = [e for e in self._plain(self._facts.of_kind(end.kind)) if e != end]
        if not peers and not is_same:
            return None
        other = end if is_same else self._random.choice(peers)
        hops = self._random.randint(1, _MAX_SIDE_HOPS)
        first, second = self._back(end, hops), self._back(other, hops)
        if first is None or second is None or first.called == second.called:
            return None
        text = f"Are {self._phrase(first)} and {self._phrase(second)} the same?"
        return DrawnQuestion(
            text, ("yes",) if is_same else ("no",), (ReadingGoal((first, second)),)
        )

    def _which(self) -> DrawnQuestion | None:
        key = self._random.choice(sorted(self._known))
        target = self._known[key]
        others = [
            other
            for other, thing in self._known.items()
            if other.relation == key.relation and thing != target and not self._has_alias(thing)
        ]
        if not others or self._has_alias(target):
            return None
        other = self._random.choice(others)
        trails = [self._trail([k.subject, self._known[k]], [k.relation]) for k in (key, other)]
        if target.name in (key.subject.name, other.subject.name):
            return None
        first, second = self._random.sample([trail.called for trail in trails], 2)
        noun = self._random.choice(RELATIONS[key.relation].nouns)
        text = f"Which of {first} and {second} has the {noun} {target.name}?"
        return DrawnQuestion(
            text, self._facts.names(key.subject), tuple(ReadingGoal((t,)) for t in trails)
        )

    def _back(self, end: Entity, hops: int) -> Trail | None:
        """Returns a trail of so many hops that leads to an entity, or None."""
        entities, relations = [end], list[str]()
        for _ in range(hops):
            keys = self._leading_to.get(entities[0])
            if not keys:
                return None
            key = self._random.choice(keys)
            entities.insert(0, key.subject)
            relations.insert(0, key.relation)
        trail = self._trail(entities, relations)
        return trail if _is_straight(trail) else None

    def _trail(self, entities: Sequence[Entity], relations: Sequence[str]) -> Trail:
        called = entities[0].name
        alias = self._facts.aliases.get(entities[0])
        if alias is not None and self._random.random() < self._knobs.alias_use:
            called = alias
        return Trail(called, tuple(entities), tuple(relations))

    def _has_alias(self, entity: Entity) -> bool:
        return entity in self._facts.aliases

    def _plain(self, entities: Sequence[Entity]) -> list[Entity]:
        """Returns the entities with one name: whether two of them are the same can be seen."""
        return [entity for entity in entities if not self._has_alias(entity)]

    def _ask(self, trail: Trail) -> str:
        last = RELATIONS[trail.relations[-1]]
        return f"{'Who' if last.object == 'person' else 'What'} is {self._phrase(trail)}?"

    def _phrase(self, trail: Trail) -> str:
        nouns = [self._random.choice(RELATIONS[name].nouns) for name in trail.relations]
        return chain_text(trail.called, nouns, self._random.random() < _POSSESSIVE)


def _is_straight(trail: Trail) -> bool:
    """Says whether a trail never comes back to a name that it has passed."""
    return len({entity.name for entity in trail.entities}) == len(trail.entities)
