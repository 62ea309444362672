"""What is written in a world: its documents, and the sentences that the search index knows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random

from .facts import Entity, FactKey, Facts
from .grammar import ALIAS, DISTRACTORS, FILLERS, RELATIONS, RELATIONS_OF, Statement, clause
from .knobs import AlmanacKnobs


@dataclass(frozen=True)
class Sentence:
    """One sentence of a document, with the facts that it states."""

    title: str
    text: str
    statements: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class WorldDocuments:
    """Everything that is written in a world."""

    documents: dict[str, tuple[Sentence, ...]]
    """By title: an entity's name, followed by its kind where other entities share the name."""
    snippets: tuple[Sentence, ...]
    """The sentences that the search index knows, some of an older edition."""
    titles: dict[Entity, str]


def write_library(random: Random, facts: Facts, knobs: AlmanacKnobs) -> WorldDocuments:
    """Writes down the facts of a world."""
    writer = _Writer(random, facts, knobs)
    for key, thing in facts.objects.items():
        if key not in facts.gaps:
            writer.state(key, thing)
    for entity in facts.entities:
        writer.fill(entity)
    for sentences in writer.documents.values():
        random.shuffle(sentences)
    for entity, alias in facts.aliases.items():
        writer.explain(alias, entity)
    documents = {title: tuple(sentences) for title, sentences in writer.documents.items()}
    return WorldDocuments(documents, tuple(writer.snippets), writer.titles)


def title_of(entity: Entity, sharers: int) -> str:
    """Returns the title of an entity's document, where `sharers` entities have its name."""
    return entity.name if sharers == 1 else f"{entity.name} ({entity.kind})"


class _Writer:
    def __init__(self, random: Random, facts: Facts, knobs: AlmanacKnobs) -> None:
        self._random = random
        self._facts = facts
        self._knobs = knobs
        sharers = Counter(entity.name for entity in facts.entities)
        self.titles = {e: title_of(e, sharers[e.name]) for e in facts.entities}
        self.documents: dict[str, list[Sentence]] = {title: [] for title in self.titles.values()}
        self.snippets: list[Sentence] = []

    def state(self, key: FactKey, thing: Entity) -> None:
        """Writes a fact into its document, and perhaps into the index."""
        statements = self._statements(key, thing)
        if self._chance(self._knobs.dead_ends):
            title = self.titles[thing]
            self.documents[title].append(self._sentence(title, statements))
            self.snippets.append(self._sentence(title, statements))
            return
        title = self.titles[key.subject]
        self.documents[title].append(self._sentence(title, statements))
        if self._chance(self._knobs.indexed):
            if self._chance(self._knobs.stale):
                statements = (self._stale(key, thing),)
            self.snippets.append(self._sentence(title, statements))

    def fill(self, entity: Entity) -> None:
        """Writes sentences that state no fact."""
        title = self.titles[entity]
        others = [e.name for e in self._facts.entities if e.name != entity.name]
        templates = self._random.sample(FILLERS + DISTRACTORS, self._knobs.fillers)
        for template in templates:
            text = template.format(x=entity.name, y=self._random.choice(others)) + "."
            sentence = Sentence(title, text)
            self.documents[title].append(sentence)
            self.snippets.append(sentence)

    def explain(self, alias: str, entity: Entity) -> None:
        """Writes the stub document of an alias."""
        statement = Statement(alias, ALIAS, entity.name)
        sentence = Sentence(alias, clause(statement) + ".", (statement,))
        self.documents[alias] = [sentence]
        self.snippets.append(sentence)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _mention(self, entity: Entity) -> str:
        alias = self._facts.aliases.get(entity)
        use_alias = alias is not None and self._chance(self._knobs.alias_use)
        return alias if alias is not None and use_alias else entity.name

    def _statements(self, key: FactKey, thing: Entity) -> tuple[Statement, ...]:
        mention = self._mention(thing)
        first = Statement(key.subject.name, key.relation, mention)
        second = FactKey(thing, self._random.choice(RELATIONS_OF[thing.kind]))
        wanted = self._chance(self._knobs.bonus)
        if not wanted or mention != thing.name or second in self._facts.gaps:
            return (first,)
        end = self._facts.objects[second]
        if self._chance(self._knobs.stale):
            return (first, self._stale(second, end))
        return (first, Statement(thing.name, second.relation, self._mention(end)))

    def _stale(self, key: FactKey, thing: Entity) -> Statement:
        if self._chance(self._knobs.stale_wrong):
            others = self._facts.of_kind(thing.kind)
            choices = [e for e in others if e not in (thing, key.subject)]
            thing = self._random.choice(choices) if choices else thing
        return Statement(key.subject.name, key.relation, self._mention(thing), old=True)

    def _sentence(self, title: str, statements: tuple[Statement, ...]) -> Sentence:
        clauses = [
            clause(s, self._random.choice(RELATIONS[s.relation].phrases)) for s in statements
        ]
        return Sentence(title, "; ".join(clauses) + ".", statements)
