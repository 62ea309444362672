"""The language of the Almanac: names, relations, sentences and questions, to write and to read.

It is plain English of a closed vocabulary. Sentences put the subject first, and names are built
from syllables, so that a model of a million parameters can learn to read it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Literal

Kind = Literal["person", "business", "city", "country", "river"]
KINDS: tuple[Kind, ...] = ("person", "business", "city", "country", "river")

SEARCH_PRICE = Decimal("0.001")
"""USD for one search of an Almanac, unless its knobs say otherwise."""
OPEN_PRICE = Decimal("0.003")
"""USD for one document of an Almanac, unless its knobs say otherwise."""

CONSONANTS = "bdfghjklmnprstvz"
INITIALS = tuple(c.upper() + v for c, v in product(CONSONANTS, "aeo"))
"""First syllables of names."""
FOLLOWERS = tuple(c + v for c, v in product(CONSONANTS, "aiu"))
"""Second and third syllables of names."""
NAME = rf"\b[{CONSONANTS.upper()}][aeo](?:[{CONSONANTS}][aiu]){{1,2}}\b"
"""A regular expression for one name."""


@dataclass(frozen=True)
class Relation:
    """A function from each entity of one kind to an entity of another kind."""

    nouns: tuple[str, ...]
    """What questions call it; the first one is also its name."""
    subject: Kind
    object: Kind
    phrases: tuple[str, ...]
    """What stands between subject and object in a sentence."""

    @property
    def name(self) -> str:
        return self.nouns[0]


RELATIONS: dict[str, Relation] = {
    relation.name: relation
    for relation in (
        Relation(("birthplace", "origin"), "person", "city", ("was born in", "comes from")),
        Relation(("employer", "workplace"), "person", "business", ("works for", "is paid by")),
        Relation(("spouse", "partner"), "person", "person", ("is married to", "lives with")),
        Relation(("mentor", "teacher"), "person", "person", ("was taught by", "learned from")),
        Relation(("founder", "creator"), "business", "person", ("was founded by", "was set up by")),
        Relation(("base", "headquarters"), "business", "city", ("is based in", "has offices in")),
        Relation(
            ("competitor", "rival"), "business", "business", ("competes with", "is up against")
        ),
        Relation(("country", "state"), "city", "country", ("lies in", "belongs to")),
        Relation(("river", "stream"), "city", "river", ("is crossed by", "stands on")),
        Relation(("mayor", "governor"), "city", "person", ("is run by", "has elected")),
        Relation(("capital", "seat"), "country", "city", ("is governed from", "has its court in")),
        Relation(("leader", "president"), "country", "person", ("is led by", "is headed by")),
        Relation(("ally", "friend"), "country", "country", ("is friendly to", "trades with")),
        Relation(("source", "spring"), "river", "country", ("starts in", "rises in")),
        Relation(("port", "mouth"), "river", "city", ("ends in", "meets the sea at")),
    )
}
RELATIONS_OF: dict[Kind, tuple[str, ...]] = {
    kind: tuple(name for name, relation in RELATIONS.items() if relation.subject == kind)
    for kind in KINDS
}

ALIAS = "alias"
"""The relation of a stub document: its subject is another name for its object."""
_ALIAS_PHRASE = "is another name for"

FILLERS = (
    "{x} is old and proud",
    "{x} is small and quiet",
    "{x} is known for music",
    "Many people like {x}",
)
"""Sentences that state no fact."""
DISTRACTORS = (
    "{x} is often compared with {y}",
    "{x} is not to be confused with {y}",
    "People who know {x} also know {y}",
)
"""Sentences that name two entities and state no fact."""

OLD = "(old)"
"""Stands after a clause from an older edition, which may be wrong by now."""
UNKNOWN = "unknown"
"""The answer to a question that the Almanac cannot answer."""
NO_HITS_TEXT = "Nothing found."
NO_DOCUMENT = "No document has this name."

_RELATION_OF_NOUN = {noun: r.name for r in RELATIONS.values() for noun in r.nouns}
_RELATION_OF_PHRASE = {phrase: r.name for r in RELATIONS.values() for phrase in r.phrases}
_RELATION_OF_PHRASE[_ALIAS_PHRASE] = ALIAS


@dataclass(frozen=True)
class Statement:
    """A clause that tells one fact by the names that it uses: subject, relation, object."""

    subject: str
    relation: str
    object: str
    old: bool = False


def clause(statement: Statement, phrase: str = _ALIAS_PHRASE) -> str:
    """Returns a statement in words; `phrase` is one of its relation's."""
    mark = f" {OLD}" if statement.old else ""
    return f"{statement.subject} {phrase} {statement.object}{mark}"


_PHRASES = "|".join(sorted(_RELATION_OF_PHRASE, key=len, reverse=True))
_STATEMENT = re.compile(rf"({NAME}) ({_PHRASES}) ({NAME})( \(old\))?(?=[.;])")


def read_statements(text: str) -> tuple[Statement, ...]:
    """Returns the facts that a text states. A clause that was cut off does not count."""
    return tuple(
        Statement(subject, _RELATION_OF_PHRASE[phrase], thing, bool(old))
        for subject, phrase, thing, old in _STATEMENT.findall(text)
    )


@dataclass(frozen=True)
class RelationPath:
    """A start and the relations to follow from it, in the order in which they are followed."""

    start: str
    relations: tuple[str, ...]


@dataclass(frozen=True)
class ParsedQuestion:
    """What is asked.

    `chain`: where its one route ends. `same`: whether its two routes end at the same entity.
    `which`: which of the two starts has `target` at the end of its route.
    """

    form: Literal["chain", "same", "which"]
    routes: tuple[RelationPath, ...]
    target: str = ""


def chain_text(start: str, nouns: Sequence[str], possessive: bool = False) -> str:
    """Returns e.g. `the mayor of the birthplace of Vokizu`, for nouns in the order followed."""
    first, *others = nouns
    text = f"{start}'s {first}" if possessive else f"the {first} of {start}"
    for noun in others:
        text = f"the {noun} of {text}"
    return text


_NOUNS = "|".join(sorted(_RELATION_OF_NOUN, key=len, reverse=True))
_CHAIN = rf"(?:the (?:{_NOUNS}) of )*{NAME}(?:'s (?:{_NOUNS}))?"
_CHAIN_QUESTION = re.compile(rf"(?:Who|What) is ({_CHAIN})\?")
_SAME_QUESTION = re.compile(rf"Are ({_CHAIN}) and ({_CHAIN}) the same\?")
_WHICH_QUESTION = re.compile(rf"Which of ({NAME}) and ({NAME}) has the ({_NOUNS}) ({NAME})\?")


def _read_route(text: str) -> RelationPath:
    start = re.findall(NAME, text)[-1]
    outer, _, inner = text.partition(start)
    nouns = [*re.findall(_NOUNS, inner), *reversed(re.findall(_NOUNS, outer))]
    return RelationPath(start, tuple(_RELATION_OF_NOUN[noun] for noun in nouns))


def read_question(text: str) -> ParsedQuestion | None:
    """Returns the first question of the Almanac in a text, or None."""
    if found := _CHAIN_QUESTION.search(text):
        return ParsedQuestion("chain", (_read_route(found[1]),))
    if found := _SAME_QUESTION.search(text):
        return ParsedQuestion("same", (_read_route(found[1]), _read_route(found[2])))
    if found := _WHICH_QUESTION.search(text):
        relations = (_RELATION_OF_NOUN[found[3]],)
        return ParsedQuestion(
            "which",
            (RelationPath(found[1], relations), RelationPath(found[2], relations)),
            found[4],
        )
    return None


_COMMON_WORDS = re.compile(
    r"(?:a|against|at|by|for|from|has|in|is|its|of|on|set|the|to|up|was|with)"
)


def _cues() -> dict[str, str]:
    cues = dict(_RELATION_OF_NOUN)
    for phrase, relation in _RELATION_OF_PHRASE.items():
        for word in _COMMON_WORDS.sub("", phrase).split():
            if relation != ALIAS:
                cues.setdefault(word, relation)
    return cues


CUES: dict[str, str] = _cues()
"""Words that tell which relation a query is about, e.g. `born` -> `birthplace`."""

_TOKEN = re.compile(rf"({NAME})|[A-Za-z]+|[^\sA-Za-z]")


def tokens(text: str) -> list[str]:
    """Returns words in lower case, punctuation marks, and names as syllables: `Vo ##ki ##zu`."""
    found: list[str] = []
    for match in _TOKEN.finditer(text):
        if match[1]:
            name = match[1]
            found += [name[:2], *(f"##{name[i : i + 2]}" for i in range(2, len(name), 2))]
        else:
            found.append(match[0].lower())
    return found


def _vocabulary() -> tuple[str, ...]:
    texts = [
        *_RELATION_OF_NOUN,
        *_RELATION_OF_PHRASE,
        *KINDS,
        *(text.format(x="", y="") for text in FILLERS + DISTRACTORS),
        *(NO_HITS_TEXT, NO_DOCUMENT, OLD, UNKNOWN, "Similar names: , yes no Answer: [ ] ; ? '"),
        "Who is What are and the same Which of has the 's",
        "is the name of a and of a . Open () or ()",
    ]
    words = sorted({token for text in texts for token in tokens(text)})
    return (*words, *INITIALS, *(f"##{syllable}" for syllable in FOLLOWERS))


VOCABULARY: tuple[str, ...] = _vocabulary()
"""Every token that questions, documents, observations and the reader's turns are made of."""
