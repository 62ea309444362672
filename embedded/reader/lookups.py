"""Look-ups: what was read of a question's way, one line for each step.

`mayor Vokizu birthplace : Navazi (old) ? .` says: the birthplace of Vokizu is Navazi as an older
edition has it, which can still be checked; the mayor is to be followed from there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...benchmarks.suites.almanac.grammar import (
    ALIAS,
    NAME,
    OLD,
    RELATIONS,
    ParsedQuestion,
    Statement,
)
from .transcript import Transcript
from .walks import can_check

NONE = "none"
"""The value of a fact that nothing has told yet."""
OPEN = "?"
"""Stands after a value that is old and can still be checked."""


@dataclass(frozen=True, kw_only=True)
class LookUp:
    """One step: a name, what is asked of it, and what was found."""

    name: str
    relation: str
    rest: tuple[str, ...] = ()
    """The relations to follow from there, in the order in which they are followed."""
    compared: str = ""
    """What the end of the way is to be compared with, or ""."""
    found: Statement | None = None
    """The fact, or that the name is another name for something; None: nothing tells it."""
    is_open: bool = False
    """Whether the fact is old and can still be checked."""

    @property
    def tells(self) -> bool:
        """Whether what was asked was found: a fact, not just another name."""
        return self.found is not None and self.found.relation != ALIAS

    def __str__(self) -> str:
        front = (self.compared, "=") if self.compared else ()
        return " ".join((*front, *reversed(self.rest), self.name, self.relation, ":", *self._value))

    @property
    def _value(self) -> tuple[str, ...]:
        if self.found is None:
            return (NONE, ".")
        before = () if self.tells else (ALIAS,)
        after = (*([OLD] if self.found.old else []), *([OPEN] if self.is_open else []))
        return (*before, self.found.object, *after, ".")


_RELATION = "|".join(RELATIONS)
_VALUE = rf"(?:({ALIAS}) )?({NAME})( {re.escape(OLD)})?( {re.escape(OPEN)})?"
_LOOK_UP = re.compile(
    rf"(?:({NAME}) = )?((?:(?:{_RELATION}) )*)({NAME}) ({_RELATION}) : (?:{_VALUE}|{NONE}) \."
)


def read_look_ups(text: str) -> tuple[LookUp, ...]:
    """Returns the look-ups in a text; what is malformed is passed over."""
    found = []
    for compared, rest, name, relation, alias, value, old, is_open in _LOOK_UP.findall(text):
        fact = Statement(name, alias or relation, value, bool(old)) if value else None
        found.append(
            LookUp(
                name=name, relation=relation, rest=tuple(reversed(rest.split())),
                compared=compared, found=fact, is_open=bool(is_open),
            )
        )  # fmt: skip
    return tuple(found)


def look_ups(question: ParsedQuestion, transcript: Transcript) -> tuple[LookUp, ...]:
    """Returns the look-ups along all ways of a question, as far as what is known carries."""
    found: list[LookUp] = []
    ends: list[str] = []
    for route in question.routes:
        at, left, seen = route.start, route.relations, set[str]()
        compared = question.target or "".join(ends)
        while left:
            alias = None if at in seen else transcript.facts.get((at, ALIAS))
            fact = alias or transcript.facts.get((at, left[0]))
            is_open = fact is not None and not alias and can_check(fact, transcript)
            found.append(
                LookUp(
                    name=at, relation=left[0], rest=left[1:], compared=compared,
                    found=fact, is_open=is_open,
                )
            )  # fmt: skip
            if fact is None:
                break
            seen.add(at)
            at, left = fact.object, left if alias else left[1:]
        ends.append(at)
    return tuple(found)


def told(found: Iterable[LookUp]) -> tuple[Statement, ...]:
    """Returns the facts that look-ups tell."""
    return tuple(look_up.found for look_up in found if look_up.found is not None)


def missing(found: Sequence[LookUp]) -> tuple[str, ...]:
    """Returns the relations that look-ups left to follow, in order."""
    ends = [look_up for look_up in found if look_up.found is None]
    return tuple(relation for end in ends for relation in (end.relation, *end.rest))
