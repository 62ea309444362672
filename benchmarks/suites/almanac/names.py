"""Names of an Almanac: new in every world, never the same in training and test."""

from __future__ import annotations

import zlib
from itertools import chain, count
from random import Random
from typing import Literal

from .grammar import FOLLOWERS, INITIALS

Split = Literal["train", "test"]

_TEST_ONE_IN = 10
_SHORT = 0.4
"""Share of names of two syllables; the others have three."""
_SIMILAR_TRIES = 100
"""After so many, all names that resemble the ones drawn are taken to be in use."""


def split_of(name: str) -> Split:
    """Returns the split that a name belongs to, by a hash of the name alone."""
    return "test" if zlib.crc32(name.encode()) % _TEST_ONE_IN == 0 else "train"


class NameDrawer:
    """Draws the names of one world: all different, all of one split."""

    def __init__(self, random: Random, split: Split, similar: float) -> None:
        self._random = random
        self._split = split
        self._similar = similar
        self._drawn: dict[str, None] = {}

    def draw(self) -> str:
        """Returns a new name; with probability `similar` it resembles one drawn before."""
        wants_similar = bool(self._drawn) and self._random.random() < self._similar
        tries = chain(
            (self._resembling() for _ in range(_SIMILAR_TRIES if wants_similar else 0)),
            (self._any() for _ in count()),
        )
        name = next(name for name in tries if self._is_free(name))
        self._drawn[name] = None
        return name

    def _is_free(self, name: str) -> bool:
        return name not in self._drawn and split_of(name) == self._split

    def _any(self) -> str:
        count = 1 if self._random.random() < _SHORT else 2
        followers = [self._random.choice(FOLLOWERS) for _ in range(count)]
        return self._random.choice(INITIALS) + "".join(followers)

    def _resembling(self) -> str:
        other = self._random.choice(list(self._drawn))
        return other[:-2] + self._random.choice(FOLLOWERS)
