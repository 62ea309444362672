"""Tells what of a foreign offer is left out, and why."""

from __future__ import annotations

from collections.abc import Mapping

_NAMED = 5
"""Names that a text tells; the others are counted."""


def by_reason(reasons: Mapping[str, str]) -> dict[str, list[str]]:
    """Returns the names that have each reason."""
    found: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        found.setdefault(reason, []).append(name)
    return found


def some(names: list[str]) -> str:
    """Returns the first of many names, and how many more there are."""
    shown = ", ".join(repr(name[:100]) for name in names[:_NAMED])
    more = len(names) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown
