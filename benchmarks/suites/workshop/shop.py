"""The shop: the typed tools that all orders of a seed are made with, and how good they are.

A shop has crafts in a row: each turns one main type into the next, along several ways that share
links, need parts, and end dead here and there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from .knobs import MATERIALS, WorkshopKnobs

STOCK = ("oil", "glue")
"""What is always at hand."""

_ONSETS = ("b", "br", "d", "dr", "f", "g", "gr", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z")
_VOWELS = ("a", "e", "i", "o", "u")
_CODAS = ("l", "m", "n", "r", "s", "x")
_VERBS = ("bend", "cast", "coat", "cut", "drill", "fuse", "grind", "mill", "press", "saw", "weld")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One tool as it really is. Its figures are those of an average call."""

    name: str
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    usd: float
    seconds: float
    quality: float
    success: float
    """Chance that a call with ordinary care makes anything."""
    dislikes: str = ""
    """A material with which it mostly fails, and does poorly where it does not; "": none."""
    told_usd: float
    """What the catalogue says, which may be wrong; so for the next two."""
    told_seconds: float
    told_quality: float


@dataclass(frozen=True, kw_only=True)
class Craft:
    """The tools that turn one main type into the next."""

    source: str
    target: str
    machines: tuple[Machine, ...]


class WorkshopShop:
    """A shop drawn from a seed: equal seeds and knobs give equal shops, in every process."""

    def __init__(self, seed: str, knobs: WorkshopKnobs) -> None:
        random = Random(seed)
        names = _names(random)
        tools = _tools(random)
        mains = [next(names) for _ in range(knobs.crafts + 1)]
        self.materials: Sequence[str] = MATERIALS[: knobs.materials]
        self.crafts = tuple(
            _CraftDrawer(random, names, tools, knobs).craft(source, target)
            for source, target in pairwise(mains)
        )


class _CraftDrawer:
    """Draws one craft."""

    def __init__(
        self, random: Random, names: Iterator[str], tools: Iterator[str], knobs: WorkshopKnobs
    ) -> None:
        self._random = random
        self._names = names
        self._tools = tools
        self._knobs = knobs
        self._part = next(names)

    def craft(self, source: str, target: str) -> Craft:
        """Returns a craft; its ways differ in length."""
        knobs, random = self._knobs, self._random
        ways = []
        for way in range(knobs.routes):
            between = [next(self._names) for _ in range(way % knobs.length)]
            ways.append([source, *between, target])
        machines = [self._machine(takes, gives) for way in ways for takes, gives in pairwise(way)]
        machines += [self._machine(random.choice(STOCK), self._part, whole=True) for _ in range(2)]
        inner = [name for way in ways for name in way[1:-1]]
        for _ in range(knobs.links if len(inner) > 1 else 0):
            first, second = random.sample(inner, 2)
            machines.append(self._machine(first, second))
        for _ in range(knobs.dead_ends):
            machines.append(self._machine(random.choice([source, *inner]), next(self._names)))
        random.shuffle(machines)
        return Craft(source=source, target=target, machines=tuple(machines))

    def _machine(self, takes: str, gives: str, *, whole: bool = False) -> Machine:
        knobs, random = self._knobs, self._random
        needs = (takes,) if whole or random.random() >= knobs.parts else (takes, self._part)
        more = (next(self._names),) if random.random() < knobs.byproducts else ()
        usd, seconds = random.uniform(0.002, 0.02), random.uniform(1, 30)
        quality = random.uniform(0.78, 0.99)
        flaky = random.random() < knobs.flaky
        moody = random.random() < knobs.moody
        return Machine(
            name=next(self._tools),
            takes=needs,
            gives=(gives, *more),
            usd=usd,
            seconds=seconds,
            quality=quality,
            success=random.uniform(0.3, 0.7) if flaky else random.uniform(0.95, 1),
            dislikes=random.choice(MATERIALS[: knobs.materials]) if moody else "",
            told_usd=self._told(usd),
            told_seconds=self._told(seconds),
            told_quality=min(self._told(quality), 1.0),
        )

    def _told(self, true: float) -> float:
        spread = self._knobs.spread
        return true * self._random.uniform(1 - spread, 1 + spread)


def _names(random: Random) -> Iterator[str]:
    """Yields made-up names of types, none of them twice."""
    seen = set(STOCK)
    while True:
        syllables = [random.choice(_ONSETS) + random.choice(_VOWELS) for _ in range(2)]
        name = "".join(syllables) + random.choice(_CODAS)
        if name not in seen:
            seen.add(name)
            yield name


def _tools(random: Random) -> Iterator[str]:
    """Yields names of tools: a verb and a number, none of them twice."""
    number = 0
    while True:
        number += 1
        yield f"{random.choice(_VERBS)}_{number}"
