"""Names and prices of tools that others named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from ...ledger.errors import UsageError
from ..functions.tool import Price

LONGEST = 64
"""Characters of a tool's name: what model providers take."""


def sanitised(name: str) -> str:
    """Returns a name that every model provider takes: letters, digits, `_` and `-`."""
    return re.sub(r"[^a-zA-Z0-9_-]+", "_", name).strip("_")[:LONGEST] or "tool"


def unique(name: str, taken: Iterable[str], prefix: str = "") -> str:
    """Returns the name sanitised; where it is taken, with a prefix; where that is, numbered."""
    taken = frozenset(taken)
    plain = sanitised(name)
    if plain not in taken:
        return plain
    base = sanitised(f"{prefix}_{name}") if prefix else plain
    number, candidate = 1, base
    while candidate in taken:
        number += 1
        candidate = f"{base[: LONGEST - 1 - len(str(number))]}_{number}"
    return candidate


def matches(patterns: Iterable[str], *names: str) -> bool:
    """True if a tool that goes by these names is named, or a pattern (`*`, `?`) matches one."""
    return any(fnmatchcase(name, pattern) for pattern in patterns for name in names)


class PatternPrices:
    """Prices by tool name: an exact name first, else the first pattern (`*`, `?`) that matches."""

    def __init__(self, prices: Mapping[str, Price] | None = None) -> None:
        self._prices = dict(prices or {})
        self._used: set[str] = set()

    def of(self, *names: str) -> Price | None:
        """Returns the price of a tool that goes by these names, or None."""
        for name in names:
            if name in self._prices:
                return self._use(name)
        for pattern in self._prices:
            if any(fnmatchcase(name, pattern) for name in names):
                return self._use(pattern)
        return None

    def check_used(self, known: Iterable[str]) -> None:
        """Raises UsageError if a name or pattern priced no tool: a typing error costs money."""
        idle = [pattern for pattern in self._prices if pattern not in self._used]
        if idle:
            names = ", ".join(sorted(known)) or "none"
            raise UsageError(f"no tool is named {idle[0]!r}, which has a price; the tools: {names}")

    def _use(self, pattern: str) -> Price:
        self._used.add(pattern)
        return self._prices[pattern]
