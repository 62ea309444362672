"""A world that is one long chain: each document names the next, one more fact, and what is idle.

Only `open` tells anything, and each document has to be read, so a task of n documents takes at
least n interactions.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from random import Random

from ....tools import Tool, tool
from ..almanac.grammar import FILLERS, NO_DOCUMENT, RELATIONS, Statement, clause
from ..almanac.names import NameDrawer

NEXT = "mentor"
FACT = "birthplace"
NOBODY = "was taught by nobody"
"""Ends the chain."""
SPEAKS = "speaks of"
"""Stands in the last document, before the person whose fact may be asked for."""

CITIES = 40


class LongWorld:
    """A chain of people drawn from a seed.

    Args:
        length: people on the chain.
        matches: how many of them were born in the city that is asked for.
    """

    def __init__(self, seed: str, *, length: int, matches: int, open_price: Decimal) -> None:
        random = Random(seed)
        names = NameDrawer(random, "test", similar=0.0)
        self.people = [names.draw() for _ in range(length)]
        city, *others = [names.draw() for _ in range(CITIES)]
        born = set(random.sample(range(length), min(matches, length)))
        self.city = city
        self.births = [city if n in born else random.choice(others) for n in range(length)]
        early = range(length // 8, max(length // 2, length // 8 + 1))
        self.spoken_of = random.choice(early)
        """The place of the person that the last document speaks of."""
        self._fillers = [random.sample(FILLERS, len(FILLERS)) for _ in range(length)]
        self._price = open_price

    @property
    def matches(self) -> list[str]:
        """The people who were born in the city that is asked for, in the chain's order."""
        pairs = zip(self.people, self.births, strict=True)
        return [person for person, birth in pairs if birth == self.city]

    def open(self, name: str) -> str:
        """Returns what the `open` tool answers."""
        place = self._places.get(name.strip())
        if place is None:
            return NO_DOCUMENT
        birth = Statement(name, FACT, self.births[place])
        sentences = [clause(birth, RELATIONS[FACT].phrases[0])]
        sentences += [filler.format(x=name) for filler in self._fillers[place]]
        if place + 1 < len(self.people):
            following = Statement(name, NEXT, self.people[place + 1])
            sentences.append(clause(following, RELATIONS[NEXT].phrases[0]))
        else:
            sentences.append(f"{name} {SPEAKS} {self.people[self.spoken_of]}")
            sentences.append(f"{name} {NOBODY}")
        return f"[{name}] " + " ".join(f"{sentence}." for sentence in sentences)

    def tools(self) -> Sequence[Tool]:
        """Returns the tool `open`."""

        @tool(name="open", price=self._price, read_only=True, inline=True)
        def open_document(name: str) -> str:
            """Opens the document about a person.

            Args:
                name: the name, such as "Vokizu".
            """
            return self.open(name)

        return (open_document,)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.people)}
