"""Calls that a budget refused: counted by tool, `""` for the policy, and told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ..journal.events import Event

NOT_THE_BUDGET = ("approval", "seconds")
"""What else the journal says that a call was refused for."""


def refused_calls(events: Iterable[Event]) -> Counter[str]:
    """Returns the number of refused calls by tool."""
    refusals = (event.body for event in events if event.kind == "refused")
    return Counter(
        refusal["name"] if refusal["call"] == "tool" else ""
        for refusal in refusals
        if refusal["resource"] not in NOT_THE_BUDGET
    )


def in_words(calls: Mapping[str, int]) -> str:
    """Returns e.g. `3 calls of search, 1 of the policy`."""
    (tool, number), *others = calls.items()
    told = [f"{number:,} {'call' if number == 1 else 'calls'} of {tool or 'the policy'}"]
    return ", ".join([*told, *(f"{n:,} of {name or 'the policy'}" for name, n in others)])
