"""Plans that led to success, and how like them a new plan is.

Plans of other tasks call the same functions with other arguments, so steps are compared by
function alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from statistics import fmean

Rows = tuple[tuple[int, ...], ...]
"""For each remembered plan, the lengths of the longest common subsequence of a plan with every
beginning of the remembered one: the last row of the dynamic programme."""


class Plans:
    """Remembered plans, each a sequence of function names. Empty ones are left out."""

    def __init__(self, plans: Iterable[Sequence[str]] = ()) -> None:
        self.plans = tuple(tuple(plan) for plan in plans if plan)
        self.start: Rows = tuple((0,) * (len(plan) + 1) for plan in self.plans)
        """The rows of the empty plan."""
        self.position = cache(self._position)

    def extend(self, rows: Rows, name: str) -> Rows:
        """Returns the rows of a plan that goes on with `name`: O(length of the plans)."""
        return tuple(_next_row(row, plan, name) for row, plan in zip(rows, self.plans, strict=True))

    def similarity(self, rows: Rows, length: int) -> float | None:
        """Returns max over plans m of LCS(s, m) / min(|s|, |m|) for the plan s with these rows.

        None if nothing is remembered or s is empty.
        """
        if not self.plans or not length:
            return None
        pairs = zip(rows, self.plans, strict=True)
        return max(row[-1] / min(length, len(plan)) for row, plan in pairs)

    def _position(self, name: str) -> float | None:
        """Returns where a step mostly stands in the plans that have it, from above 0 to 1 (last).

        A function that no plan has is taken for the one with the most similar name.
        """
        names = {step for plan in self.plans for step in plan}
        if not names:
            return None
        known = name if name in names else max(sorted(names), key=lambda n: _likeness(n, name))
        return fmean(
            fmean(place for place, step in enumerate(plan, 1) if step == known) / len(plan)
            for plan in self.plans
            if known in plan
        )


def _next_row(row: Sequence[int], plan: Sequence[str], name: str) -> tuple[int, ...]:
    longer = [0]
    for place, step in enumerate(plan):
        longer.append(row[place] + 1 if step == name else max(row[place + 1], longer[place]))
    return tuple(longer)


def _likeness(first: str, second: str) -> float:
    """Returns LCS / longer length of two names, letter by letter."""
    row: Sequence[int] = (0,) * (len(first) + 1)
    for letter in second:
        row = _next_row(row, first, letter)
    return row[-1] / max(len(first), len(second), 1)
