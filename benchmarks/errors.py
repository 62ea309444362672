"""Runs that an error ended, the model's server's or the program's: they judge no set-up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from .results import ResultRow

MOST = 0.1
"""Share of a set-up's runs that errors may end before it gets no verdict."""

_SHOWN = 3


def error_counts(rows: Sequence[ResultRow]) -> dict[str, int]:
    """Returns how many runs ended by each error, by what it says, the most frequent first."""
    return dict(Counter(row.why or row.reason for row in rows if row.broken).most_common())


def are_too_many(rows: Sequence[ResultRow]) -> bool:
    """Says whether errors ended so many runs that the others may be no fair choice."""
    return sum(row.broken for row in rows) > MOST * len(rows)


def in_words(errors: Mapping[str, int]) -> str:
    """Returns what errors said, the most frequent ones in full."""
    told = [f"{count:,} × {why}" for why, count in [*errors.items()][:_SHOWN]]
    more = len(errors) - len(told)
    return "; ".join([*told, *([f"and {more:,} others"] if more > 0 else [])])
