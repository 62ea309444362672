"""A call of a tool whose arguments have been read: parsed, validated and counted, once."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from pydantic import BaseModel

from ..journal.notices import InvalidArguments, UnknownTool
from ..journal.records import ToolCall


@dataclass(frozen=True)
class Invocation(ToolCall):
    """A sound call. `arguments` is still the text that the policy wrote.

    Whoever admits, prices or makes the call works with `values`, so that all agree on what it is.
    """

    values: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """The arguments as validated, by name, defaults among them."""
    given: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    """Names of those that the policy wrote."""
    units: int = field(default=1, compare=False)
    """How many calls it counts as (BATS §3)."""
    usd: Decimal | None = field(default=None, compare=False)
    """What it costs, or None: it is not priced yet, or no price is known."""

    @classmethod
    def of(
        cls,
        call: ToolCall,
        values: Mapping[str, Any],
        given: frozenset[str] | None = None,
        batched: str | None = None,
    ) -> Invocation:
        """Returns a call with its validated arguments.

        Args:
            given: names of the arguments that the policy wrote; None means all.
            batched: the argument of which each item counts as a call of its own.
        """
        kept = {name: _kept(value) for name, value in values.items()}
        items = kept.get(batched) if batched is not None else None
        if isinstance(items, Collection) and not isinstance(items, str | bytes | Mapping):
            units = len(items)
        else:
            units = 1
        names = frozenset(kept) if given is None else given
        return cls(call.id, call.name, call.arguments, call.provider, kept, names, max(units, 1))

    @property
    def written(self) -> dict[str, Any]:
        """The validated arguments without defaults."""
        return {name: value for name, value in self.values.items() if name in self.given}

    def fresh(self) -> dict[str, Any]:
        """Returns the arguments for one use: what the user does to them, nobody else sees."""
        return {name: _copied(value) for name, value in self.values.items()}


_CONTAINERS = (list, tuple, dict, set, BaseModel)

Reading: TypeAlias = Invocation | InvalidArguments | UnknownTool
"""What comes of reading a call: the call, or what is wrong with it."""


def _kept(value: Any) -> Any:
    """Returns an iterator's items: it could be used only once, and is validated on the way."""
    return list(value) if isinstance(value, Iterator) else value


def _copied(value: Any) -> Any:
    if not (isinstance(value, _CONTAINERS) or is_dataclass(value)):
        return value  # a sentinel stays the one that it is
    try:
        return copy.deepcopy(value)
    except Exception:
        return value  # what cannot be copied is shared
