"""The knobs of the Almanac: what its worlds hold and what it asks."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from ....ledger.errors import UsageError
from .grammar import DISTRACTORS, FILLERS, OPEN_PRICE, SEARCH_PRICE, Kind

MAX_HOPS = 6
MAX_FILLERS = len(FILLERS + DISTRACTORS)
MAX_COUNT = 1_000
"""The most entities of one kind: names are not endless."""


@dataclass(frozen=True, kw_only=True)
class AlmanacKnobs:
    """Settings of the suite. Shares are from 0 to 1."""

    split: Literal["train", "test"] = "test"
    """Which names occur: every name belongs to one split, and 1 in 10 to `test`."""
    hops: tuple[int, ...] = (1, 2, 3, 4)
    """Lengths of chain questions, 1 to 6, in equal shares."""
    comparison: float = 0.1
    """Share of tasks that compare two entities."""
    unanswerable: float = 0.1
    """Share of tasks whose last fact is stated nowhere."""

    people: int = 14
    """People per world, 2 to 1,000; so are the other kinds."""
    businesses: int = 8
    cities: int = 10
    countries: int = 6
    rivers: int = 5
    similar: float = 0.25
    """Share of names that differ from another name in the last syllable only."""
    shared: float = 0.1
    """Share of entities that have the same name as an entity of another kind."""
    aliases: float = 0.1
    """Share of entities that have a second name, explained in a stub document."""
    alias_use: float = 0.5
    """Share of mentions, where an entity has a second name, that use it."""

    indexed: float = 0.6
    """Share of facts that the search index knows (dead ends are always in it)."""
    stale: float = 0.18
    """Share of indexed sentences and of second facts that come from an older edition: `(old)`."""
    stale_wrong: float = 0.5
    """Share of those that are wrong by now."""
    dead_ends: float = 0.08
    """Share of facts that their own document lacks: the object's document states them."""
    bonus: float = 0.2
    """Share of sentences that state a second fact, about their object."""
    gaps: float = 0.04
    """Share of facts that are stated nowhere; unanswerable tasks ask for them."""
    fillers: int = 2
    """Sentences per document that state no fact, 0 to 7."""
    snippets: int = 3
    """Sentences that one search returns at most."""

    search_price: Decimal = SEARCH_PRICE
    """USD for one search."""
    open_price: Decimal = OPEN_PRICE
    """USD for one document."""

    def __post_init__(self) -> None:
        _check_shares(self)
        _check_counts(self)
        _check_choices(self)
        _check_prices(self)

    def count(self, kind: Kind) -> int:
        """Returns how many entities of a kind a world has."""
        counts: dict[Kind, int] = {
            "person": self.people,
            "business": self.businesses,
            "city": self.cities,
            "country": self.countries,
            "river": self.rivers,
        }
        return counts[kind]


def _refuse(knobs: AlmanacKnobs, name: str, must: str) -> UsageError:
    return UsageError(f"almanac knob {name!r} must be {must}, not {getattr(knobs, name)!r}")


def _is_int(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _check_shares(knobs: AlmanacKnobs) -> None:
    for field in fields(knobs):
        if field.type == "float":
            value = getattr(knobs, field.name)
            if not isinstance(value, int | float) or not 0 <= value <= 1:
                raise _refuse(knobs, field.name, "a share from 0 to 1")
    if knobs.comparison + knobs.unanswerable > 1:
        raise UsageError("almanac knobs 'comparison' and 'unanswerable' add up to more than 1")
    if knobs.unanswerable and not knobs.gaps:
        raise UsageError("almanac knob 'unanswerable' needs 'gaps' above 0: they are what it asks")


def _check_counts(knobs: AlmanacKnobs) -> None:
    for name in ("people", "businesses", "cities", "countries", "rivers"):
        value = getattr(knobs, name)
        if not _is_int(value, 2) or value > MAX_COUNT:
            raise _refuse(knobs, name, f"a whole number from 2 to {MAX_COUNT:,}")
    if not _is_int(knobs.fillers, 0) or knobs.fillers > MAX_FILLERS:
        raise _refuse(knobs, "fillers", f"a whole number from 0 to {MAX_FILLERS}")
    if not _is_int(knobs.snippets, 1):
        raise _refuse(knobs, "snippets", "a whole number of 1 or more")


def _check_choices(knobs: AlmanacKnobs) -> None:
    if knobs.split not in ("train", "test"):
        raise _refuse(knobs, "split", "'train' or 'test'")
    hops = (knobs.hops,) if isinstance(knobs.hops, int) else tuple(knobs.hops)
    if not hops or not all(_is_int(hop, 1) and hop <= MAX_HOPS for hop in hops):
        raise _refuse(knobs, "hops", f"whole numbers from 1 to {MAX_HOPS}")
    object.__setattr__(knobs, "hops", hops)


def _check_prices(knobs: AlmanacKnobs) -> None:
    for name in ("search_price", "open_price"):
        try:
            price = Decimal(str(getattr(knobs, name)))
        except InvalidOperation:
            price = Decimal("NaN")
        if not price.is_finite() or price < 0:
            raise _refuse(knobs, name, "USD of 0 or more")
        object.__setattr__(knobs, name, price)
