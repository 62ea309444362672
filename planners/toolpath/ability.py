"""What a tool can do, and the free tool that tells it: the catalogue."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from ...ledger.errors import UsageError
from ...tools import Tool, tool

CATALOGUE = "catalogue"
"""The name of the tool that tells the abilities of the others."""


@dataclass(frozen=True, kw_only=True)
class ToolAbility:
    """What a typed tool makes of what, and what that costs.

    A typed tool has a parameter `inputs`, the handles of what it takes in the order of `takes`,
    and returns a `Product`.
    """

    takes: tuple[str, ...] = ()
    """The types that it needs. They are not used up."""
    gives: tuple[str, ...]
    """The types that it makes."""
    usd: Decimal | None = None
    """USD that a call is expected to cost; None: not known, so no path can be priced with it."""
    seconds: float = 0.0
    """Seconds that a call is expected to take."""
    success: float = 1.0
    """The chance that a call makes anything, above 0 to 1. A failed call is paid for as well."""
    quality: float = 1.0
    """Expected quality of what it makes, from 0 to 1. Qualities of a path multiply."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Its arguments beside `inputs`."""
    again: Mapping[str, Any] = field(default_factory=dict)
    """The arguments beside `inputs` of a second try, where the first went wrong; empty: there are
    none that would not go wrong in the same way."""

    def fault(self) -> str | None:
        """Returns what makes no sense about it, or None."""
        if not self.gives:
            return "gives nothing"
        if self.usd is not None and not (self.usd.is_finite() and self.usd >= 0):
            return f"costs {self.usd} USD: a price is 0 or more"
        if not (math.isfinite(self.seconds) and self.seconds >= 0):
            return f"takes {self.seconds} seconds: 0 or more are needed"
        if not 0 < self.success <= 1:
            return f"has the chance of success {self.success}: it is above 0, up to 1"
        if not 0 <= self.quality <= 1:
            return f"has the quality {self.quality}: it is from 0 to 1"
        return None


@dataclass(frozen=True)
class CatalogueEntry:
    """A line of a catalogue."""

    tool: str
    ability: ToolAbility


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """What the catalogue tells."""

    price: Decimal
    """USD for one look into it."""
    tools: tuple[CatalogueEntry, ...]

    @property
    def abilities(self) -> dict[str, ToolAbility]:
        return {entry.tool: entry.ability for entry in self.tools}


_CATALOGUE = TypeAdapter(Catalogue)


def check(abilities: Mapping[str, ToolAbility]) -> None:
    """Raises UsageError for the first tool whose ability makes no sense."""
    for name, ability in abilities.items():
        if fault := ability.fault():
            raise UsageError(f"the ability of tool {name!r} makes no sense: it {fault}")


def catalogue(abilities: Mapping[str, ToolAbility], *, price: Decimal | int = 0) -> Tool:
    """Returns the tool `catalogue`, which lists what the other tools take, give and cost.

    A planner that plans over typed tools reads it through the same door as any tool, so that a
    replayed run plans with what was listed then.

    Args:
        abilities: by the tools' names.
        price: USD for one look.

    Raises:
        UsageError: an ability or the price makes no sense.
    """
    check(abilities)
    text = _write(abilities, Decimal(price))

    @tool(name=CATALOGUE, price=price, read_only=True, inline=True, max_chars=len(text) + 1000)
    def listed() -> str:
        """Lists what every tool takes and gives (types), its price, its time and its quality."""
        return text

    return listed


def read(text: str) -> Catalogue:
    """Returns what a catalogue tells.

    Raises:
        UsageError: the text is no catalogue, or an ability makes no sense.
    """
    try:
        found = _CATALOGUE.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise UsageError(
            f"the tool {CATALOGUE!r} lists no abilities ({first['msg']}): build it with "
            "`outlay.planners.toolpath.catalogue`"
        ) from error
    check(found.abilities)
    return found


def _write(abilities: Mapping[str, ToolAbility], price: Decimal) -> str:
    """Returns a catalogue as JSON with a line for each tool."""
    entries = tuple(CatalogueEntry(name, ability) for name, ability in abilities.items())
    data = _CATALOGUE.dump_python(Catalogue(price=price, tools=entries), mode="json")
    lines = ",\n".join(orjson.dumps(each).decode() for each in data["tools"])
    return f'{{"price": "{price}", "tools": [\n{lines}\n]}}'
