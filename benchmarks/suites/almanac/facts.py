"""What is true in a world: its entities, their names, and one fact per entity and relation."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .grammar import KINDS, RELATIONS, RELATIONS_OF, Kind
from .knobs import AlmanacKnobs
from .names import NameDrawer


@dataclass(frozen=True, order=True)
class Entity:
    """A person, business, city, country or river."""

    kind: Kind
    name: str


@dataclass(frozen=True, order=True)
class FactKey:
    """Which fact: the entity that it is about, and the relation."""

    subject: Entity
    relation: str


@dataclass(frozen=True)
class Facts:
    """The truth of a world."""

    entities: tuple[Entity, ...]
    objects: dict[FactKey, Entity]
    """Every fact: what stands at its other end."""
    aliases: dict[Entity, str]
    """The second name of each entity that has one."""
    gaps: frozenset[FactKey]
    """Facts that no document and no search result states."""

    def of_kind(self, kind: Kind) -> list[Entity]:
        return [entity for entity in self.entities if entity.kind == kind]

    def names(self, entity: Entity) -> tuple[str, ...]:
        """Returns every name of an entity, its own first."""
        alias = self.aliases.get(entity)
        return (entity.name,) if alias is None else (entity.name, alias)

    def follow(self, start: Entity, relations: tuple[str, ...]) -> tuple[Entity, ...]:
        """Returns the entities along a route, the start included."""
        path = [start]
        for relation in relations:
            path.append(self.objects[FactKey(path[-1], relation)])
        return tuple(path)


def draw_facts(random: Random, knobs: AlmanacKnobs) -> Facts:
    """Draws the truth of a world."""
    names = NameDrawer(random, knobs.split, knobs.similar)
    entities = _draw_entities(random, names, knobs)
    by_kind = {kind: [e for e in entities if e.kind == kind] for kind in KINDS}
    objects = {
        FactKey(subject, relation): random.choice(
            [thing for thing in by_kind[RELATIONS[relation].object] if thing != subject]
        )
        for subject in entities
        for relation in RELATIONS_OF[subject.kind]
    }
    aliases = {entity: names.draw() for entity in entities if random.random() < knobs.aliases}
    gaps = frozenset(key for key in objects if random.random() < knobs.gaps)
    return Facts(tuple(entities), objects, aliases, gaps)


def _draw_entities(random: Random, names: NameDrawer, knobs: AlmanacKnobs) -> list[Entity]:
    entities: list[Entity] = []
    for kind in KINDS:
        for _ in range(knobs.count(kind)):
            entities.append(Entity(kind, _draw_name(random, names, knobs.shared, kind, entities)))
    return entities


def _draw_name(
    random: Random, names: NameDrawer, shared: float, kind: Kind, entities: list[Entity]
) -> str:
    taken = {entity.name for entity in entities if entity.kind == kind}
    free = [e.name for e in entities if e.kind != kind and e.name not in taken]
    if free and random.random() < shared:
        return random.choice(free)
    return names.draw()
